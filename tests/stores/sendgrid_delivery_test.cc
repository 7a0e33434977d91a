// SendGrid there and back on both databases: mail over the real HTTP client to a server that plays SendGrid, and its signed events.
#include "api/provider_webhooks.h"
#include "postrider/http/server.h"
#include "support/letter_stage.h"
#include "support/results.h"
#include "support/shared_files.h"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <map>

using namespace postrider;
using namespace postrider::delivery;
using namespace postrider::test;

namespace {

// Plays the two addresses of SendGrid that are used.
struct FakeSendgrid {
  explicit FakeSendgrid(TestStore& t) : executor(t.executor()), clock(t.clock), ids(t.ids), router(routes()) {}

  std::vector<http::Route> routes() {
    std::vector<http::Route> all;
    http::Route send{.method = "POST", .pattern = "/v3/mail/send", .right = http::Right("anonymous"), .handler = [this](http::Request& r) { return take(r); }};
    send.body = http::BodyKind::raw;
    send.doc.hidden = true;
    all.push_back(std::move(send));
    http::Route scope{.method = "GET", .pattern = "/v3/scopes", .right = http::Right("anonymous"), .handler = [this](http::Request& r) { return scopes(r); }};
    scope.doc.hidden = true;
    all.push_back(std::move(scope));
    return all;
  }
  Task<http::Response> take(http::Request& request) {
    authorization = request.headers.get("Authorization");
    bodies.push_back(request.body);
    auto response = http::text_response(status, status == 202 ? "" : R"({"errors":[{"message":"as told"}]})", "application/json");
    if (status == 202) response.headers.set("X-Message-Id", "sgid" + std::to_string(bodies.size()));
    co_return response;
  }
  Task<http::Response> scopes(http::Request& request) {
    bool const known = request.headers.get("Authorization") == "Bearer SG.good";
    co_return http::text_response(known ? 200 : 401, known ? R"({"scopes":["mail.send"]})" : R"({"errors":[{"message":"no"}]})", "application/json");
  }
  Task<void> start() {
    http::ServerSettings settings;
    settings.listen = "127.0.0.1:0";
    http::Guard open = [](http::Request&, http::Route const&) -> Task<std::optional<http::Response>> { co_return std::nullopt; };
    server = std::make_unique<http::Server>(executor, clock, ids, router, std::move(open), settings);
    co_await server->start();
  }

  Executor executor;
  Clock const& clock;
  Ids& ids;
  http::Router router;
  std::unique_ptr<http::Server> server;
  std::string authorization;
  std::vector<std::string> bodies;
  int status = 202;
};

struct Yes : HandOffObserver {
  bool may_hand_off(Envelope const&) override { return true; }
  bool phase(Envelope const&, Phase, Outcome const*) override { return true; }
  void settled(std::size_t, Outcome const&) override {}
};

boost::json::object sendgrid_settings(std::string const& address, std::string const& key) {
  boost::json::object settings;
  settings["api_key"] = key;
  settings["base_url"] = "http://" + address;
  return settings;
}

Envelope letter_to(TestStore& t, std::string address) {
  Envelope envelope;
  envelope.id = t.ids.make<MessageId>();
  envelope.tenant = t.tenant;
  envelope.letter.from = Address("news@acme.example", "Acme");
  envelope.letter.to = Address(std::move(address));
  envelope.letter.subject = "Hi";
  envelope.letter.text = "Hello";
  return envelope;
}

Task<std::vector<Outcome>> deliver(Provider& provider, Envelope envelope) {
  Yes yes;
  std::vector<Envelope> batch;
  batch.push_back(std::move(envelope));
  co_return co_await provider.deliver(std::move(batch), yes);
}

}  // namespace

