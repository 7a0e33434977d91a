// Providers and senders on both databases: secrets stay sealed, checks say what is wrong, addresses are verified by their readers.
#include "postrider/delivery/dkim.h"
#include "support/letter_stage.h"
#include "support/results.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;
using namespace postrider::test;

namespace {

boost::json::object settings_of(std::string_view text) { return boost::json::parse(boost::json::string_view(text.data(), text.size())).as_object(); }

}  // namespace

TEST_CASE("providers: a secret goes in, is kept when it is not named, and never comes out") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const settings = settings_of(R"({"host":"smtp.example.net","username":"u","password":"very secret"})");
    auto const made = co_await s.identities.create_provider(t.context(), "Relay", "smtp", settings);
    REQUIRE(made);
    CHECK_FALSE(made->settings.contains("password"));
    CHECK(made->secrets == std::vector<std::string>{"password"});
    auto const before = co_await s.value("select sealed_secrets from providers");
    CHECK_THAT(before, !Catch::Contains("secret"));
    auto const renamed = co_await s.identities.change_provider(t.context(), made->id, std::string("Relay 2"), settings_of(R"({"port":2525})"));
    REQUIRE(renamed);
    CHECK(renamed->settings.at("port").as_int64() == 2525);
    CHECK(renamed->settings.at("host").as_string() == "smtp.example.net");
    CHECK(co_await s.value("select sealed_secrets from providers") != "NULL");
    CHECK(co_await s.identities.live(t.tenant, made->id));
    auto const cleared = co_await s.identities.change_provider(t.context(), made->id, std::nullopt, settings_of(R"({"password":null,"username":null})"));
    REQUIRE(cleared);
    CHECK(co_await s.value("select sealed_secrets from providers") == "NULL");
    CHECK(cleared->secrets.empty());
    for (auto const& row : co_await t.query("select changes from audit_logs")) CHECK_THAT(row.at(0), !Catch::Contains("very secret"));
    auto const stale = co_await s.identities.change_provider(t.context(), made->id, std::string("x"), std::nullopt, made->updated_at);
    CHECK(stale.error().code == Code::precondition);
  });
}

TEST_CASE("providers: wrong settings are told by pointer, addresses on this machine need the operator") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const wrong = co_await s.identities.create_provider(t.context(), "x", "smtp", settings_of(R"({"port":0,"colour":"red"})"));
    REQUIRE_FALSE(wrong);
    std::vector<std::string> pointers;
    for (auto const& field : wrong.error().fields) pointers.push_back(field.pointer);
    CHECK_THAT(pointers, Catch::VectorContains(std::string("/settings/host")) && Catch::VectorContains(std::string("/settings/port")) &&
                             Catch::VectorContains(std::string("/settings/colour")));
    CHECK((co_await s.identities.create_provider(t.context(), "x", "pigeon", boost::json::object())).error().fields.at(0).pointer == "/kind");
    auto const inward = settings_of(R"({"api_key":"k","base_url":"http://127.0.0.1:8080"})");
    auto const refused = co_await s.identities.create_provider(t.context(), "x", "sendgrid", inward);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.at(0).pointer == "/settings/base_url");
    LetterStage allowed(t, true);
    CHECK(co_await allowed.identities.create_provider(t.context(), "x", "sendgrid", inward));
  });
}

TEST_CASE("providers: a check says what is wrong and how to mend it, and it stays to be seen") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const nowhere = settings_of(R"({"host":"127.0.0.1","port":1,"security":"none"})");
    auto const made = co_await s.identities.create_provider(t.context(), "Relay", "smtp", nowhere);
    REQUIRE(made);
    auto const report = co_await s.identities.check_provider(t.context(), made->id);
    REQUIRE(report);
    CHECK_FALSE(report->good());
    CHECK_THAT(report->items.at(0).detail, Catch::Contains("127.0.0.1:1") && Catch::Contains("firewall"));
    auto const seen = co_await s.identities.find_provider(t.tenant, made->id);
    CHECK(seen->check_status == "failed");
    CHECK_THAT(seen->check_detail.value_or(""), Catch::Contains("connect"));
    // Other settings have not been tried.
    auto const changed = co_await s.identities.change_provider(t.context(), made->id, std::nullopt, settings_of(R"({"port":2})"));
    CHECK_FALSE(changed->check_status);
    auto const inbox = co_await s.inbox();
    CHECK((co_await s.identities.check_provider(t.context(), inbox.id))->good());
    co_await s.identities.close();
  });
}

