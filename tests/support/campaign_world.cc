#include "support/campaign_world.h"

#include "support/results.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <catch2/catch.hpp>

namespace postrider::test {

CampaignWorld::CampaignWorld(TestStore& store_test, campaigns::Settings settings)
    : t(store_test),
      segments(*t.store, t.clock, t.ids),
      templates(*t.store, t.clock, t.ids),
      campaigns(*t.store, t.clock, t.ids, segments, templates, settings),
      reports(*t.store, t.clock),
      context(t.context()) {}

ContactId CampaignWorld::person(int number) const { return *ContactId::parse(fmt::format("00000000-0000-7000-8000-c0000000{:04x}", number)); }

Task<void> CampaignWorld::prepare(int people) {
  auto const tenant = context.tenant.str();
  auto const now = to_text(t.clock.now());
  std::string contacts, consents;
  for (int i = 0; i < people; ++i) {
    auto const id = person(i).str();
    contacts += fmt::format("{}('{}','{}','p{}@example.net','p{}@example.net','{{}}','[]',true,'{}','{}')", i ? "," : "", tenant, id, i, i, now, now);
    consents += fmt::format("{}('{}','{}','{}','email','marketing','granted','{}','{}')", i ? "," : "", tenant, t.ids.next().str(), id, now, now);
  }
  if (people > 0) {
    co_await t.query("insert into contacts (tenant_id, id, email, email_key, attributes, tags, tracking, created_at, updated_at) values " + contacts);
    co_await t.query("insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, created_at, updated_at) values " + consents);
  }
  std::vector<int> all;
  for (int i = 0; i < people; ++i) all.push_back(i);
  everybody = co_await static_segment("everybody", all);
  content::TemplateChange parts;
  parts.subject = "News";
  parts.html_body = "<p>Hello</p><p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>";
  auto const made = co_await templates.create(context, "Letter", "email", std::move(parts));
  REQUIRE(made);
  letter = made->id;
  provider = t.ids.make<ProviderId>();
  sender = t.ids.make<SenderId>();
  co_await t.query(fmt::format("insert into providers (tenant_id, id, name, kind, settings, breaker, created_at, updated_at) values ('{}','{}','Inbox','demo','{{}}','{{}}','{}','{}')",
                               tenant, provider.str(), now, now));
  co_await t.query(fmt::format("insert into sender_identities (tenant_id, id, from_email, from_name, provider_id, verified, created_at, updated_at) "
                               "values ('{}','{}','news@example.com','News','{}',true,'{}','{}')",
                               tenant, sender.str(), provider.str(), now, now));
}

Task<SegmentId> CampaignWorld::static_segment(std::string name, std::vector<int> people) {
  auto const made = co_await segments.create(context, name, "", false, nullptr);
  REQUIRE(made);
  std::string rows;
  for (int const number : people)
    rows += fmt::format("{}('{}','{}','{}','{}')", rows.empty() ? "" : ",", context.tenant.str(), made->id.str(), person(number).str(), to_text(t.clock.now()));
  if (!rows.empty()) co_await t.query("insert into segment_memberships (tenant_id, segment_id, contact_id, added_at) values " + rows);
  co_await t.query(fmt::format("update marketing_segments set member_count = {} where id = '{}'", people.size(), made->id.str()));
  co_return made->id;
}

Task<campaigns::Campaign> CampaignWorld::draft(std::string type, std::string schedule, std::vector<SegmentId> segments_wanted) {
  campaigns::Change wanted;
  wanted.name = "A " + type;
  if (segments_wanted.empty()) segments_wanted.push_back(everybody);
  wanted.segment_ids = segments_wanted;
  wanted.template_id = letter;
  wanted.sender_id = sender;
  wanted.schedule = boost::json::parse(schedule).as_object();
  auto const made = co_await campaigns.create(context, type, std::move(wanted));
  REQUIRE(made);
  co_return *made;
}

Task<campaigns::Campaign> CampaignWorld::again(CampaignId id) {
  auto const found = co_await campaigns.find(context.tenant, id);
  REQUIRE(found);
  co_return *found;
}

Task<int> CampaignWorld::work() {
  auto handlers = campaigns.job_handlers();
  int done = 0;
  for (bool more = true; more;) {
    more = false;
    auto const rows = co_await t.query("select id, kind, payload, tenant_id from jobs where queue = 'campaigns' and state = 'ready' and run_at <= '" + to_text(t.clock.now()) +
                                       "' order by run_at, id");
    for (auto const& row : rows) {
      jobs::Job job;
      job.tenant = *TenantId::parse(row[3]);
      job.queue = "campaigns";
      job.kind = row[1];
      job.payload = boost::json::parse(row[2]).as_object();
      auto const answer = co_await handlers.at(row[1])(job);
      if (std::holds_alternative<jobs::Snooze>(answer)) continue;
      co_await t.query("delete from jobs where id = '" + row[0] + "'");
      more = true;
      ++done;
    }
  }
  co_return done;
}

Task<void> CampaignWorld::deliver(CampaignId id, std::string status, int run) {
  auto const now = to_text(t.clock.now());
  auto const sent_at = status == "sent" ? "'" + now + "'" : std::string("null");
  co_await t.query(fmt::format("update messages set status = '{}', sent_at = {}, fence = fence + 1, attempt_count = attempt_count + 1, updated_at = '{}' "
                               "where campaign_id = '{}' and visit = '{}' and status in ('queued', 'sending')",
                               status, sent_at, now, id.str(), run));
}

Task<std::int64_t> CampaignWorld::count(std::string what) {
  auto const rows = co_await t.query("select count(*) from " + what);
  co_return std::stoll(rows.at(0).at(0));
}

Task<std::string> CampaignWorld::states(CampaignId id, std::optional<std::string> run) {
  auto const report = co_await reports.report(context.tenant, id, run);
  REQUIRE(report);
  auto const& s = report->states;
  CHECK(s.queued + s.sending + s.sent + s.skipped + s.failed + s.uncertain + s.canceled == s.audience);
  std::string text;
  auto add = [&text](char const* name, std::int64_t value) {
    if (value != 0) text += (text.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(value);
  };
  add("audience", s.audience);
  add("queued", s.queued);
  add("sending", s.sending);
  add("sent", s.sent);
  add("skipped", s.skipped);
  add("failed", s.failed);
  add("uncertain", s.uncertain);
  add("canceled", s.canceled);
  co_return text;
}

Task<std::vector<std::string>> CampaignWorld::actions(CampaignId id) {
  std::vector<std::string> all;
  for (auto const& row : co_await t.query("select action from audit_logs where entity_id = '" + id.str() + "' order by id")) all.push_back(row[0]);
  co_return all;
}

}  // namespace postrider::test
