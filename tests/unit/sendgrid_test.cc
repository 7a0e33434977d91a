#include "support/mail_samples.h"
#include "support/results.h"

#include "delivery/providers/mime_encoding.h"
#include "delivery/providers/sendgrid.h"
#include "delivery/providers/sendgrid_message.h"
#include "postrider/base/clock.h"

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <map>

using namespace postrider;
using namespace postrider::delivery;

namespace {

Envelope plain_envelope(int number = 0) {
  Envelope envelope;
  envelope.id = MessageId(uuid_from_name("sendgrid " + std::to_string(number)));
  envelope.tenant = TenantId(uuid_from_name("tenant"));
  envelope.campaign = CampaignId(uuid_from_name("campaign"));
  envelope.letter.from = {"news@bücher.example", "Acme"};
  envelope.letter.to = {"jane@example.net", "Doe, Jane; Dr."};
  envelope.letter.reply_to = Address{"r@parse.example.com"};
  envelope.letter.subject = "Hello \"you\"\r\n";
  envelope.letter.text = "Hi\n";
  envelope.letter.html = "<p>Hi \\ \x01</p>";
  envelope.letter.unsubscribe_url = "https://u.example.com/u/tok";
  return envelope;
}

HttpAnswer answered(int status, HttpFields fields = {}, std::string body = {}) {
  return HttpAnswer{.end = HttpAnswer::End::answered, .status = status, .fields = std::move(fields), .body = std::move(body)};
}

// Answers as it is told, after a turn of the event loop or more.
struct FakeSender : HttpSender {
  Task<HttpAnswer> send(HttpCall call) override {
    most_at_once = std::max(most_at_once, ++at_once);
    calls.push_back(call);
    auto const id = "id" + std::to_string(calls.size());
    for (int i = 0; i < 5; ++i) co_await yield();
    --at_once;
    if (script.empty()) co_return answered(202, HttpFields(1, std::pair<std::string, std::string>("x-message-id", id)));
    auto answer = script.front();
    if (script.size() > 1) script.erase(script.begin());
    co_return answer;
  }
  std::vector<HttpCall> calls;
  std::vector<HttpAnswer> script;
  int at_once = 0;
  int most_at_once = 0;
};

struct Watcher : HandOffObserver {
  bool may_hand_off(Envelope const& envelope) override { return envelope.id != held_back; }
  bool phase(Envelope const& envelope, Phase phase, Outcome const*) override {
    phases[envelope.id] += phase == Phase::begun ? 'b' : phase == Phase::dot ? 'd' : 'r';
    return !(refuse && phase == Phase::dot);
  }
  void settled(std::size_t, Outcome const&) override { ++count; }
  MessageId held_back;
  bool refuse = false;
  std::map<MessageId, std::string> phases;
  std::size_t count = 0;
};

struct Stage {
  Stage() : http(std::make_shared<FakeSender>()), clock(*parse_instant("2026-01-01T00:00:00Z")) {
    settings.api_key = Secret("SG.key");
    settings.base_url = "http://127.0.0.1:1";
    settings.max_connections = 3;
  }
  std::vector<Outcome> deliver(int count) {
    std::vector<Outcome> outcomes;
    run_to_end(context, run(count, outcomes));
    CHECK(watcher.count == static_cast<std::size_t>(count));
    return outcomes;
  }
  Task<void> run(int count, std::vector<Outcome>& outcomes) {
    SendgridProvider provider(context.get_executor(), clock, http, settings);
    std::vector<Envelope> batch;
    for (int i = 0; i < count; ++i) batch.push_back(plain_envelope(i));
    outcomes = co_await provider.deliver(std::move(batch), watcher);
    co_await provider.close();
  }
  boost::asio::io_context context;
  std::shared_ptr<FakeSender> http;
  FixedClock clock;
  SendgridSettings settings;
  Watcher watcher;
};

std::string kind(Outcome const& outcome) { return std::string(name(outcome.kind)); }

}  // namespace