TEST_CASE("providers: one that a sender uses stays, one that nobody uses goes") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("news@acme.example");
    CHECK((co_await s.identities.remove_provider(t.context(), from.provider_id)).error().code == Code::conflict);
    REQUIRE(co_await s.identities.remove_sender(t.context(), from.id));
    REQUIRE(co_await s.identities.remove_provider(t.context(), from.provider_id));
    CHECK((co_await s.identities.list_providers(t.tenant)).empty());
    CHECK_FALSE(co_await s.identities.live(t.tenant, from.provider_id));
  });
}

TEST_CASE("senders: another address is another identity, another domain loses its key") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("news@acme.example");
    CHECK(from.verified_at == t.clock.now());
    auto const keyed = co_await s.identities.make_dkim_key(t.context(), from.id, std::string("s1"));
    REQUIRE(keyed);
    REQUIRE(keyed->dkim);
    CHECK(keyed->dkim->record_name == "s1._domainkey.acme.example");
    CHECK_THAT(keyed->dkim->record_text, Catch::StartsWith("v=DKIM1; k=rsa; p="));
    CHECK_THAT(co_await s.value("select sealed_dkim_key from sender_identities"), !Catch::Contains("BEGIN"));
    auto const signer = co_await s.identities.signer(t.tenant, from.id);
    REQUIRE(signer);
    CHECK_THAT(signer->sign("From: news@acme.example\r\n\r\nHi\r\n", t.clock.now()), Catch::Contains("d=acme.example") && Catch::Contains("s=s1"));
    CHECK((co_await s.identities.make_dkim_key(t.context(), from.id, std::string("No Selector"))).error().fields.at(0).pointer == "/selector");

    SenderChange neighbour;
    neighbour.from_email = "offers@acme.example";
    auto const moved = co_await s.identities.change_sender(t.context(), from.id, std::move(neighbour));
    REQUIRE(moved);
    CHECK_FALSE(moved->verified);
    CHECK(moved->dkim);
    SenderChange away;
    away.from_email = "news@other.example";
    auto const gone = co_await s.identities.change_sender(t.context(), from.id, std::move(away));
    REQUIRE(gone);
    CHECK_FALSE(gone->dkim);
    CHECK_FALSE(co_await s.identities.signer(t.tenant, from.id));
    SenderChange nasty;
    nasty.from_name = "Acme\r\nBcc: all@example.net";
    CHECK((co_await s.identities.change_sender(t.context(), from.id, std::move(nasty))).error().fields.at(0).pointer == "/from_name");
  });
}

TEST_CASE("senders: the reader of the address verifies it, and only for that address") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("new@acme.example", false);
    auto const sent = co_await s.verification.send(t.context(), from.id);
    REQUIRE(sent);
    CHECK(sent->to == "new@acme.example");
    CHECK((co_await s.verification.send(t.context(), from.id)).error().code == Code::paced);
    t.clock.advance(std::chrono::minutes(1));
    REQUIRE(co_await s.verification.send(t.context(), from.id));
    auto const row = co_await t.query("select kind, to_address, purpose from messages order by created_at");
    REQUIRE(row.size() == 2);
    CHECK(row[0] == std::vector<std::string>{"confirmation", "new@acme.example", "transactional"});
    auto const content = co_await s.messages.content(t.tenant, sent->message);
    REQUIRE(content);
    auto const at = content->text.find("/verify/") + 8;
    auto const token = content->text.substr(at, content->text.find('\n', at) - at);

    CHECK(co_await s.verification.sender_of(token));
    CHECK_FALSE((co_await s.identities.find_sender(t.tenant, from.id))->verified);
    CHECK_FALSE(co_await s.verification.confirm(token + "A", Context()));
    SenderChange other;
    other.from_email = "other@acme.example";
    REQUIRE(co_await s.identities.change_sender(t.context(), from.id, std::move(other)));
    CHECK_FALSE(co_await s.verification.confirm(token, Context()));
    SenderChange back;
    back.from_email = "new@acme.example";
    REQUIRE(co_await s.identities.change_sender(t.context(), from.id, std::move(back)));
    auto const confirmed = co_await s.verification.confirm(token, Context());
    REQUIRE(confirmed);
    CHECK(confirmed->verified);
    CHECK(co_await s.verification.confirm(token, Context()));
    CHECK((co_await s.verification.send(t.context(), from.id)).error().code == Code::conflict);
  });
}
