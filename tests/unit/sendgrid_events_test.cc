#include "postrider/delivery/sendgrid_events.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;

namespace {

Instant const received = *parse_instant("2026-01-02T00:00:00Z");

}  // namespace

TEST_CASE("SendGrid's events become facts that name message, time and meaning") {
  auto const facts = read_sendgrid_events(R"([
    {"email":"jane@example.net","timestamp":1767225605,"event":"delivered","sg_event_id":"ZGVs","sg_message_id":"AbCd.recvd-5f-1-6501-1.0","pr_message_id":"01890000-0000-7000-8000-000000000001"},
    {"email":"bob@example.net","timestamp":"1767225606","event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 unknown user","sg_event_id":"Ym91"},
    {"email":"eve@example.net","timestamp":1767225607000,"event":"bounce","type":"blocked","sg_event_id":"Ym92"},
    {"email":"old@example.net","timestamp":1767225608,"event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJv"},
    {"email":"jane@example.net","timestamp":1767229200,"event":"open","sg_machine_open":true,"useragent":"Mozilla/5.0","ip":"203.0.113.9","sg_event_id":"b3Bl"},
    {"email":"jane@example.net","timestamp":1767229200,"event":"account_status_change","sg_event_id":"eHg"}
  ])", received);
  REQUIRE(facts.has_value());
  REQUIRE(facts->size() == 5);
  auto const& delivered = (*facts)[0];
  CHECK(delivered.kind == FactKind::delivered);
  CHECK(delivered.message->str() == "01890000-0000-7000-8000-000000000001");
  CHECK(delivered.provider_message_id == "AbCd");
  CHECK(to_rfc3339(delivered.occurred_at) == "2026-01-01T00:00:05Z");
  CHECK((*facts)[1].bounce_class == "hard");
  CHECK(to_rfc3339((*facts)[1].occurred_at) == "2026-01-01T00:00:06Z");
  CHECK((*facts)[2].bounce_class == "block");
  CHECK(to_rfc3339((*facts)[2].occurred_at) == "2026-01-01T00:00:07Z");
  CHECK((*facts)[3].suppress_reason == "bounce");
  CHECK((*facts)[4].provider_says_machine);
}

TEST_CASE("a body that is no array of events is refused with the place") {
  CHECK_FALSE(read_sendgrid_events("{}", received).has_value());
  auto const number = read_sendgrid_events("[1]", received);
  REQUIRE_FALSE(number.has_value());
  CHECK(number.error().fields.at(0).pointer == "/0");
}

TEST_CASE("an event without a time or an id does not keep the others out, and is known when it comes again") {
  constexpr auto body = R"([{"event":"open","timestamp":"soon","email":"a@example.net"},{"event":"open","email":"b@example.net"},{"event":"click","timestamp":1767225605,"sg_event_id":"x"}])";
  auto const facts = read_sendgrid_events(body, received);
  REQUIRE(facts.has_value());
  REQUIRE(facts->size() == 3);
  CHECK((*facts)[0].occurred_at == received);
  CHECK((*facts)[1].occurred_at == received);
  CHECK_FALSE((*facts)[0].provider_event_id.empty());
  CHECK((*facts)[0].provider_event_id != (*facts)[1].provider_event_id);
  CHECK((*read_sendgrid_events(body, received))[0].provider_event_id == (*facts)[0].provider_event_id);
}
