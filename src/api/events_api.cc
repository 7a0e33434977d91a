#include "api/events_api.h"

#include "postrider/contacts/email_address.h"
#include "postrider/events/event_log.h"
#include "sql/intake.h"

#include <boost/describe.hpp>
#include <boost/json/serialize.hpp>

#include <map>

namespace postrider::api {

namespace {

constexpr std::size_t most_events = 1000;
constexpr std::size_t largest_properties = 16 * 1024;
constexpr std::uint64_t body_limit = 5 * 1024 * 1024;
constexpr auto clocks_differ = std::chrono::minutes(10);

struct EventIn {
  std::string type;
  std::optional<ContactId> contact_id;
  std::optional<std::string> email;
  std::optional<Instant> occurred_at;
  json::Defaulted<boost::json::object> properties = boost::json::object();
  static constexpr std::string_view json_name = "EventInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "campaign_id", "message_id"};
};
BOOST_DESCRIBE_STRUCT(EventIn, (), (type, contact_id, email, occurred_at, properties))

// One event, or {"events": [...]}.
struct EventsIn {
  json::Given<std::string> type;
  std::optional<ContactId> contact_id;
  std::optional<std::string> email;
  std::optional<Instant> occurred_at;
  json::Defaulted<boost::json::object> properties = boost::json::object();
  json::Given<std::vector<EventIn>> events;
  static constexpr std::string_view json_name = "EventsInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "campaign_id", "message_id"};
};
BOOST_DESCRIBE_STRUCT(EventsIn, (), (type, contact_id, email, occurred_at, properties, events))

struct EventOut {
  EventId id;
  std::string type;
  std::optional<ContactId> contact_id;
  std::optional<CampaignId> campaign_id;
  std::optional<Uuid> journey_id;
  std::optional<MessageId> message_id;
  Instant occurred_at;
  Instant created_at;
  boost::json::object properties;
  static constexpr std::string_view json_name = "Event";
};
BOOST_DESCRIBE_STRUCT(EventOut, (), (id, type, contact_id, campaign_id, journey_id, message_id, occurred_at, created_at, properties))

struct TakenIn {
  std::vector<EventId> ids;
};
BOOST_DESCRIBE_STRUCT(TakenIn, (), (ids))

EventOut out_of(events::Event const& e, Instant created_at) {
  return EventOut{e.id, e.type, e.contact_id, e.campaign_id, e.journey_id, e.message_id, e.occurred_at, created_at, e.payload};
}

// The people that events name, by id and by address.
class People {
 public:
  void add(db::Row row) {
    auto const id = row.id<ContactId>(0);
    known_[id.str()] = id;
    if (!row.is_null(1)) known_[row.text(1)] = id;
  }
  std::optional<ContactId> find(std::string const& key) const {
    auto const found = known_.find(key);
    return found == known_.end() ? std::nullopt : std::optional<ContactId>(found->second);
  }

