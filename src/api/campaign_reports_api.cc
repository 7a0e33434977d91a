#include "api/campaign_reports_api.h"

#include "api/campaign_streams.h"
#include "postrider/json/names.h"

#include <boost/describe.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::api {

namespace {

struct StatesOut {
  std::int64_t audience = 0, queued = 0, sending = 0, sent = 0, skipped = 0, failed = 0, uncertain = 0, canceled = 0;
};
BOOST_DESCRIBE_STRUCT(StatesOut, (), (audience, queued, sending, sent, skipped, failed, uncertain, canceled))

struct ReportOut : StatesOut {
  std::int64_t delivered = 0, opened = 0, machine_opened = 0, clicked = 0, machine_clicked = 0, bounced = 0, complained = 0, unsubscribed = 0;
  std::int64_t opens = 0, machine_opens = 0, clicks = 0, machine_clicks = 0;
  std::map<std::string, std::int64_t> skip_reasons, bounces;
  std::optional<Instant> first_sent_at, last_sent_at;
  Instant as_of;
  static constexpr std::string_view json_name = "CampaignReport";
};
BOOST_DESCRIBE_STRUCT(ReportOut, (StatesOut),
                      (delivered, opened, machine_opened, clicked, machine_clicked, bounced, complained, unsubscribed, opens, machine_opens, clicks, machine_clicks,
                       skip_reasons, bounces, first_sent_at, last_sent_at, as_of))

struct RunOut : StatesOut {
  int run_number = 1;
  std::string status;
  Instant scheduled_for, started_at;
  std::optional<Instant> completed_at;
  std::optional<std::string> local_time;
  int missed = 0;
  std::int64_t opened = 0, clicked = 0, bounced = 0;
  static constexpr std::string_view json_name = "CampaignRun";
};
BOOST_DESCRIBE_STRUCT(RunOut, (StatesOut), (run_number, status, scheduled_for, started_at, completed_at, local_time, missed, opened, clicked, bounced))

struct HourOut {
  std::string hour;
  std::int64_t sent = 0, delivered = 0, opened = 0, machine_opened = 0, clicked = 0, machine_clicked = 0, bounced = 0, complained = 0, unsubscribed = 0;
  static constexpr std::string_view json_name = "CampaignHour";
};
BOOST_DESCRIBE_STRUCT(HourOut, (), (hour, sent, delivered, opened, machine_opened, clicked, machine_clicked, bounced, complained, unsubscribed))

struct LinkOut {
  std::string url;
  std::int64_t clicks = 0, machine_clicks = 0, contacts = 0;
  static constexpr std::string_view json_name = "CampaignLink";
};
BOOST_DESCRIBE_STRUCT(LinkOut, (), (url, clicks, machine_clicks, contacts))

struct BounceOut {
  std::string bounce_class, reason;
  std::int64_t count = 0;
  Instant last_at;
  static constexpr std::string_view json_name = "CampaignBounce";
};
BOOST_DESCRIBE_STRUCT(BounceOut, (), (bounce_class, reason, count, last_at))

struct DomainOut {
  std::string domain;
  std::int64_t messages = 0, sent = 0, delivered = 0, opened = 0, clicked = 0, bounced = 0, complained = 0, failed = 0;
  static constexpr std::string_view json_name = "CampaignDomain";
};
BOOST_DESCRIBE_STRUCT(DomainOut, (), (domain, messages, sent, delivered, opened, clicked, bounced, complained, failed))

struct ProgressOut : StatesOut {
  std::string status;
  int run_number = 0;
  std::int64_t done = 0;
  double percent = 0;
  std::optional<double> rate_per_minute;
  std::optional<Instant> finishes_at;
  std::optional<std::string> hold_reason;
  std::optional<Instant> undo_until, next_run_at;
  Instant as_of;
  static constexpr std::string_view json_name = "CampaignProgress";
};
BOOST_DESCRIBE_STRUCT(ProgressOut, (StatesOut), (status, run_number, done, percent, rate_per_minute, finishes_at, hold_reason, undo_until, next_run_at, as_of))

void fill(StatesOut& out, campaigns::States const& s) {
  out.audience = s.audience;
  out.queued = s.queued;
  out.sending = s.sending;
  out.sent = s.sent;
  out.skipped = s.skipped;
  out.failed = s.failed;
  out.uncertain = s.uncertain;
  out.canceled = s.canceled;
}

boost::json::value shown(campaigns::Progress const& p) {
  ProgressOut out;
  fill(out, p.states);
  out.status = json::name_of(p.status);
  out.run_number = p.run_number;
  out.done = p.done;
  if (p.states.audience > 0) out.percent = 100.0 * static_cast<double>(p.done) / static_cast<double>(p.states.audience);
  out.rate_per_minute = p.rate_per_minute;
  out.finishes_at = p.finishes_at;
  out.hold_reason = p.hold_reason;
  out.undo_until = p.undo_until;
  out.next_run_at = p.next_run_at;
  out.as_of = p.as_of;
  return json::encode(out);
}

// ?run=: a run's number.
Result<std::optional<std::string>> run_of(http::Request const& request) {
  auto const text = query_text(request, "run", 9);
  if (!text || !*text) return text;
  int number = 0;
  auto const [end, failure] = std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), number);
  if (failure != std::errc() || end != (*text)->data() + (*text)->size() || number < 1) return query_error("run", "wrong_type", "must be the number of a run");
  return text;
}

