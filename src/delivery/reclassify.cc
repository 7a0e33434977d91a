#include "postrider/delivery/reclassify.h"

#include "postrider/audit/audit.h"
#include "postrider/base/metrics.h"
#include "postrider/delivery/engagement.h"
#include "postrider/jobs/queue.h"
#include "sql/ingest.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace postrider::delivery {

namespace {

constexpr int page_size = 2000;
constexpr auto burst_window = std::chrono::seconds(10);
constexpr auto kind = "engagement:reclassify";

struct LinkHit {
  Instant at;
  int link = 0;
};

// Unlike at the door, it is known by now what followed: links are counted on both sides of the hit.
int links_around(std::vector<LinkHit> const& hits, Instant at) {
  std::set<int> links;
  for (auto const& hit : hits)
    if (hit.at >= at - burst_window && hit.at <= at + burst_window) links.insert(hit.link);
  return static_cast<int>(links.size());
}

std::string text_of(boost::json::object const& detail, char const* key) {
  auto const* const value = detail.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

// Columns as ingest's `hits_page` lists them.
Hit hit_of(db::Row row, std::map<std::string, std::vector<LinkHit>> const& links) {
  auto const detail = row.json(9).as_object();
  Hit hit;
  hit.click = row.view(3) == "clicked";
  hit.at = row.instant(4);
  if (row.view(5) == "tracking") hit.sent_at = row.maybe_instant(10);
  if (auto method = text_of(detail, "method"); !method.empty()) hit.method = std::move(method);
  hit.user_agent = row.maybe_text(6).value_or("");
  hit.ip_address = row.maybe_text(7).value_or("");
  hit.provider_says_machine = detail.contains("machine");
  if (auto const* const count = detail.if_contains("links"); count && count->is_int64()) hit.links = static_cast<int>(count->as_int64());
  if (!row.is_null(2))
    if (auto const found = links.find(row.text(2)); found != links.end()) hit.recent_links = links_around(found->second, row.instant(1));
  return hit;
}

}  // namespace

Task<Result<std::string>> Reclassification::request(Context context, Instant from, Instant to) {
  if (to <= from) co_return invalid_field("/to", "out_of_range", "to must come after from");
  auto const now = clock_.now();
  jobs::NewJob job;
  job.queue = queue;
  job.kind = kind;
  job.key = std::string(kind) + ":" + to_text(from) + ":" + to_text(to);
  job.payload["from"] = to_text(from);
  job.payload["to"] = to_text(to);
  job.priority = 8;
  auto const key = job.key;
  boost::json::object after = job.payload;
  std::vector<jobs::NewJob> wanted;
  wanted.push_back(std::move(job));
  auto tx = co_await store_.begin();
  auto const added = co_await jobs::enqueue(tx, context.tenant, std::move(wanted), ids_, now);
  if (added == 0) co_return conflict("the same is queued already: see GET /jobs?queue=engagement");
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"engagement", context.tenant.uuid(), "reclassified", audit::difference(boost::json::object(), after)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return key;
}

std::map<std::string, jobs::Handler> Reclassification::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers[kind] = [this](jobs::Job const& job) { return work(job); };
  return handlers;
}

Task<jobs::Answer> Reclassification::work(jobs::Job const& job) {
  auto const from = parse_instant(text_of(job.payload, "from")), to = parse_instant(text_of(job.payload, "to"));
  if (!from || !to) co_return jobs::Answer(jobs::Cancel{"from or to is no time"});
  co_await run(job.tenant, *from, *to);
  co_return jobs::Answer(jobs::Done());
}

Task<Reclassification::Counted> Reclassification::run(TenantId tenant, Instant from, Instant to) {
  Counted counted;
  auto after = from - Duration(1);
  auto after_id = *Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");
  while (co_await page(tenant, after, after_id, to, counted)) co_await yield();
  metrics::counter("postrider_delivery_reclassified_total", "Opens and clicks whose class changed when looked at again").add(static_cast<double>(counted.changed));
  co_return counted;
}

Task<bool> Reclassification::page(TenantId tenant, Instant& after, Uuid& after_id, Instant to, Counted& counted) {
  auto const rows = co_await store_.all_on(db::Lane::background, sql::ingest::hits_page, tenant, after, after_id, to, page_size);
  if (rows.empty()) co_return false;
  std::set<std::string> clicked;
  for (auto const row : rows)
    if (row.view(3) == "clicked" && !row.is_null(2)) clicked.insert(row.text(2));
  std::map<std::string, std::vector<LinkHit>> links;
  if (!clicked.empty())
    for (auto const row : co_await store_.all_on(db::Lane::background, sql::ingest::link_hits, tenant, db::text_array(clicked)))
      links[row.text(0)].push_back(LinkHit(row.instant(2), static_cast<int>(row.integer(1))));
  db::Columns changes(4);
  std::set<std::string> messages;  // ordered: rows are locked in id order
  for (auto const row : rows) {
    auto const now = classify(hit_of(row, links));
    boost::json::array reasons;
    for (auto const& reason : now.reasons) reasons.emplace_back(reason);
    if (row.view(8) == delivery::name(now.actor) && row.json(11) == reasons) continue;
    changes.add(row.uuid(0), row.instant(1), delivery::name(now.actor), boost::json::serialize(reasons));
    if (!row.is_null(2)) messages.insert(row.text(2));
  }
  counted.looked_at += static_cast<int>(rows.size());
  counted.changed += static_cast<int>(changes.rows());
  after = rows[rows.size() - 1].instant(1);
  after_id = rows[rows.size() - 1].uuid(0);
  if (changes.rows() > 0) {
    auto tx = co_await store_.begin(db::Lane::background);
    co_await tx.all(sql::ingest::reclass, tenant, changes);
    co_await tx.exec(sql::ingest::recount_engagement, tenant, clock_.now(), db::text_array(messages));
    co_await tx.commit();
  }
  co_return static_cast<int>(rows.size()) == page_size;
}

}  // namespace postrider::delivery
