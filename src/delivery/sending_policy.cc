#include "postrider/delivery/sending_policy.h"

#include "delivery/sending/pacing.h"
#include "postrider/audit/audit.h"
#include "sql/identities.h"
#include "sql/sending.h"

#include <boost/json/value.hpp>

#include <set>

namespace postrider::delivery {

namespace {

constexpr std::int64_t largest_limit = 1'000'000'000;
constexpr std::size_t most_limits = 200;

boost::json::object described(std::vector<RateLimit> const& limits) {
  boost::json::object out;
  for (auto const& limit : limits) out[limit.name + "/" + limit.span] = limit.limit;
  return out;
}

boost::json::object described(SendingPolicy const& policy) {
  auto number = [](std::optional<int> const& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); };
  boost::json::object out;
  out["max_attempts"] = policy.max_attempts;
  out["frequency_messages"] = number(policy.frequency_messages);
  out["frequency_days"] = number(policy.frequency_days);
  return out;
}

std::optional<ProviderId> provider_of(std::string const& name) {
  if (!name.starts_with("provider:")) return std::nullopt;
  return ProviderId::parse(std::string_view(name).substr(9));
}

}  // namespace

Task<std::vector<RateLimit>> rate_limits(db::Store& store, TenantId tenant, Instant now) {
  std::vector<RateLimit> all;
  for (auto const row : co_await store.all(sql::sending::limits, tenant)) {
    Budget budget;
    budget.span = parse_span(row.view(1)).value_or(Span::minute);
    budget.capacity = row.integer(2);
    budget.tokens = row.real(3);
    budget.tokens_at = row.instant(4);
    read_slots(budget, row.view(5));
    all.push_back(RateLimit{row.text(0), row.text(1), budget.capacity, available(budget, now)});
  }
  co_return all;
}

Task<Result<std::vector<RateLimit>>> set_rate_limits(db::Store& store, Context context, std::vector<RateLimit> wanted, Ids& ids, Instant now) {
  std::vector<FieldError> mistakes;
  std::set<std::pair<std::string, std::string>> seen;
  if (wanted.size() > most_limits) mistakes.push_back(FieldError{"/items", "too_long", "there can be at most 200 budgets"});
  for (std::size_t i = 0; i < wanted.size() && mistakes.empty(); ++i) {
    auto const& one = wanted[i];
    auto const at = "/items/" + std::to_string(i);
    bool known = one.name == "tenant" || one.name == "channel:email" || one.name == "channel:sms" || one.name == "channel:push";
    if (auto const provider = provider_of(one.name)) {
      auto const row = co_await store.maybe(sql::identities::provider, context.tenant, *provider);
      known = row.has_value();
    }
    if (!known) mistakes.push_back(FieldError{at + "/name", "invalid_value", "must be tenant, channel:email, channel:sms, channel:push, or provider: and the id of a provider"});
    if (!parse_span(one.span)) mistakes.push_back(FieldError{at + "/span", "not_allowed", "must be minute, hour or day"});
    if (one.limit < 1 || one.limit > largest_limit) mistakes.push_back(FieldError{at + "/limit", "out_of_range", "must be from 1 to 1000000000; leave the budget out to lift it"});
    if (!seen.emplace(one.name, one.span).second) mistakes.push_back(FieldError{at + "/name", "duplicate", "this budget stands twice"});
  }
  if (!mistakes.empty()) {
    auto message = mistakes.front().message;
    co_return invalid(std::move(message), std::move(mistakes));
  }
  auto const before = co_await rate_limits(store, context.tenant, now);
  {
    auto tx = co_await store.begin();
    for (auto const& old : before) {
      auto const stays = seen.contains(std::make_pair(old.name, old.span));
      if (!stays) co_await tx.exec(sql::sending::remove_limit, context.tenant, old.name, old.span);
    }
    for (auto const& one : wanted) co_await tx.exec(sql::sending::keep_limit, context.tenant, one.name, one.span, one.limit, now);
    co_await tx.exec(sql::sending::wake_held_lanes, context.tenant, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"rate_limits", context.tenant.uuid(), "updated", audit::difference(described(before), described(wanted))});
    co_await audit::record(tx, context, std::move(entries), ids, now);
    tx.announce("sending");
    co_await tx.commit();
  }
  co_return co_await rate_limits(store, context.tenant, now);
}

Task<SendingPolicy> sending_policy(db::Store& store, TenantId tenant) {
  SendingPolicy policy;
  auto const row = co_await store.maybe(sql::sending::settings, tenant);
  if (!row) co_return policy;
  policy.max_attempts = static_cast<int>(row->integer(0));
  if (!row->is_null(1)) policy.frequency_messages = static_cast<int>(row->integer(1));
  if (!row->is_null(2)) policy.frequency_days = static_cast<int>(row->integer(2));
  co_return policy;
}

Task<Result<SendingPolicy>> set_sending_policy(db::Store& store, Context context, SendingPolicy wanted, Ids& ids, Instant now) {
  if (wanted.max_attempts < 1 || wanted.max_attempts > 20) co_return invalid_field("/max_attempts", "out_of_range", "max_attempts must be from 1 to 20");
  if (wanted.frequency_messages.has_value() != wanted.frequency_days.has_value()) {
    auto const* const missing = wanted.frequency_messages ? "/frequency_days" : "/frequency_messages";
    co_return invalid_field(missing, "required", "frequency_messages and frequency_days go together: so many messages in so many days");
  }
  if (wanted.frequency_messages && (*wanted.frequency_messages < 1 || *wanted.frequency_messages > 1000))
    co_return invalid_field("/frequency_messages", "out_of_range", "frequency_messages must be from 1 to 1000, or null for no cap");
  if (wanted.frequency_days && (*wanted.frequency_days < 1 || *wanted.frequency_days > 365))
    co_return invalid_field("/frequency_days", "out_of_range", "frequency_days must be from 1 to 365, or null for no cap");
  auto const before = co_await sending_policy(store, context.tenant);
  auto tx = co_await store.begin();
  co_await tx.exec(sql::sending::keep_settings, context.tenant, wanted.max_attempts, wanted.frequency_messages, wanted.frequency_days, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sending_settings", context.tenant.uuid(), "updated", audit::difference(described(before), described(wanted))});
  co_await audit::record(tx, context, std::move(entries), ids, now);
  co_await tx.commit();
  co_return wanted;
}

}  // namespace postrider::delivery