template <class T>
boost::json::object items_of(std::vector<T> const& all) {
  boost::json::array out;
  for (auto const& each : all) out.push_back(json::encode(each));
  boost::json::object body;
  body["items"] = std::move(out);
  body["next_cursor"] = nullptr;
  return body;
}

template <class T>
http::Response items(std::vector<T> const& all) {
  return ok(items_of(all));
}

}  // namespace

std::vector<http::Route> CampaignReportsApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](char const* path, Answer (CampaignReportsApi::*method)(http::Request&), CampaignReportsApi* self, Doc documentation) {
    all.push_back(get(path, right::read, on(self, method), std::move(documentation)));
  };
  auto described = [](char const* operation, char const* summary) { return doc(operation, summary, "campaigns").query("run", "Only this run, by its number", "integer"); };
  auto counted = [&described](char const* operation, char const* summary) { return described(operation, summary).query("fresh", "Count now, whatever was kept", "boolean"); };
  add("/campaigns/{id}/report", &CampaignReportsApi::report, this, counted("campaign_report", "End states that add up to the audience; of a large campaign that has ended as they were a moment ago, with as_of").answers<ReportOut>());
  add("/campaigns/{id}/report/series", &CampaignReportsApi::series, this, counted("campaign_series", "What happened in each hour").answers_list<HourOut>());
  add("/campaigns/{id}/report/links", &CampaignReportsApi::links, this, counted("campaign_links", "Clicks by link").answers_list<LinkOut>());
  add("/campaigns/{id}/report/bounces", &CampaignReportsApi::bounces, this, described("campaign_bounces", "Bounces by class and by what was said").answers_list<BounceOut>());
  add("/campaigns/{id}/report/domains", &CampaignReportsApi::domains, this,
      described("campaign_domains", "By the recipients' domains, the most frequent ones").query("limit", "How many, 1 to 500; 50 without it", "integer").answers_list<DomainOut>());
  add("/campaigns/{id}/runs", &CampaignReportsApi::runs, this, doc("list_campaign_runs", "Runs, newest first, each with its states", "campaigns").paged().answers_list<RunOut>());
  add("/campaigns/{id}/progress", &CampaignReportsApi::progress, this, doc("campaign_progress", "How far the newest run is", "campaigns").answers<ProgressOut>());
  add("/campaigns/{id}/progress/stream", &CampaignReportsApi::stream, this,
      doc("campaign_progress_stream", "The same as server-sent events, each time it changes", "campaigns").answer(200, {}, "events named progress", "text/event-stream"));
  add("/campaigns/{id}/messages.csv", &CampaignReportsApi::messages, this,
      described("export_campaign_messages", "Every message of it as CSV")
          .query("status", "In this state")
          .query("skip_reason", "Skipped for this reason")
          .answer(200, {}, "one line a message", "text/csv"));
  return all;
}

