#include "postrider/delivery/sendgrid_events.h"

#include "postrider/json/codec.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <charconv>

namespace postrider::delivery {

namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 2000;

std::string text_of(json::object const& event, std::string_view key) {
  auto const* const value = event.if_contains(key);
  if (!value) return {};
  if (auto const* const text = value->if_string()) return std::string(text->data(), std::min(text->size(), longest_text));
  if (value->is_number()) return json::serialize(*value);
  return {};
}

// Seconds, as a number or as text; some samples have milliseconds.
std::optional<Instant> time_of(json::object const& event) {
  auto const text = text_of(event, "timestamp");
  std::int64_t number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number <= 0) return std::nullopt;
  auto const seconds = number > 100'000'000'000 ? std::chrono::milliseconds(number) : std::chrono::milliseconds(number * 1000);
  if (seconds > std::chrono::hours(24 * 365 * 200)) return std::nullopt;
  return Instant(std::chrono::duration_cast<Duration>(seconds));
}

std::optional<FactKind> kind_of(std::string_view event) {
  if (event == "processed") return FactKind::processed;
  if (event == "deferred") return FactKind::deferred;
  if (event == "delivered") return FactKind::delivered;
  if (event == "bounce") return FactKind::bounced;
  if (event == "dropped") return FactKind::dropped;
  if (event == "open") return FactKind::opened;
  if (event == "click") return FactKind::clicked;
  if (event == "spamreport") return FactKind::complained;
  if (event == "unsubscribe" || event == "group_unsubscribe") return FactKind::unsubscribed;
  if (event == "group_resubscribe") return FactKind::resubscribed;
  return std::nullopt;
}

// SendGrid drops what its own lists forbid; the same lists then hold here.
std::string mirrored_reason(std::string_view reason) {
  if (reason == "Bounced Address" || reason == "Invalid") return "bounce";
  if (reason == "Unsubscribed Address") return "unsubscribe";
  if (reason == "Spam Reporting Address") return "complaint";
  return {};
}

Fact fact_of(json::object const& event, FactKind kind, Instant at) {
  Fact fact;
  fact.kind = kind;
  fact.provider = "sendgrid";
  fact.provider_event_id = text_of(event, "sg_event_id");
  // Told again, an event without an id is the same to the letter.
  if (fact.provider_event_id.empty()) fact.provider_event_id = uuid_from_name(json::serialize(event)).str();
  fact.message = MessageId::parse(text_of(event, "pr_message_id"));
  auto const sg_message = text_of(event, "sg_message_id");
  fact.provider_message_id = sg_message.substr(0, sg_message.find('.'));
  fact.email = text_of(event, "email");
  fact.occurred_at = at;
  fact.url = text_of(event, "url");
  fact.ip_address = text_of(event, "ip");
  fact.user_agent = text_of(event, "useragent");
  if (auto const* const machine = event.if_contains("sg_machine_open"); machine && machine->is_bool()) fact.provider_says_machine = machine->get_bool();
  if (kind == FactKind::bounced) {
    auto const type = text_of(event, "type");
    fact.bounce_class = type == "blocked" || type == "expired" ? "block" : "hard";
  }
  if (kind == FactKind::dropped) fact.suppress_reason = mirrored_reason(text_of(event, "reason"));
  for (auto const* const key : {"reason", "status", "response", "type", "bounce_classification", "attempt", "smtp-id", "asm_group_id"})
    if (auto text = text_of(event, key); !text.empty()) fact.detail[key] = std::move(text);
  return fact;
}

}  // namespace

Result<std::vector<Fact>> read_sendgrid_events(std::string_view body, Instant received) {
  auto const parsed = postrider::json::parse(body);
  if (!parsed) return parsed.error();
  auto const* const array = parsed->if_array();
  if (!array) return invalid("SendGrid posts a JSON array of events");
  std::vector<Fact> facts;
  facts.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto const* const event = (*array)[i].if_object();
    if (!event) return invalid_field("/" + std::to_string(i), "wrong_type", "an event must be an object");
    auto const kind = kind_of(text_of(*event, "event"));
    if (!kind) continue;
    // One event without a time must not keep the others out for a day.
    facts.push_back(fact_of(*event, *kind, time_of(*event).value_or(received)));
  }
  return facts;
}

}  // namespace postrider::delivery
