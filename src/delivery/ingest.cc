#include "postrider/delivery/ingest.h"

#include "delivery/facts.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/consent/suppression.h"
#include "postrider/contacts/email_address.h"
#include "postrider/events/event_log.h"
#include "sql/ingest.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

namespace postrider::delivery {

POSTRIDER_DECLARE_FAIL_POINT(point_before_commit, "ingest.before_commit");
POSTRIDER_DECLARE_FAIL_POINT(point_after_commit, "ingest.after_commit");

namespace {

constexpr std::size_t facts_a_commit = 4000;
constexpr auto burst_window = std::chrono::seconds(10);

struct Known {
  MessageId id;
  ContactId contact;
  std::optional<CampaignId> campaign;
  std::string channel;
  std::optional<Instant> sent_at;
  std::string email;
  bool counts = true;  // a test or a confirmation tells nobody anything
};

Known read_known(db::Row row) {
  return Known{.id = row.id<MessageId>(0),
               .contact = row.id<ContactId>(1),
               .campaign = row.maybe_id<CampaignId>(2),
               .channel = row.text(3),
               .sent_at = row.maybe_instant(4),
               .email = row.maybe_text(6).value_or(""),
               .counts = row.view(8) == "message"};
}

std::optional<std::string> some(std::string const& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

struct Waiting {
  TenantId tenant;
  std::vector<Fact> facts;
  IngestResult result;
  bool finished = false;
  std::exception_ptr failure;
  std::unique_ptr<Signal> done;
};

class GroupedIngest : public Ingest {
 public:
  GroupedIngest(db::Store& store, Clock const& clock, Ids& ids, Executor executor)
      : store_(store), clock_(clock), ids_(ids), executor_(executor), tasks_(executor), bell_(executor) {}

  std::string_view name() const override { return "ingest"; }

  Task<void> start() override {
    running_ = true;
    tasks_.spawn("delivery.ingest", work());
    co_return;
  }

  Task<void> stop() override {
    running_ = false;
    bell_.notify();
    co_await tasks_.join();
  }

  Task<IngestResult> take(TenantId tenant, std::vector<Fact> facts) override {
    if (facts.empty()) co_return IngestResult();
    if (!running_) throw db::Unavailable("the server is stopping");
    auto waiting = std::make_shared<Waiting>();
    waiting->tenant = tenant;
    waiting->facts = std::move(facts);
    waiting->done = std::make_unique<Signal>(executor_);
    queue_.push_back(waiting);
    bell_.notify();
    while (!waiting->finished) co_await waiting->done->wait_for(std::chrono::minutes(1));
    if (waiting->failure) std::rethrow_exception(waiting->failure);
    co_return waiting->result;
  }

 private:
  // What arrives while one transaction is under way travels in the next: no timer, and full batches under load.
  Task<void> work() {
    while (running_ || !queue_.empty()) {
      if (queue_.empty()) {
        co_await bell_.wait_for(std::chrono::seconds(5));
        continue;
      }
      auto group = next_group();
      std::exception_ptr failure;
      try {
        co_await commit(group);
      } catch (...) {
        failure = std::current_exception();
      }
      // One poisonous fact must not refuse everybody's: try each request by itself.
      if (failure && group.size() > 1) {
        for (auto const& one : group) {
          std::vector<std::shared_ptr<Waiting>> alone;
          alone.push_back(one);
          std::exception_ptr own;
          try {
            co_await commit(alone);
          } catch (...) {
            own = std::current_exception();
          }
          finish(*one, own);
        }
        continue;
      }
      for (auto const& one : group) finish(*one, failure);
    }
  }

  static void finish(Waiting& one, std::exception_ptr failure) {
    one.finished = true;
    one.failure = failure;
    one.done->notify();
  }

  // The oldest request, and others of its tenant up to a commit's worth.
  std::vector<std::shared_ptr<Waiting>> next_group() {
    std::vector<std::shared_ptr<Waiting>> group;
    auto const tenant = queue_.front()->tenant;
    std::size_t facts = 0;
    std::deque<std::shared_ptr<Waiting>> rest;
    for (auto& one : queue_) {
      if (one->tenant == tenant && (group.empty() || facts + one->facts.size() <= facts_a_commit)) {
        facts += one->facts.size();
        group.push_back(std::move(one));
      } else {
        rest.push_back(std::move(one));
      }
    }
    queue_ = std::move(rest);
    return group;
  }

  Task<void> commit(std::vector<std::shared_ptr<Waiting>> const& group) {
    auto const tenant = group.front()->tenant;
    auto const now = clock_.now();
    auto tx = co_await store_.begin(db::Lane::sending);
    std::vector<Fact const*> fresh;
    co_await drop_duplicates(tx, tenant, group, fresh, now);
    if (!fresh.empty()) {
      auto const known = co_await resolve(tx, tenant, fresh);
      co_await store_facts(tx, tenant, fresh, known, now);
    }
    POSTRIDER_FAIL_POINT("ingest.before_commit");
    co_await tx.commit();
    POSTRIDER_FAIL_POINT("ingest.after_commit");
    for (auto const* const fact : fresh)
      metrics::counter("postrider_delivery_facts_total", "Facts about messages taken in", {{"kind", std::string(delivery::name(fact->kind))}}).add();
  }

  Task<void> drop_duplicates(db::Transaction& tx, TenantId tenant, std::vector<std::shared_ptr<Waiting>> const& group, std::vector<Fact const*>& fresh,
                             Instant now) {
    // Sorted, so that two instances told the same events lock their rows in one order.
    std::set<std::pair<std::string, std::string>> keys;
    for (auto const& one : group)
      for (auto const& fact : one->facts)
        if (!fact.provider_event_id.empty()) keys.emplace(fact.provider, fact.provider_event_id);
    std::set<std::pair<std::string, std::string>> unseen;
    if (!keys.empty()) {
      db::Columns columns(2);
      for (auto const& [provider, id] : keys) columns.add(provider, id);
      auto const rows = co_await tx.all(sql::ingest::dedupe, tenant, now, columns);
      for (auto const row : rows) unseen.emplace(row.text(0), row.text(1));
    }
    for (auto const& one : group) {
      one->result = IngestResult();
      for (auto const& fact : one->facts) {
        bool const is_new = fact.provider_event_id.empty() || unseen.erase(std::make_pair(fact.provider, fact.provider_event_id)) > 0;
        ++(is_new ? one->result.stored : one->result.duplicates);
        if (is_new) fresh.push_back(&fact);
      }
    }
  }

  // Whose message each fact speaks of; facts that fit none are stored all the same.
  Task<std::vector<std::optional<Known>>> resolve(db::Transaction& tx, TenantId tenant, std::vector<Fact const*> const& facts) {
    std::set<std::string> ids, provider_ids, addresses;
    for (auto const* const fact : facts) {
      if (fact->message) ids.insert(fact->message->str());
      if (!fact->provider_message_id.empty()) provider_ids.insert(fact->provider_message_id);
    }
    std::unordered_map<std::string, Known> by_id, by_provider, by_address;
    if (!ids.empty())
      for (auto const row : co_await tx.all(sql::ingest::messages_by_id, tenant, db::text_array(ids))) by_id.emplace(row.text(0), read_known(row));
    if (!provider_ids.empty()) {
      auto const rows = co_await tx.all(sql::ingest::messages_by_provider_id, tenant, db::text_array(provider_ids));
      for (auto const row : rows) by_provider.emplace(row.text(7), read_known(row));
    }
    auto find = [&](Fact const& fact) -> Known const* {
      if (fact.message)
        if (auto const found = by_id.find(fact.message->str()); found != by_id.end()) return &found->second;
      if (auto const found = by_provider.find(fact.provider_message_id); found != by_provider.end()) return &found->second;
      return nullptr;
    };
    for (auto const* const fact : facts)
      if (!fact->email.empty() && !find(*fact))
        if (auto const address = contacts::parse_email(fact->email)) addresses.insert(address->key);
    if (!addresses.empty()) {
      auto const rows = co_await tx.all(sql::ingest::newest_by_address, tenant, db::text_array(addresses));
      for (auto const row : rows) by_address.emplace(row.text(7), read_known(row));
    }
    std::vector<std::optional<Known>> known;
    known.reserve(facts.size());
    for (auto const* const fact : facts) {
      auto const* found = find(*fact);
      if (!found && !fact->email.empty())
        if (auto const address = contacts::parse_email(fact->email))
          if (auto const at = by_address.find(address->key); at != by_address.end()) found = &at->second;
      known.push_back(found ? std::optional<Known>(*found) : std::nullopt);
    }
    co_return known;
  }

  Task<void> store_facts(db::Transaction& tx, TenantId tenant, std::vector<Fact const*> facts, std::vector<std::optional<Known>> known, Instant now) {
    auto const actors = co_await classify_all(tx, tenant, facts, known);
    db::Columns rows(16);
    std::map<MessageId, Advance> advances;  // ordered: rows are locked in id order
    std::vector<events::Event> happened;
    std::vector<consent::Suppress> suppressions;
    for (std::size_t i = 0; i < facts.size(); ++i) {
      auto const& fact = *facts[i];
      auto const& message = known[i];
      auto const& actor = actors[i];
      boost::json::array reasons;
      for (auto const& reason : actor.reasons) reasons.emplace_back(reason);
      std::optional<MessageId> message_id;
      std::optional<ContactId> contact_id;
      std::optional<CampaignId> campaign_id;
      if (message) {
        message_id = message->id;
        if (!message->contact.is_nil()) contact_id = message->contact;
        campaign_id = message->campaign;
      }
      std::string const channel = message ? message->channel : "email";
      auto detail = fact.detail;
      if (fact.method != "GET") detail["method"] = fact.method;
      if (fact.provider_says_machine) detail["machine"] = true;
      if (fact.links > 0) detail["links"] = fact.links;
      rows.add(ids_.next(), message_id, contact_id, campaign_id, channel, fact.provider, some(fact.provider_event_id), delivery::name(fact.kind),
               delivery::name(actor.actor), boost::json::serialize(reasons), some(fact.url), fact.link_index, some(fact.ip_address), some(fact.user_agent),
               boost::json::serialize(detail), fact.occurred_at);
      if (message) {
        advance_by(advances[message->id], fact, actor.actor);
        auto const kind = marketing_kind(fact, channel);
        if (!kind.empty() && message->counts && actor.actor != ActorClass::machine) happened.push_back(event_of(fact, *message, kind, actor));
      }
      auto const address = message && !message->email.empty() ? message->email : fact.email;
      if (auto const reason = suppress_reason(fact); !reason.empty() && !address.empty())
        suppressions.push_back(consent::Suppress{.email_address = address, .reason = reason, .source = fact.provider, .message_id = message_id});
    }
    co_await tx.all(sql::ingest::insert_events, tenant, now, rows);
    if (!advances.empty()) {
      db::Columns steps(10);
      for (auto const& [id, a] : advances)
        steps.add(id, a.delivered, a.opened, a.machine_opened, a.clicked, a.bounced, a.bounce_class, a.complained, a.unsubscribed, a.arrived);
      co_await tx.all(sql::ingest::advance_messages, tenant, now, steps);
    }
    if (!happened.empty()) co_await events::append(tx, tenant, std::move(happened), now);
    if (!suppressions.empty()) {
      Context context;
      context.tenant = tenant;
      context.actor = Actor{ActorKind::provider, Uuid()};
      co_await consent::suppress(tx, context, std::move(suppressions), ids_, now);
    }
  }

  Task<std::vector<Classified>> classify_all(db::Transaction& tx, TenantId tenant, std::vector<Fact const*> const& facts,
                                             std::vector<std::optional<Known>> const& known) {
    // How many distinct links of a message were hit lately: those stored, and those of this batch.
    std::map<std::string, std::set<int>> here;
    for (std::size_t i = 0; i < facts.size(); ++i)
      if (facts[i]->kind == FactKind::clicked && known[i] && facts[i]->link_index) here[known[i]->id.str()].insert(*facts[i]->link_index);
    std::map<std::string, int> before;
    if (!here.empty()) {
      std::vector<std::string> ids;
      for (auto const& [id, links] : here) ids.push_back(id);
      auto const rows = co_await tx.all(sql::ingest::recent_links, tenant, db::text_array(ids), clock_.now() - burst_window);
      for (auto const row : rows) before[row.text(0)] = static_cast<int>(row.integer(1));
    }
    std::vector<Classified> all;
    all.reserve(facts.size());
    for (std::size_t i = 0; i < facts.size(); ++i) {
      auto const& fact = *facts[i];
      if (fact.kind != FactKind::opened && fact.kind != FactKind::clicked) {
        all.push_back(Classified{.actor = ActorClass::none});
        continue;
      }
      Hit hit;
      hit.click = fact.kind == FactKind::clicked;
      hit.at = fact.occurred_at;
      // Providers that report whole seconds cannot be measured against our clock.
      if (known[i] && fact.provider == "tracking") hit.sent_at = known[i]->sent_at;
      hit.method = fact.method;
      hit.user_agent = fact.user_agent;
      hit.ip_address = fact.ip_address;
      hit.provider_says_machine = fact.provider_says_machine;
      hit.links = fact.links;
      if (known[i]) hit.recent_links = before[known[i]->id.str()] + static_cast<int>(here[known[i]->id.str()].size());
      all.push_back(classify(hit));
    }
    co_return all;
  }

  events::Event event_of(Fact const& fact, Known const& message, std::string_view kind, Classified const& actor) {
    events::Event event;
    event.id = ids_.make<EventId>();
    event.type = std::string(kind);
    event.contact_id = message.contact;
    event.campaign_id = message.campaign;
    event.message_id = message.id;
    event.occurred_at = fact.occurred_at;
    if (!fact.user_agent.empty()) event.payload["user_agent"] = fact.user_agent;
    if (!fact.ip_address.empty()) event.payload["ip_address"] = fact.ip_address;
    if (!fact.url.empty()) event.payload["url"] = fact.url;
    if (fact.link_index) event.payload["link_index"] = *fact.link_index;
    if (!fact.bounce_class.empty()) event.payload["bounce_class"] = fact.bounce_class;
    if (actor.actor != ActorClass::none) event.payload["actor_class"] = delivery::name(actor.actor);
    return event;
  }

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Executor executor_;
  TaskGroup tasks_;
  Signal bell_;
  std::deque<std::shared_ptr<Waiting>> queue_;
  bool running_ = false;
};

}  // namespace

std::unique_ptr<Ingest> make_ingest(db::Store& store, Clock const& clock, Ids& ids, Executor executor) {
  return std::make_unique<GroupedIngest>(store, clock, ids, executor);
}

}  // namespace postrider::delivery
