#include "postrider/crypto/tokens.h"
#include "postrider/delivery/identities.h"
#include "postrider/delivery/sender_service.h"
#include "support/campaign_world.h"
#include "support/results.h"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>

using namespace postrider;
using namespace postrider::test;

namespace {

// People whom the gate must tell apart: everybody's fate follows from their number.
Task<void> make_different(CampaignWorld& world, int people) {
  auto& t = world.t;
  auto const tenant = world.context.tenant.str();
  auto const now = to_text(t.clock.now());
  for (int i = 0; i < people; ++i) {
    auto const id = world.person(i).str();
    switch (i % 8) {
      case 1: co_await t.query("update consent_records set status = 'denied' where contact_id = '" + id + "'"); break;
      case 2: co_await t.query("delete from consent_records where contact_id = '" + id + "'"); break;
      case 3: co_await t.query("update consent_records set status = 'pending' where contact_id = '" + id + "'"); break;
      case 4: co_await t.query("update consent_records set expires_at = '" + now + "' where contact_id = '" + id + "'"); break;
      case 5:
        co_await t.query(fmt::format("insert into suppressions (tenant_id, id, email_address, email_key, reason, created_at, updated_at) "
                                     "values ('{}','{}','p{}@example.net','p{}@example.net','manual','{}','{}')",
                                     tenant, t.ids.next().str(), i, i, now, now));
        break;
      case 6: co_await t.query("update contacts set email = null, email_key = null where id = '" + id + "'"); break;
      default: break;
    }
    // Gone, but still in the segment.
    if (i == 7) {
      co_await t.query("delete from consent_records where contact_id = '" + id + "'");
      co_await t.query("delete from contacts where id = '" + id + "'");
    }
  }
}

// The real sender, with the built-in inbox behind it.
struct Delivery {
  explicit Delivery(CampaignWorld& campaign_world)
      : world(campaign_world), folder(new_folder()), keys(keys_in(folder, world.t.random)), tokens(keys),
        inbox(delivery::make_demo_provider(*world.t.store, world.t.ids, world.t.clock)) {}
  ~Delivery() { std::filesystem::remove_all(folder); }

  static std::filesystem::path new_folder() {
    char pattern[] = "/tmp/postrider-campaigns-XXXXXX";
    return ::mkdtemp(pattern);
  }
  static crypto::Keys keys_in(std::filesystem::path const& folder, Random& random) {
    auto made = crypto::Keys::load_or_create(folder / "secret", random);
    REQUIRE(made);
    return std::move(*made);
  }
  static Task<std::shared_ptr<delivery::Provider>> given(std::shared_ptr<delivery::Provider> provider) { co_return provider; }

  std::unique_ptr<Service> sender() {
    auto& t = world.t;
    auto provider_of = [this](TenantId, ProviderId) { return given(inbox); };
    delivery::SendingGround const ground{*t.store, t.clock, t.random, t.ids, t.executor(), t.instance, world.templates, provider_of, tokens};
    delivery::SendingSettings settings;
    settings.public_url = "https://mail.example.com";
    settings.journal_folder = folder / "journal";
    return delivery::make_sender_service(ground, settings);
  }
  // Until nothing is queued or on its way.
  Task<void> run() {
    auto const service = sender();
    co_await service->start();
    for (int turn = 0; turn < 2000 && co_await world.count("messages where status in ('queued', 'sending')") > 0; ++turn) co_await sleep_for(std::chrono::milliseconds(5));
    co_await service->stop();
  }

