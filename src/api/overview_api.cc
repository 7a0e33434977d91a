#include "api/overview_api.h"

#include "postrider/db/store.h"
#include "sql/overview.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

constexpr int day_count = 30;
constexpr std::size_t most_kept = 10'000;

struct OverviewDay {
  std::string date;
  std::int64_t sent = 0, opened = 0, clicked = 0, bounced = 0, complained = 0, unsubscribed = 0, failed = 0, uncertain = 0;
  static constexpr std::string_view json_name = "OverviewDay";
};
BOOST_DESCRIBE_STRUCT(OverviewDay, (), (date, sent, opened, clicked, bounced, complained, unsubscribed, failed, uncertain))

struct OverviewOut {
  std::vector<OverviewDay> days;
  std::int64_t contacts = 0, failed = 0, uncertain = 0;
  Instant as_of;
  static constexpr std::string_view json_name = "Overview";
};
BOOST_DESCRIBE_STRUCT(OverviewOut, (), (days, contacts, failed, uncertain, as_of))

std::string date_of(Instant at) { return to_text(at).substr(0, 10); }

}  // namespace

std::vector<http::Route> OverviewApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/overview", right::read, on(this, &OverviewApi::show), doc("show_overview", "Thirty days of sending by day, as of a minute ago; of longer ago where counting takes long and nobody looked", "records").answers<OverviewOut>()));
  return all;
}

Task<Result<http::Response>> OverviewApi::show(http::Request& request) {
  auto const tenant = caller(request).context.tenant;
  auto const now = clock_.now();
  auto const known = kept_.find(tenant);
  if (known != kept_.end() && known->second.until > now) co_return ok(known->second.body);
  KeptCounts::Terms terms;
  terms.name = "overview";
  KeptCounts::Count const count_it = [this, tenant] { return count(tenant); };
  auto const body = co_await counts_.answer(tenant, std::move(terms), count_it);
  if (!body) co_return body.error();
  if (kept_.size() >= most_kept) kept_.clear();
  kept_.insert_or_assign(tenant, Kept{now + std::chrono::minutes(1), *body});
  co_return ok(*body);
}

Task<Result<boost::json::value>> OverviewApi::count(TenantId tenant) {
  auto const now = clock_.now();
  auto const first = std::chrono::floor<std::chrono::days>(now) - std::chrono::days(day_count - 1);
  OverviewOut out;
  out.as_of = now;
  std::map<std::string, std::size_t> places;
  for (int i = 0; i < day_count; ++i) {
    OverviewDay day;
    day.date = date_of(first + std::chrono::days(i));
    places[day.date] = out.days.size();
    out.days.push_back(std::move(day));
  }
  Instant const from = first;
  for (auto const row : co_await store_.all_on(db::Lane::background, sql::overview::days, tenant, from)) {
    auto const place = places.find(std::string(row.text(0)));
    if (place == places.end()) continue;
    auto& day = out.days[place->second];
    day.sent = row.integer(1);
    day.opened = row.integer(2);
    day.clicked = row.integer(3);
    day.bounced = row.integer(4);
    day.complained = row.integer(5);
    day.unsubscribed = row.integer(6);
    day.failed = row.integer(7);
    day.uncertain = row.integer(8);
    out.failed += day.failed;
    out.uncertain += day.uncertain;
  }
  out.contacts = (co_await store_.one(sql::overview::contacts, tenant)).integer(0);
  auto body = json::encode(out);
  co_return body;
}

}  // namespace postrider::api