CampaignReportsApi::Answer CampaignReportsApi::counted(http::Request& request, std::string what, Counting counting) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const run = run_of(request);
  if (!run) co_return run.error();
  auto const fresh = query_flag(request, "fresh");
  if (!fresh) co_return fresh.error();
  auto const tenant = caller(request).context.tenant;
  KeptCounts::Count const count = [this, counting, tenant, id = *id, run = *run] { return (this->*counting)(tenant, id, run); };
  auto const ending = co_await reports_.ending(tenant, *id);
  Result<boost::json::value> body(boost::json::value(nullptr));
  if (ending) {
    KeptCounts::Terms terms;
    terms.name = what + ":" + id->str() + ":" + run->value_or("all");
    terms.version = *ending;
    terms.anew = fresh->value_or(false);
    body = co_await counts_.answer(tenant, std::move(terms), count);
  } else {
    body = co_await count();
  }
  if (!body) co_return body.error();
  co_return ok(*body);
}

CampaignReportsApi::Answer CampaignReportsApi::report(http::Request& request) { return counted(request, "report", &CampaignReportsApi::count_report); }
CampaignReportsApi::Answer CampaignReportsApi::series(http::Request& request) { return counted(request, "series", &CampaignReportsApi::count_series); }
CampaignReportsApi::Answer CampaignReportsApi::links(http::Request& request) { return counted(request, "links", &CampaignReportsApi::count_links); }

CampaignReportsApi::Counted CampaignReportsApi::count_report(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  auto const r = co_await reports_.report(tenant, id, std::move(run));
  if (!r) co_return r.error();
  ReportOut out;
  fill(out, r->states);
  out.delivered = r->delivered;
  out.opened = r->opened;
  out.machine_opened = r->machine_opened;
  out.clicked = r->clicked;
  out.machine_clicked = r->machine_clicked;
  out.bounced = r->bounced;
  out.complained = r->complained;
  out.unsubscribed = r->unsubscribed;
  out.opens = r->opens;
  out.machine_opens = r->machine_opens;
  out.clicks = r->clicks;
  out.machine_clicks = r->machine_clicks;
  out.skip_reasons = r->skip_reasons;
  out.bounces = r->bounces;
  out.first_sent_at = r->first_sent_at;
  out.last_sent_at = r->last_sent_at;
  out.as_of = r->as_of;
  auto body = json::encode(out);
  co_return body;
}

CampaignReportsApi::Answer CampaignReportsApi::runs(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  int before = 1'000'000'000;
  if (page->after) before = std::atoi(page->after->front().c_str());
  auto const found = co_await reports_.runs(caller(request).context.tenant, *id, before, page->limit + 1);
  if (!found) co_return found.error();
  auto encode = [](campaigns::RunReport const& r) {
    RunOut out;
    fill(out, r.states);
    out.run_number = r.run.number;
    out.status = r.run.status;
    out.scheduled_for = r.run.scheduled_for;
    out.started_at = r.run.started_at;
    out.completed_at = r.run.completed_at;
    out.local_time = r.run.local_time;
    out.missed = r.run.missed;
    out.opened = r.opened;
    out.clicked = r.clicked;
    out.bounced = r.bounced;
    return json::encode(out);
  };
  auto key = [](campaigns::RunReport const& r) { return std::vector<std::string>{std::to_string(r.run.number)}; };
  co_return list_answer(request, *page, *found, encode, key);
}