  CampaignWorld& world;
  std::filesystem::path folder;
  crypto::Keys keys;
  crypto::Tokens tokens;
  std::shared_ptr<delivery::Provider> inbox;
};

Task<void> event(CampaignWorld& world, int person, std::string type, std::string actor, std::string url = "") {
  auto& t = world.t;
  auto const message = co_await t.query("select id, campaign_id from messages where contact_id = '" + world.person(person).str() + "'");
  auto const now = to_text(t.clock.now());
  co_await t.query(fmt::format("insert into message_events (tenant_id, id, message_id, contact_id, campaign_id, channel, provider, event_type, actor_class, class_reasons, url, "
                               "detail, occurred_at, created_at) values ('{}','{}','{}','{}','{}','email','demo','{}','{}','[]',{},'{{}}','{}','{}')",
                               world.context.tenant.str(), t.ids.next().str(), message.at(0).at(0), world.person(person).str(), message.at(0).at(1), type, actor,
                               url.empty() ? "null" : "'" + url + "'", now, now));
}

}  // namespace

TEST_CASE("campaigns: the forecast says what the gate then does, reason by reason") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    constexpr int people = 80;
    co_await world.prepare(people);
    co_await make_different(world, people);
    // One a week, and this person had one yesterday.
    auto const yesterday = to_text(t.clock.now() - std::chrono::hours(24));
    co_await t.query(fmt::format("insert into sending_settings (tenant_id, max_attempts, frequency_messages, frequency_days, updated_at) values ('{}', 3, 1, 7, '{}')",
                                 world.context.tenant.str(), yesterday));
    co_await t.query(fmt::format("insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, contact_id, status, priority, attempt_count, fence, "
                                 "due_at, scheduled_at, sent_at, created_at, updated_at) values ('{0}','{1}','outbound','email','marketing','{1}','1','{2}','sent',5,1,1,"
                                 "'{3}','{3}','{3}','{3}','{3}')",
                                 world.context.tenant.str(), t.ids.next().str(), world.person(8).str(), yesterday));
    auto const c = co_await world.draft();
    auto const forecast = co_await world.campaigns.forecast(world.context.tenant, c.id);
    REQUIRE(forecast);
    CHECK(forecast->audience == people);
    auto sum = forecast->will_send;
    for (auto const& [reason, count] : forecast->skipped) sum += count;
    CHECK(sum == people);
    CHECK(forecast->skipped.size() == 8);
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    Delivery delivery(world);
    co_await delivery.run();
    auto const report = co_await world.reports.report(world.context.tenant, c.id);
    REQUIRE(report);
    CHECK(report->states.sent == forecast->will_send);
    CHECK(report->skip_reasons == forecast->skipped);
    CHECK(report->states.audience == people);
    CHECK(report->states.sent + report->states.skipped == people);
    CHECK(co_await world.count("demo_inbox") == forecast->will_send);
    co_await world.campaigns.tick();
    CHECK((co_await world.again(c.id)).status == campaigns::Status::completed);
  });
}

TEST_CASE("campaigns: a paused campaign hands nothing over, and goes on after its resume") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(20);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    REQUIRE(co_await world.campaigns.pause(world.context, c.id));
    Delivery delivery(world);
    auto const service = delivery.sender();
    co_await service->start();
    for (int turn = 0; turn < 20; ++turn) co_await sleep_for(std::chrono::milliseconds(5));
    CHECK(co_await world.count("demo_inbox") == 0);
    REQUIRE(co_await world.campaigns.resume(world.context, c.id));
    for (int turn = 0; turn < 2000 && co_await world.count("messages where status <> 'sent'") > 0; ++turn) co_await sleep_for(std::chrono::milliseconds(5));
    co_await service->stop();
    CHECK(co_await world.count("demo_inbox") == 20);
  });
}