TEST_CASE("sendgrid: mail goes over the real client, with the sealed key, and wrong keys are seen at the provider") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t, true);
    FakeSendgrid fake(t);
    co_await fake.start();
    co_await s.http.start();
    auto const made = co_await s.identities.create_provider(t.context(), "SendGrid", "sendgrid", sendgrid_settings(fake.server->address(), "SG.good"));
    REQUIRE(made);
    CHECK((co_await s.identities.check_provider(t.context(), made->id))->good());
    auto const live = co_await s.identities.live(t.tenant, made->id);
    REQUIRE(live);
    auto const envelope = letter_to(t, "ada@example.net");
    auto const outcomes = co_await deliver(*live, envelope);
    CHECK(outcomes.at(0).kind == OutcomeKind::accepted);
    CHECK(outcomes.at(0).provider_message_id == "sgid1");
    CHECK(fake.authorization == "Bearer SG.good");
    CHECK_THAT(fake.bodies.at(0), Catch::Contains(envelope.id.str()) && Catch::Contains("ada@example.net"));
    fake.status = 500;
    CHECK((co_await deliver(*live, letter_to(t, "b@example.net"))).at(0).kind == OutcomeKind::uncertain);
    fake.status = 400;
    CHECK((co_await deliver(*live, letter_to(t, "c@example.net"))).at(0).kind == OutcomeKind::permanent);
    fake.status = 401;
    CHECK((co_await deliver(*live, letter_to(t, "d@example.net"))).at(0).kind == OutcomeKind::configuration);

    boost::json::object wrong;
    wrong["api_key"] = "SG.wrong";
    REQUIRE(co_await s.identities.change_provider(t.context(), made->id, std::nullopt, wrong));
    auto const report = co_await s.identities.check_provider(t.context(), made->id);
    REQUIRE(report);
    CHECK_FALSE(report->good());
    CHECK_THAT((co_await s.identities.find_provider(t.tenant, made->id))->check_detail.value_or(""), Catch::Contains("API key is wrong"));

    co_await fake.server->stop();
    auto const again = co_await s.identities.live(t.tenant, made->id);
    CHECK((co_await deliver(*again, letter_to(t, "e@example.net"))).at(0).kind == OutcomeKind::temporary);
    co_await s.identities.close();
    co_await s.http.stop();
  });
}

TEST_CASE("sendgrid: only signed posts are taken, byte for byte, and 2xx means durable") {
  on_each_store([](TestStore& t) -> Task<void> {
    auto const text = shared_text("reference/vectors/sendgrid-signature.json");
    if (!text) co_return;
    auto const vectors = boost::json::parse(*text);
    LetterStage s(t, true);
    auto const ingest = make_ingest(*t.store, t.clock, t.ids, t.executor());
    co_await ingest->start();
    auto settings = sendgrid_settings("127.0.0.1:9", "SG.x");
    auto const unkeyed = co_await s.identities.create_provider(t.context(), "No key", "sendgrid", settings);
    settings["webhook_public_key"] = vectors.at("public_key_spki_b64");
    auto const made = co_await s.identities.create_provider(t.context(), "SendGrid", "sendgrid", settings);
    REQUIRE(made);
    api::FindWebhookOwner const find = [&s](ProviderId id) -> Task<std::optional<api::WebhookOwner>> {
      auto const owner = co_await s.identities.owner_of(id);
      if (!owner) co_return std::nullopt;
      co_return api::WebhookOwner(owner->tenant, owner->kind, owner->public_key);
    };
    api::ProviderWebhooks webhooks(find, *ingest, t.clock);
    auto const routes = webhooks.routes();
    auto request_to = [](ProviderId id, std::string body, std::string timestamp, std::string signature) {
      http::Request request;
      request.method = "POST";
      request.parameters.emplace_back("provider_id", id.str());
      request.body = std::move(body);
      request.headers.add("X-Twilio-Email-Event-Webhook-Timestamp", std::move(timestamp));
      request.headers.add("X-Twilio-Email-Event-Webhook-Signature", std::move(signature));
      return request;
    };
    int taken = 0;
    for (auto const& each : vectors.at("cases").as_array()) {
      auto const& one = each.as_object();
      auto const body = std::string(one.at("body").as_string()), timestamp = std::string(one.at("timestamp").as_string()), signature = std::string(one.at("signature").as_string());
      bool const valid = one.at("valid").as_bool();
      auto request = request_to(made->id, body, timestamp, signature);
      auto const answer = co_await routes.at(0).handler(request);
      INFO(one.at("name").as_string());
      CHECK(answer.status == (valid ? 204 : 403));
      taken += valid ? 1 : 0;
      auto again = request_to(made->id, body, timestamp, signature);
      CHECK((co_await routes.at(0).handler(again)).status == (valid ? 204 : 403));
      auto foreign = request_to(unkeyed->id, body, timestamp, signature);
      CHECK((co_await routes.at(0).handler(foreign)).status == 403);
      auto unknown = request_to(ProviderId(t.ids.next()), body, timestamp, signature);
      CHECK((co_await routes.at(0).handler(unknown)).status == 404);
      auto unsigned_one = request_to(made->id, body, timestamp, "");
      CHECK((co_await routes.at(0).handler(unsigned_one)).status == 403);
    }
    CHECK(taken == 2);
    CHECK(co_await s.value("select count(*) from message_events") == "2");
    co_await ingest->stop();
    // With nobody to write it down, SendGrid is to come again.
    auto const& first = vectors.at("cases").as_array().at(0).as_object();
    auto late = request_to(made->id, std::string(first.at("body").as_string()), std::string(first.at("timestamp").as_string()), std::string(first.at("signature").as_string()));
    bool away = false;
    try {
      co_await routes.at(0).handler(late);
    } catch (db::Unavailable const&) {
      away = true;
    }
    CHECK(away);
  });
}
