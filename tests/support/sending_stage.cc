#include "support/sending_stage.h"

#include "postrider/delivery/direct_messages.h"
#include "support/results.h"

#include <boost/json/object.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <unistd.h>

namespace postrider::test {

using namespace delivery;

std::set<std::string> ScriptedProvider::to() const {
  std::set<std::string> all;
  for (auto const& one : accepted) all.insert(one.to);
  return all;
}

struct ScriptedProvider::Turn {
  std::vector<Envelope> envelopes;
  HandOffObserver& observer;
  std::vector<Outcome> outcomes;
  std::size_t next = 0;
};

Task<void> ScriptedProvider::hand_over(Envelope const& envelope, HandOffObserver& observer, Outcome& outcome) {
  if (before) {
    ++inside;
    co_await before(envelope);
    --inside;
  }
  if (!observer.may_hand_off(envelope)) {
    ++refused;
    co_return;
  }
  if (!observer.phase(envelope, Phase::begun, nullptr)) co_return;
  ++offered;
  Outcome planned;
  planned.kind = OutcomeKind::accepted;
  if (always) planned = *always;
  if (auto const found = script.find(envelope.letter.to.email); found != script.end()) {
    planned = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
  }
  if (planned.kind == OutcomeKind::accepted || planned.kind == OutcomeKind::uncertain) {
    if (!observer.phase(envelope, Phase::dot, nullptr)) {
      ++refused;
      co_return;
    }
    // From here on it has arrived, whatever becomes of the reply.
    accepted.push_back(Acceptance{envelope.id, envelope.fence, envelope.letter.to.email});
    if (after_dot) co_await after_dot(envelope);
    if (planned.kind == OutcomeKind::accepted && planned.provider_message_id.empty()) planned.provider_message_id = "fake-" + envelope.id.str();
  }
  outcome = planned;
  observer.phase(envelope, Phase::replied, &outcome);
}

Task<void> ScriptedProvider::work(Turn& turn) {
  while (turn.next < turn.envelopes.size()) {
    auto const index = turn.next++;
    co_await hand_over(turn.envelopes[index], turn.observer, turn.outcomes[index]);
    turn.observer.settled(index, turn.outcomes[index]);
  }
}

Task<std::vector<Outcome>> ScriptedProvider::deliver(std::vector<Envelope> batch, HandOffObserver& observer) {
  auto const count = batch.size();
  Turn turn{std::move(batch), observer, std::vector<Outcome>(count)};
  TaskGroup group(co_await boost::asio::this_coro::executor);
  for (std::size_t i = 0; i < std::min(at_once, count); ++i) group.spawn("scripted", work(turn));
  co_await group.join();
  co_return std::move(turn.outcomes);
}

Task<CheckReport> ScriptedProvider::check() { co_return CheckReport(); }
Task<void> ScriptedProvider::close() { co_return; }

Outcome outcome_of(OutcomeKind kind, int code, bool provider_fault, BounceClass bounce) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  outcome.reply = "as scripted";
  outcome.provider_fault = provider_fault;
  outcome.bounce = bounce;
  return outcome;
}