TEST_CASE("campaigns: a forecast brings dynamic segments up to date, and tells how fast it would go") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(6);
    auto const conditions = boost::json::parse(R"({"type":"attribute","field":"email","operator":"exists"})");
    auto const dynamic = co_await world.segments.create(world.context, "with an address", "", true, conditions);
    REQUIRE(dynamic);
    std::vector<SegmentId> const chosen(1, dynamic->id);
    auto const c = co_await world.draft("broadcast", "{}", chosen);
    auto forecast = co_await world.campaigns.forecast(world.context.tenant, c.id);
    REQUIRE(forecast);
    CHECK(forecast->audience == 6);
    REQUIRE(forecast->segments.size() == 1);
    CHECK(forecast->segments.front().calculated_at == t.clock.now());
    CHECK(forecast->limited_by == "unknown");
    CHECK_FALSE(forecast->finishes_at);
    // Within a minute it is taken as it is; later it is calculated again.
    co_await t.query("update contacts set email = null, email_key = null where id = '" + world.person(0).str() + "'");
    t.clock.advance(std::chrono::seconds(61));
    campaigns::Change slow;
    slow.throttle_per_minute = std::optional<std::int64_t>(2);
    REQUIRE(co_await world.campaigns.change(world.context, c.id, slow, std::nullopt));
    forecast = co_await world.campaigns.forecast(world.context.tenant, c.id);
    REQUIRE(forecast);
    CHECK(forecast->audience == 5);
    CHECK(forecast->limited_by == "throttle");
    CHECK(forecast->finishes_at == t.clock.now() + std::chrono::seconds(150));
  });
}

TEST_CASE("campaigns: the report tells people and machines apart, by hour, link and domain") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(4);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    co_await world.deliver(c.id, "sent");
    co_await event(world, 0, "opened", "human");
    co_await event(world, 0, "opened", "human");
    co_await event(world, 0, "clicked", "human", "https://a.example/");
    co_await event(world, 1, "clicked", "human", "https://a.example/");
    co_await event(world, 1, "clicked", "machine", "https://b.example/");
    t.clock.advance(std::chrono::hours(2));
    co_await event(world, 1, "opened", "machine");
    co_await event(world, 2, "bounced", "none");
    auto const now = to_text(t.clock.now());
    co_await t.query("update messages set opened_at = '" + now + "', clicked_at = '" + now + "' where contact_id = '" + world.person(0).str() + "'");
    co_await t.query("update messages set machine_opened_at = '" + now + "', clicked_at = '" + now + "' where contact_id = '" + world.person(1).str() + "'");
    co_await t.query("update messages set bounced_at = '" + now + "', bounce_class = 'soft', error = 'mailbox full' where contact_id = '" + world.person(2).str() + "'");
    auto const tenant = world.context.tenant;
    auto const r = co_await world.reports.report(tenant, c.id);
    REQUIRE(r);
    CHECK(r->states.sent == 4);
    CHECK(r->opened == 1);
    CHECK(r->machine_opened == 1);
    CHECK(r->opens == 2);
    CHECK(r->machine_opens == 1);
    CHECK(r->clicked == 2);
    CHECK(r->clicks == 2);
    CHECK(r->machine_clicks == 1);
    CHECK(r->machine_clicked == 1);
    CHECK(r->bounced == 1);
    CHECK(r->bounces.at("soft") == 1);
    auto const hours = co_await world.reports.series(tenant, c.id, std::nullopt);
    REQUIRE(hours);
    REQUIRE(hours->size() == 2);
    CHECK(hours->at(0).hour == "2026-03-02T10:00:00Z");
    CHECK(hours->at(0).counts.at("sent") == 4);
    CHECK(hours->at(0).counts.at("opened") == 2);
    CHECK(hours->at(0).counts.at("machine_clicked") == 1);
    CHECK(hours->at(1).counts.at("machine_opened") == 1);
    CHECK(hours->at(1).counts.at("bounced") == 1);
    auto const links = co_await world.reports.links(tenant, c.id, "1");
    REQUIRE(links);
    REQUIRE(links->size() == 2);
    CHECK(links->at(0).url == "https://a.example/");
    CHECK(links->at(0).clicks == 2);
    CHECK(links->at(0).contacts == 2);
    CHECK(links->at(1).machine_clicks == 1);
    CHECK(links->at(1).contacts == 0);
    auto const domains = co_await world.reports.domains(tenant, c.id, std::nullopt, 10);
    REQUIRE(domains);
    REQUIRE(domains->size() == 1);
    CHECK(domains->at(0).domain == "example.net");
    CHECK(domains->at(0).sent == 4);
    CHECK(domains->at(0).bounced == 1);
    auto const bounces = co_await world.reports.bounces(tenant, c.id, std::nullopt);
    REQUIRE(bounces);
    REQUIRE(bounces->size() == 1);
    CHECK(bounces->at(0).reason == "mailbox full");
  });
}