TEST_CASE("the request to SendGrid has the documented shape") {
  auto const envelope = plain_envelope();
  auto const body = boost::json::parse(sendgrid_body(envelope).value()).as_object();
  auto const& personalization = body.at("personalizations").as_array().at(0).as_object();
  CHECK(boost::json::serialize(personalization.at("to")) == R"([{"email":"jane@example.net","name":"Doe  Jane  Dr."}])");
  auto const& arguments = personalization.at("custom_args").as_object();
  CHECK(arguments.at("pr_message_id").as_string() == envelope.id.str());
  CHECK(arguments.at("pr_tenant_id").as_string() == envelope.tenant.str());
  CHECK(arguments.at("pr_campaign_id").as_string() == envelope.campaign.str());
  CHECK(boost::json::serialize(body.at("from")) == R"({"email":"news@xn--bcher-kva.example","name":"Acme"})");
  CHECK(body.at("subject").as_string() == "Hello \"you\"");
  auto const& content = body.at("content").as_array();
  CHECK(content.at(0).as_object().at("type").as_string() == "text/plain");
  CHECK(content.at(0).as_object().at("value").as_string() == "Hi\n");
  CHECK(content.at(1).as_object().at("value").as_string() == "<p>Hi \\ \x01</p>");
  auto const& headers = body.at("headers").as_object();
  CHECK(headers.at("List-Unsubscribe").as_string() == "<https://u.example.com/u/tok>");
  CHECK(headers.at("List-Unsubscribe-Post").as_string() == "List-Unsubscribe=One-Click");
  CHECK(headers.at("Message-ID").as_string() == "<" + envelope.id.str() + "@xn--bcher-kva.example>");
  CHECK_FALSE(body.at("tracking_settings").as_object().at("open_tracking").as_object().at("enable").as_bool());
}

TEST_CASE("random letters make JSON that means the same") {
  test::MailSamples samples(8);
  for (int i = 0; i < 300; ++i) {
    auto const envelope = samples.envelope();
    auto const text = sendgrid_body(envelope).value();
    auto const body = boost::json::parse(text).as_object();
    auto const& content = body.at("content").as_array();
    auto const expected = mend_utf8(envelope.letter.html.empty() ? envelope.letter.text : envelope.letter.html);
    CHECK(std::string(content.back().as_object().at("value").as_string()) == expected);
    CHECK_FALSE(body.at("subject").as_string().empty());
  }
}

TEST_CASE("a header injection or a foreign local part is refused before the request") {
  auto envelope = plain_envelope();
  envelope.letter.to.email = "a@b\r\n";
  CHECK_FALSE(sendgrid_body(envelope));
  envelope.letter.to.email = "jané@example.net";
  CHECK(sendgrid_body(envelope).error().fields.at(0).pointer == "/letter/to/email");
  envelope = plain_envelope();
  envelope.letter.headers.push_back({"To", "x"});
  CHECK_FALSE(sendgrid_body(envelope));
}

TEST_CASE("SendGrid's answers are judged so that a maybe is never taken for a no") {
  auto const now = *parse_instant("2026-01-01T00:00:00Z");
  struct Row {
    HttpAnswer answer;
    char const* expected;
    bool fault;
    int wait;
  };
  using End = HttpAnswer::End;
  for (auto const& row : std::initializer_list<Row>{
           {answered(202), "accepted", false, 0},
           {answered(200), "accepted", false, 0},
           {answered(400), "permanent", false, 0},
           {answered(413), "permanent", false, 0},
           {answered(401), "configuration", true, 0},
           {answered(403), "configuration", true, 0},
           {answered(404), "configuration", true, 0},
           {answered(302), "configuration", true, 0},
           {answered(408), "temporary", true, 0},
           {answered(429), "temporary", false, 1},
           {answered(429, {{"x-ratelimit-reset", std::to_string(now.time_since_epoch().count() / 1000000 + 40)}}), "temporary", false, 40},
           {answered(429, {{"x-ratelimit-reset", "1"}}), "temporary", false, 1},
           {answered(429, {{"retry-after", "7"}}), "temporary", false, 7},
           {answered(503, {{"retry-after", "9"}}), "temporary", true, 9},
           {answered(503, {{"retry-after", "Thu, 01 Jan 2026"}}), "temporary", true, 30},
           {answered(503), "uncertain", true, 0},
           {answered(500), "uncertain", true, 0},
           {answered(502), "uncertain", true, 0},
           {answered(504), "uncertain", true, 0},
           {HttpAnswer{.end = End::not_sent, .trouble = "refused"}, "temporary", true, 0},
           {HttpAnswer{.end = End::unknown, .trouble = "time-out"}, "uncertain", true, 0},
           {HttpAnswer{.end = End::refused, .trouble = "loopback"}, "configuration", true, 0},
       }) {
    auto const outcome = judge_sendgrid(row.answer, now);
    INFO(row.answer.status << " " << row.answer.trouble);
    CHECK(kind(outcome) == row.expected);
    CHECK(outcome.provider_fault == row.fault);
    CHECK(outcome.retry_after.value_or(Duration(0)) == std::chrono::seconds(row.wait));
    CHECK(outcome.bounce == (row.answer.status == 413 ? BounceClass::content : BounceClass::none));
  }
  auto const error = judge_sendgrid(answered(400, {}, R"({"errors":[{"message":"bad","field":"personalizations.0.to"},{"message":"worse","field":null}]})"), now);
  CHECK(error.reply == "bad (personalizations.0.to); worse");
  CHECK(judge_sendgrid(answered(400, {}, "<html>"), now).reply == "<html>");
}