namespace {

std::filesystem::path new_folder() {
  char pattern[] = "/tmp/postrider-sending-XXXXXX";
  return ::mkdtemp(pattern);
}

crypto::Keys keys_in(std::filesystem::path const& folder, Random& random) {
  auto made = crypto::Keys::load_or_create(folder / "secret", random);
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

SendingStage::SendingStage(TestStore& store_test)
    : t(store_test), folder(new_folder()), keys(keys_in(folder, t.random)), tokens(keys), templates(*t.store, t.clock, t.ids) {}

SendingStage::~SendingStage() { std::filesystem::remove_all(folder); }

Task<void> SendingStage::prepare() {
  auto const now = to_text(t.clock.now());
  std::vector<TenantId> tenants;
  tenants.push_back(t.tenant);
  for (auto const& [tenant, ground] : grounds)
    if (tenant != t.tenant) tenants.push_back(tenant);
  for (auto const tenant : tenants) {
    if (grounds.contains(tenant) && !grounds[tenant].version.uuid().is_nil()) continue;
    auto& ground = grounds[tenant];
    ground.provider = t.ids.make<ProviderId>();
    ground.sender = t.ids.make<SenderId>();
    co_await t.query(fmt::format("insert into providers (tenant_id, id, name, kind, settings, breaker, created_at, updated_at) values ('{}', '{}', 'fake', 'file', '{{}}', '{{}}', '{}', '{}')",
                                 tenant.str(), ground.provider.str(), now, now));
    co_await t.query(fmt::format("insert into sender_identities (tenant_id, id, from_email, from_name, provider_id, verified, created_at, updated_at) values ('{}', '{}', 'news@acme.example', 'Acme', '{}', true, '{}', '{}')",
                                 tenant.str(), ground.sender.str(), ground.provider.str(), now, now));
    auto context = t.context();
    context.tenant = tenant;
    content::TemplateChange parts;
    parts.subject = "News";
    parts.html_body = "<p>Hello {{ contact.email }}</p><p><a href=\"{{ unsubscribe_url }}\">Unsubscribe</a></p>";
    auto const made = co_await templates.create(context, "news", "email", std::move(parts));
    REQUIRE(made);
    ground.version = made->version_id;
  }
}

Task<TenantId> SendingStage::another_tenant(std::string slug) {
  auto const tenant = t.ids.make<TenantId>();
  auto const now = to_text(t.clock.now());
  co_await t.query(fmt::format("insert into tenants (id, name, slug, created_at, updated_at) values ('{}', '{}', '{}', '{}', '{}')", tenant.str(), slug, slug, now, now));
  grounds[tenant];
  co_await prepare();
  co_return tenant;
}

Task<ContactId> SendingStage::person(std::string address, TenantId tenant) {
  if (tenant.uuid().is_nil()) tenant = t.tenant;
  auto const id = ContactId(uuid_from_name("contact " + address));
  auto const now = to_text(t.clock.now());
  co_await t.query(fmt::format("insert into contacts (tenant_id, id, email, email_key, attributes, tags, tracking, created_at, updated_at) values ('{}', '{}', '{}', '{}', '{{}}', '[]', true, '{}', '{}')",
                               tenant.str(), id.str(), address, address, now, now));
  co_await t.query(fmt::format("insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, created_at, updated_at) values ('{}', '{}', '{}', 'email', 'marketing', 'granted', '{}', '{}')",
                               tenant.str(), t.ids.next().str(), id.str(), now, now));
  co_return id;
}

Task<CampaignId> SendingStage::campaign(std::string name, int people, int priority, std::optional<int> throttle, TenantId tenant) {
  if (tenant.uuid().is_nil()) tenant = t.tenant;
  auto const& ground = grounds.at(tenant);
  auto const id = t.ids.make<CampaignId>();
  auto const now = to_text(t.clock.now());
  auto const rate = throttle ? std::to_string(*throttle) : std::string("null");
  co_await t.query(fmt::format("insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, sender_id, template_version_id, schedule, priority, tracking, metadata, "
                               "audience, run_number, created_at, updated_at) values ('{}', '{}', '{}', 'broadcast', 'active', '[]', '[]', '{}', '{}', '{{}}', {}, true, '{{}}', {}, 1, '{}', '{}')",
                               tenant.str(), id.str(), name, ground.sender.str(), ground.version.str(), priority, people, now, now));
  std::string contacts, consents, messages;
  for (int i = 1; i <= people; ++i) {
    auto const address = fmt::format("{}-{}@example.net", name, i);
    auto const contact = uuid_from_name("contact " + address).str();
    auto const comma = i == 1 ? "" : ",";
    contacts += fmt::format("{}('{}','{}','{}','{}','{{}}','[]',true,'{}','{}')", comma, tenant.str(), contact, address, address, now, now);
    consents += fmt::format("{}('{}','{}','{}','email','marketing','granted','{}','{}')", comma, tenant.str(), t.ids.next().str(), contact, now, now);
    messages += fmt::format("{}('{}','{}','outbound','email','marketing','{}','1','{}','{}','{}','{}','{}','queued',{},0,0,'{}','{}','{}','{}')", comma, tenant.str(),
                            message_to(address).str(), id.str(), id.str(), contact, id.str(), ground.version.str(), ground.sender.str(), priority, now, now, now, now);
  }
  if (people > 0) {
    co_await t.query("insert into contacts (tenant_id, id, email, email_key, attributes, tags, tracking, created_at, updated_at) values " + contacts);
    co_await t.query("insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, created_at, updated_at) values " + consents);
    co_await t.query("insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, campaign_id, contact_id, lane_id, template_version_id, sender_id, status, priority, "
                     "attempt_count, fence, due_at, scheduled_at, created_at, updated_at) values " + messages);
  }
  co_await t.query(fmt::format("insert into send_lanes (tenant_id, id, campaign_id, priority, is_open, next_due_at, version, throttle_per_minute, tokens, tokens_at, served_at) "
                               "values ('{}', '{}', '{}', {}, true, '{}', 1, {}, 1, '{}', '{}')",
                               tenant.str(), id.str(), id.str(), priority, now, rate, now, now));
  t.store->announce("sending");
  co_return id;
}

Task<MessageId> SendingStage::direct(std::string address, std::string purpose, int priority, TenantId tenant) {
  if (tenant.uuid().is_nil()) tenant = t.tenant;
  auto const& ground = grounds.at(tenant);
  auto const contact = uuid_from_name("contact " + address);
  auto const now = to_text(t.clock.now());
  auto const id = message_to(address);
  auto const lane = direct_lane(tenant, ground.sender, priority);
  co_await t.query(fmt::format("insert into messages (tenant_id, id, direction, channel, purpose, source_id, visit, contact_id, lane_id, template_version_id, sender_id, status, priority, "
                               "attempt_count, fence, due_at, scheduled_at, variables, created_at, updated_at) values "
                               "('{}','{}','outbound','email','{}','{}','1','{}','{}','{}','{}','queued',{},0,0,'{}','{}','{{}}','{}','{}')",
                               tenant.str(), id.str(), purpose, id.str(), contact.str(), lane.str(), ground.version.str(), ground.sender.str(), priority, now, now, now, now));
  auto again = co_await t.store->begin();
  co_await open_direct_lane(again, tenant, ground.sender, priority, t.clock.now(), t.clock.now());
  co_await again.commit();
  t.store->announce("sending");
  co_return id;
}

SendingSettings SendingStage::quick() const {
  SendingSettings settings;
  settings.public_url = "https://mail.acme.example";
  settings.journal_folder = folder / "journals";
  settings.poll = std::chrono::milliseconds(10);
  settings.beat_every = std::chrono::milliseconds(10);
  return settings;
}

std::unique_ptr<Service> SendingStage::sender(db::Store& store, InstanceId instance, SendingSettings settings) {
  if (settings.public_url.empty()) settings = quick();
  auto provider_of = [this](TenantId, ProviderId id) -> Task<std::shared_ptr<Provider>> {
    struct Answer {
      static Task<std::shared_ptr<Provider>> with(std::shared_ptr<Provider> provider) { co_return provider; }
    };
    auto const found = others.find(id);
    return Answer::with(found == others.end() ? provider : found->second);
  };
  SendingGround const ground{store, t.clock, t.random, t.ids, t.executor(), instance, templates, provider_of, tokens};
  return make_sender_service(ground, settings);
}

Task<std::string> SendingStage::status(std::string address) {
  auto const rows = co_await t.query("select status from messages where id = '" + message_to(address).str() + "'");
  co_return rows.empty() ? std::string("none") : rows[0][0];
}

Task<std::string> SendingStage::states() {
  std::string all;
  for (auto const& row : co_await t.query("select status, count(*) from messages group by status order by status")) all += (all.empty() ? "" : ", ") + row[0] + " " + row[1];
  co_return all;
}

Task<void> SendingStage::settled() {
  auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (;;) {
    auto const rows = co_await t.query("select count(*) from messages where status = 'sending' or (status = 'queued' and due_at <= '" + to_text(t.clock.now()) + "')");
    if (rows[0][0] == "0") co_return;
    if (std::chrono::steady_clock::now() > limit) {
      auto const found = co_await states();
      FAIL("not settled within fifteen seconds: " + found);
    }
    co_await sleep_for(std::chrono::milliseconds(5));
  }
}

Task<void> SendingStage::until_states(std::string wanted) {
  auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (;;) {
    auto const found = co_await states();
    if (found == wanted) co_return;
    if (std::chrono::steady_clock::now() > limit) FAIL("wanted " + wanted + ", found " + found);
    co_await sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace postrider::test