TEST_CASE("campaigns: the counts that progress shows become those of a recount, with rate and finish") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(40);
    auto const tenant = world.context.tenant;
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    auto p = co_await world.reports.progress(tenant, c.id);
    REQUIRE(p);
    CHECK(p->states.queued == 40);
    co_await world.work();
    co_await world.campaigns.tick();
    t.clock.advance(std::chrono::seconds(60));
    co_await t.query(fmt::format("update messages set status = 'sent', sent_at = '{}' where contact_id < '{}'", to_text(t.clock.now()), world.person(10).str()));
    co_await world.campaigns.tick();
    p = co_await world.reports.progress(tenant, c.id);
    REQUIRE(p);
    CHECK(p->as_of == t.clock.now());
    CHECK(p->states.sent == 10);
    CHECK(p->states.queued == 30);
    CHECK(p->done == 10);
    REQUIRE(p->rate_per_minute);
    CHECK(*p->rate_per_minute == Approx(10).margin(0.01));
    REQUIRE(p->finishes_at);
    CHECK(*p->finishes_at == t.clock.now() + std::chrono::minutes(3));
    auto const report = co_await world.reports.report(tenant, c.id);
    REQUIRE(report);
    CHECK(report->states.sent == p->states.sent);
    co_await world.deliver(c.id, "sent");
    for (int i = 0; i < 3; ++i) {
      t.clock.advance(std::chrono::seconds(10));
      co_await world.campaigns.tick();
    }
    CHECK(co_await world.count("campaign_runs where settled and status = 'completed'") == 1);
    // An event that comes later still is seen.
    co_await t.query("update messages set status = 'uncertain' where contact_id = '" + world.person(0).str() + "'");
    p = co_await world.reports.progress(tenant, c.id);
    REQUIRE(p);
    CHECK(p->states.uncertain == 1);
    CHECK(p->states.sent == 39);
    CHECK_FALSE(p->finishes_at);
  });
}

TEST_CASE("campaigns: the export has a line for each message, and no formula in it") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(3);
    auto const c = co_await world.draft();
    REQUIRE(co_await world.campaigns.launch(world.context, c.id));
    co_await world.work();
    co_await t.query("update contacts set email = '=cmd()@example.net' where id = '" + world.person(1).str() + "'");
    co_await t.query("update messages set status = 'failed', error = 'said \"no\", twice' where contact_id = '" + world.person(1).str() + "'");
    auto const tenant = world.context.tenant;
    auto const page = co_await world.reports.export_page(tenant, c.id, campaigns::ExportFilter(), std::nullopt);
    CHECK(std::count(page.lines.begin(), page.lines.end(), '\n') == 4);
    CHECK(page.lines.starts_with("message_id,run,contact_id,email,status,"));
    CHECK(page.lines.find("\"'=cmd()@example.net\"") != std::string::npos);
    CHECK(page.lines.find("\"said \"\"no\"\", twice\"") != std::string::npos);
    auto const after = co_await world.reports.export_page(tenant, c.id, campaigns::ExportFilter(), page.last);
    CHECK(after.lines.empty());
    campaigns::ExportFilter failed;
    failed.status = "failed";
    auto const some = co_await world.reports.export_page(tenant, c.id, failed, std::nullopt);
    CHECK(std::count(some.lines.begin(), some.lines.end(), '\n') == 2);
  });
}