TEST_CASE("messages go to SendGrid side by side, within the limit") {
  Stage stage;
  auto const outcomes = stage.deliver(20);
  for (auto const& outcome : outcomes) CHECK(kind(outcome) == "accepted");
  CHECK(outcomes[0].provider_message_id == "id1");
  CHECK(stage.http->most_at_once == 3);
  CHECK(stage.http->calls[0].url == "http://127.0.0.1:1/v3/mail/send");
  CHECK(stage.watcher.phases[plain_envelope(7).id] == "bdr");
}

TEST_CASE("a wrong key or a reached limit ends the batch, and the rest is not tried") {
  Stage stage;
  stage.http->script = {answered(401)};
  auto outcomes = stage.deliver(20);
  for (auto const& outcome : outcomes) CHECK(kind(outcome) == "configuration");
  CHECK(stage.http->calls.size() == 3);
  Stage limited;
  limited.http->script = {answered(429, {{"retry-after", "7"}})};
  outcomes = limited.deliver(20);
  CHECK(kind(outcomes[0]) == "temporary");
  CHECK(kind(outcomes[19]) == "not_sent");
  CHECK(outcomes[19].retry_after == Duration(std::chrono::seconds(7)));
  CHECK(limited.http->calls.size() == 3);
}

TEST_CASE("nothing is posted that is held back or cannot be recorded") {
  Stage stage;
  stage.watcher.held_back = plain_envelope(1).id;
  CHECK(kind(stage.deliver(3)[1]) == "not_sent");
  CHECK(stage.http->calls.size() == 2);
  Stage full;
  full.watcher.refuse = true;
  CHECK(kind(full.deliver(1)[0]) == "not_sent");
  CHECK(full.http->calls.empty());
}

namespace {
Task<void> check_into(Stage& stage, CheckReport& report) {
  SendgridProvider provider(stage.context.get_executor(), stage.clock, stage.http, stage.settings);
  report = co_await provider.check();
}
}  // namespace

TEST_CASE("a check of SendGrid tells a wrong key from a missing right") {
  struct Row {
    HttpAnswer answer;
    bool good;
    char const* words;
  };
  for (auto const& row : std::initializer_list<Row>{{answered(200, {}, R"({"scopes":["mail.send"]})"), true, "may send"},
                                                    {answered(200, {}, R"({"scopes":["stats.read"]})"), false, "mail.send"},
                                                    {answered(401), false, "wrong"},
                                                    {HttpAnswer{.end = HttpAnswer::End::not_sent, .trouble = "refused"}, false, "cannot be reached"}}) {
    Stage stage;
    stage.http->script = {row.answer};
    CheckReport report;
    run_to_end(stage.context, check_into(stage, report));
    CHECK(report.good() == row.good);
    CHECK(report.items.back().detail.find(row.words) != std::string::npos);
    CHECK(report.items.back().detail.find("SG.key") == std::string::npos);
  }
}