CampaignReportsApi::Counted CampaignReportsApi::count_series(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  auto const found = co_await reports_.series(tenant, id, std::move(run));
  if (!found) co_return found.error();
  std::vector<HourOut> all;
  for (auto const& hour : *found) {
    auto of = [&hour](char const* what) {
      auto const at = hour.counts.find(what);
      return at == hour.counts.end() ? std::int64_t(0) : at->second;
    };
    all.push_back(HourOut{hour.hour, of("sent"), of("delivered"), of("opened"), of("machine_opened"), of("clicked"), of("machine_clicked"), of("bounced"),
                          of("complained"), of("unsubscribed")});
  }
  boost::json::value body = items_of(all);
  co_return body;
}

CampaignReportsApi::Counted CampaignReportsApi::count_links(TenantId tenant, CampaignId id, std::optional<std::string> run) {
  auto const found = co_await reports_.links(tenant, id, std::move(run));
  if (!found) co_return found.error();
  std::vector<LinkOut> all;
  for (auto const& link : *found) all.push_back(LinkOut{link.url, link.clicks, link.machine_clicks, link.contacts});
  boost::json::value body = items_of(all);
  co_return body;
}

CampaignReportsApi::Answer CampaignReportsApi::bounces(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const run = run_of(request);
  if (!run) co_return run.error();
  auto const found = co_await reports_.bounces(caller(request).context.tenant, *id, *run);
  if (!found) co_return found.error();
  std::vector<BounceOut> all;
  for (auto const& b : *found) all.push_back(BounceOut{b.bounce_class, b.reason, b.count, b.last_at});
  co_return items(all);
}

CampaignReportsApi::Answer CampaignReportsApi::domains(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const run = run_of(request);
  if (!run) co_return run.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const found = co_await reports_.domains(caller(request).context.tenant, *id, *run, page->limit);
  if (!found) co_return found.error();
  std::vector<DomainOut> all;
  for (auto const& d : *found)
    all.push_back(DomainOut{d.domain, d.messages, d.sent, d.delivered, d.opened, d.clicked, d.bounced, d.complained, d.failed});
  co_return items(all);
}

CampaignReportsApi::Answer CampaignReportsApi::progress(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const p = co_await reports_.progress(caller(request).context.tenant, *id);
  if (!p) co_return p.error();
  co_return ok(shown(*p));
}

CampaignReportsApi::Answer CampaignReportsApi::stream(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const first = co_await reports_.progress(tenant, *id);
  if (!first) co_return first.error();
  http::Response response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");
  response.stream = std::make_unique<ProgressStream>(reports_, tenant, *id, [](campaigns::Progress const& p) { return json::text(shown(p)); });
  co_return response;
}

CampaignReportsApi::Answer CampaignReportsApi::messages(http::Request& request) {
  auto const id = path_id<CampaignId>(request, "campaign");
  if (!id) co_return id.error();
  campaigns::ExportFilter filter;
  auto const run = run_of(request);
  if (!run) co_return run.error();
  auto const status = query_text(request, "status", 20);
  if (!status) co_return status.error();
  auto const skip_reason = query_text(request, "skip_reason", 100);
  if (!skip_reason) co_return skip_reason.error();
  filter.run = *run;
  filter.status = *status;
  filter.skip_reason = *skip_reason;
  auto const tenant = caller(request).context.tenant;
  auto const known = co_await reports_.progress(tenant, *id);
  if (!known) co_return known.error();
  http::Response response;
  response.headers.set("Content-Type", "text/csv; charset=utf-8");
  response.headers.set("Content-Disposition", "attachment; filename=\"messages-" + id->str() + ".csv\"");
  response.headers.set("Cache-Control", "no-store");
  response.stream = std::make_unique<MessageLines>(reports_, tenant, *id, std::move(filter));
  co_return response;
}

}  // namespace postrider::api