 private:
  std::map<std::string, ContactId> known_;
};

std::string key_of(EventIn const& event) {
  if (event.contact_id) return event.contact_id->str();
  auto const address = contacts::parse_email(*event.email);
  return address ? address->key : std::string();
}

void look_at(EventIn const& event, std::string const& at, Instant now, std::vector<FieldError>& mistakes) {
  auto const mistake = [&](char const* member, char const* code, std::string message) { mistakes.push_back(FieldError{at + member, code, std::move(message)}); };
  if (events::is_documented(event.type)) mistake("/type", "invalid_value", "'" + event.type + "' is told by postrider itself; take another name");
  else if (!events::is_custom(event.type)) mistake("/type", "invalid_value", "must be 1 to 50 small letters, digits, '_' and '.', beginning with a letter");
  if (event.contact_id.has_value() == event.email.has_value()) mistake("/contact_id", "required", "name the contact by contact_id or by email, not by both");
  else if (event.email && !contacts::parse_email(*event.email)) mistake("/email", "invalid_value", "must be an e-mail address");
  if (event.occurred_at && *event.occurred_at > now + clocks_differ) mistake("/occurred_at", "out_of_range", "must not lie in the future");
  if (boost::json::serialize(*event.properties).size() > largest_properties)
    mistake("/properties", "too_long", "must have at most " + std::to_string(largest_properties) + " bytes");
}

}  // namespace

std::vector<http::Route> EventsApi::routes() {
  std::vector<http::Route> all;
  auto listing = doc("list_events", "Marketing events, newest first", "events").paged();
  listing.query("contact_id", "Of this contact").query("type", "Of this kind").query("from", "Written at or after").query("to", "Written before");
  all.push_back(get("/events", right::read, on(this, &EventsApi::list), listing.answers_list<EventOut>()));
  all.push_back(post("/events", right::write, on(this, &EventsApi::take_in),
                     doc("create_events", "Tell of one event, or of up to 1000: all or none are taken in", "events").takes<EventsIn>().answers<TakenIn>(202),
                     http::BodyKind::json, body_limit));
  return all;
}

EventsApi::Answer EventsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  events::EventFilter filter;
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const type = query_text(request, "type");
  if (!type) co_return type.error();
  auto const from = query_instant(request, "from");
  if (!from) co_return from.error();
  auto const to = query_instant(request, "to");
  if (!to) co_return to.error();
  filter.contact_id = *contact;
  filter.type = *type;
  filter.from = *from;
  filter.to = *to;
  std::optional<std::pair<Instant, EventId>> after;
  if (page->after && page->after->size() == 2)
    if (auto const at = parse_instant((*page->after)[0]))
      if (auto const event = EventId::parse((*page->after)[1])) after.emplace(*at, *event);
  auto const found = co_await events::list(store_, caller(request).context.tenant, filter, after, page->limit + 1);
  auto encode = [](events::Listed const& e) { return json::encode(out_of(e.event, e.created_at)); };
  auto key = [](events::Listed const& e) { return std::vector<std::string>{to_text(e.created_at), e.event.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

EventsApi::Answer EventsApi::take_in(http::Request& request) {
  auto wanted = json::read<EventsIn>(request.body);
  if (!wanted) co_return wanted.error();
  bool const many = wanted->events.has_value();
  if (many == wanted->type.has_value()) co_return invalid_field("/type", "required", "send one event with its type, or {\"events\": [...]}");
  std::vector<EventIn> told;
  if (many) told = *wanted->events;
  else told.push_back(EventIn{*wanted->type, wanted->contact_id, wanted->email, wanted->occurred_at, wanted->properties});
  if (told.empty() || told.size() > most_events) co_return invalid_field("/events", "out_of_range", "must have 1 to " + std::to_string(most_events) + " events");
  auto const now = clock_.now();
  std::vector<FieldError> mistakes;
  for (std::size_t i = 0; i < told.size(); ++i) look_at(told[i], many ? "/events/" + std::to_string(i) : "", now, mistakes);
  if (!mistakes.empty()) co_return invalid("the events cannot be taken in: " + mistakes.front().message, mistakes);

  auto const context = context_of(request);
  std::vector<std::string> ids, keys;
  for (auto const& event : told) (event.contact_id ? ids : keys).push_back(key_of(event));
  auto tx = co_await store_.begin();
  People people;
  auto const rows = co_await tx.all(sql::intake::people, context.tenant, db::text_array(ids), db::text_array(keys));
  for (auto const row : rows) people.add(row);
  std::vector<events::Event> events;
  TakenIn taken;
  for (std::size_t i = 0; i < told.size(); ++i) {
    auto const who = people.find(key_of(told[i]));
    if (!who) {
      auto const at = (many ? "/events/" + std::to_string(i) : std::string()) + (told[i].email ? "/email" : "/contact_id");
      mistakes.push_back(FieldError{at, "invalid_value", "there is no such contact; add it first"});
      continue;
    }
    events::Event event;
    event.id = ids_.make<EventId>();
    event.type = told[i].type;
    event.contact_id = *who;
    event.payload = *told[i].properties;
    event.occurred_at = told[i].occurred_at.value_or(now);
    taken.ids.push_back(event.id);
    events.push_back(std::move(event));
  }
  if (!mistakes.empty()) co_return invalid("the events cannot be taken in: " + mistakes.front().message, mistakes);
  co_await events::append(tx, context.tenant, std::move(events), now);
  co_await tx.commit();
  co_return ok(json::encode(taken), 202);
}

}  // namespace postrider::api
