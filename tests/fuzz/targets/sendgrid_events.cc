// The body of SendGrid's event webhook.
#include "delivery/providers/mail_address.h"
#include "fuzz/target.h"
#include "postrider/delivery/sendgrid_events.h"
#include "postrider/json/codec.h"

namespace postrider::fuzz {

void feed(std::string_view bytes) {
  auto const facts = delivery::read_sendgrid_events(bytes, Instant(std::chrono::seconds(1'700'000'000)));
  if (!facts) return;
  for (auto const& fact : *facts) {
    require(fact.provider == "sendgrid", "a fact names its provider");
    require(json::text(fact.detail).size() < 64 * 1024, "what is kept of an event is bounded");
    delivery::name(fact.kind);
    delivery::classify(delivery::Hit{.at = fact.occurred_at, .user_agent = fact.user_agent, .ip_address = fact.ip_address});
  }
}

std::vector<Pattern> patterns() {
  std::string const event = R"({"email":"a@b.example","timestamp":1700000000,"event":"open","sg_event_id":"x","sg_message_id":"m.f","useragent":"Mozilla/5.0","ip":"1.2.3.4"})";
  return {{"[", event + ",", event + "]"},
          {"", "[", ""},
          {R"([{"event":"click","url":")", "a", R"("}])"},
          {R"([{"event":"open","useragent":")", "bot ", R"("}])"},
          {R"([{"event":"bounce","reason":")", "5.1.1 ", R"("}])"},
          {R"([{)", R"("event":"open",)", "}]"}};
}

}  // namespace postrider::fuzz
