#include "journeys/effects.h"

#include "postrider/base/log.h"
#include "postrider/contacts/edits.h"
#include "postrider/delivery/direct_messages.h"
#include "postrider/jobs/queue.h"
#include "postrider/segments/listing.h"
#include "sql/journey_engine.h"

#include <boost/json/serialize.hpp>

namespace postrider::journeys {

namespace {

// Below receipts and what people wait for; marketing among itself like any campaign.
constexpr int transactional_priority = 2;
constexpr int marketing_priority = 5;

// Everything wanted, sorted by who does it.
class Basket {
 public:
  Basket(std::map<Uuid, TemplateVersionId> const& versions, Ids& ids, Instant now) : versions_(versions), ids_(ids), now_(now) {}

  void add(WantedEffect const& wanted) {
    auto const& action = std::get<Action>(wanted.journey->definition.nodes[wanted.effect.node].settings);
    switch (action.what) {
      case Action::Do::send_message: messages.push_back(message(wanted, action)); break;
      case Action::Do::add_tag: edit(wanted).add_tags.push_back(action.name); break;
      case Action::Do::remove_tag: edit(wanted).remove_tags.push_back(action.name); break;
      case Action::Do::set_attribute: edit(wanted).attributes[action.name.substr(11)] = action.value; break;
      case Action::Do::add_to_segment:
      case Action::Do::remove_from_segment:
        listings.push_back(segments::Listing{*action.segment, wanted.contact, action.what == Action::Do::add_to_segment});
        break;
      case Action::Do::webhook: calls.push_back(call(wanted, action)); break;
      case Action::Do::start_journey: starts.push_back(start(wanted, action)); break;
      case Action::Do::end_journey: ends.add(*action.journey, wanted.contact); break;
      case Action::Do::record_event: happened.push_back(event(wanted, action)); break;
      case Action::Do::set_variable: break;
    }
  }

  std::vector<delivery::DirectMessage> messages;
  std::vector<contacts::Edit> edits;
  std::vector<segments::Listing> listings;
  std::vector<jobs::NewJob> calls;
  std::vector<Entrance> starts;
  std::vector<events::Event> happened;
  db::Columns ends{2};

 private:
  contacts::Edit& edit(WantedEffect const& wanted) {
    edits.emplace_back();
    edits.back().contact = wanted.contact;
    return edits.back();
  }

  delivery::DirectMessage message(WantedEffect const& wanted, Action const& action) const {
    delivery::DirectMessage mail;
    mail.contact = wanted.contact;
    mail.channel = action.channel;
    mail.purpose = action.purpose;
    mail.version = versions_.at(action.template_id->uuid());
    mail.sender = *action.sender;
    mail.variables = wanted.effect.variables;
    boost::json::object journey;
    journey["id"] = wanted.journey->journey.str();
    journey["name"] = wanted.journey->name;
    journey["execution_id"] = wanted.execution.str();
    mail.journey = std::move(journey);
    mail.event = wanted.effect.event;
    mail.priority = action.purpose == "marketing" ? marketing_priority : transactional_priority;
    mail.tracking = action.purpose == "marketing";
    mail.source = wanted.execution.uuid();
    mail.visit = std::to_string(wanted.effect.visit);
    return mail;
  }

  static jobs::NewJob call(WantedEffect const& wanted, Action const& action) {
    jobs::NewJob job;
    job.queue = "journeys";
    job.kind = "journey:webhook";
    job.key = webhook_key(wanted.execution, wanted.effect.visit, wanted.effect.attempt);
    job.max_attempts = 5;  // for a server that dies in between; what the webhook answers, the journey itself decides about
    job.payload["execution_id"] = wanted.execution.str();
    job.payload["visit"] = wanted.effect.visit;
    job.payload["attempt"] = wanted.effect.attempt;
    job.payload["url"] = action.url;
    boost::json::object body;
    body["journey_id"] = wanted.journey->journey.str();
    body["node_id"] = wanted.journey->definition.nodes[wanted.effect.node].id;
    body["execution_id"] = wanted.execution.str();
    body["contact_id"] = wanted.contact.str();
    body["variables"] = wanted.effect.variables;
    body["event"] = wanted.effect.event;
    body["body"] = action.value;
    job.payload["body"] = std::move(body);
    return job;
  }

  static Entrance start(WantedEffect const& wanted, Action const& action) {
    Entrance entrance;
    entrance.journey = *action.journey;
    entrance.contact = wanted.contact;
    entrance.key = wanted.execution.str() + ":" + std::to_string(wanted.effect.visit);
    entrance.variables = wanted.effect.variables;
    entrance.event = wanted.effect.event;
    return entrance;
  }

  events::Event event(WantedEffect const& wanted, Action const& action) const {
    events::Event event;
    event.id = ids_.make<EventId>();
    event.type = action.name;
    event.contact_id = wanted.contact;
    event.journey_id = wanted.journey->journey.uuid();
    event.occurred_at = now_;
    if (action.value.is_object()) event.payload = action.value.as_object();
    return event;
  }

  std::map<Uuid, TemplateVersionId> const& versions_;
  Ids& ids_;
  Instant now_;
};

}  // namespace

std::string webhook_key(ExecutionId execution, int visit, int attempt) {
  return "journey:webhook:" + execution.str() + ":" + std::to_string(visit) + ":" + std::to_string(attempt);
}

Task<void> carry_out(Engine& engine, db::Transaction& tx, TenantId tenant, std::vector<WantedEffect> effects, std::map<Uuid, TemplateVersionId> versions, Ids& ids, Instant now) {
  if (effects.empty()) co_return;
  Basket basket(versions, ids, now);
  for (auto const& wanted : effects) basket.add(wanted);
  Context context;
  context.tenant = tenant;
  for (auto const& refused : co_await contacts::apply_edits(tx, context, std::move(basket.edits), ids, now))
    log::warn("journey_edit_refused", log::field("contact_id", refused.contact), log::field("why", refused.why));
  co_await segments::change_listings(tx, tenant, std::move(basket.listings), ids, now);
  if (!basket.starts.empty()) {
    // By the trigger `call` of whatever version is active now; a journey without one lets nobody in this way.
    std::map<JourneyId, std::optional<std::size_t>> triggers;
    for (auto const row : co_await tx.all(sql::journey_engine::active, tenant)) {
      auto const journey = co_await engine.published(tx, tenant, row.id<JourneyId>(0), static_cast<int>(row.integer(2)));
      if (journey) triggers[journey->journey] = journey->definition.trigger(Trigger::On::call);
    }
    std::erase_if(basket.starts, [&](Entrance& each) {
      auto const trigger = triggers[each.journey];
      each.trigger = trigger.value_or(0);
      return !trigger;
    });
    co_await engine.enter(tx, tenant, std::move(basket.starts));
  }
  if (basket.ends.rows() > 0) {
    boost::json::object order;
    order["leave"] = "ended by another journey";
    co_await tx.exec(sql::journey_engine::end_others, tenant, order, now, basket.ends);
  }
  if (!basket.happened.empty()) co_await events::append(tx, tenant, std::move(basket.happened), now);
  if (!basket.calls.empty()) co_await jobs::enqueue(tx, tenant, std::move(basket.calls), ids, now);
  // Last: they lock the lanes that senders work on.
  co_await delivery::queue(tx, tenant, std::move(basket.messages), ids, now);
}

}  // namespace postrider::journeys
