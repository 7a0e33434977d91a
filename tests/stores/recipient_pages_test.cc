// What recipients see and what their buttons do: unsubscribing, preferences, double opt-in.
#include "api/confirm_page.h"
#include "api/recipient_pages.h"
#include "postrider/consent/consent.h"
#include "postrider/consent/suppression.h"
#include "postrider/delivery/confirmations.h"
#include "support/people.h"
#include "support/results.h"

#include <boost/json/parse.hpp>

using namespace postrider;
using namespace postrider::test;

namespace {

crypto::Keys keys_for_tests() {
  std::vector<Secret> masters;
  masters.emplace_back("a secret of the tests that is long enough 0123456789");
  return *crypto::Keys::from_secrets(masters);
}

// Everything a page needs.
struct Site {
  explicit Site(TestStore& t)
      : keys(keys_for_tests()),
        tokens(keys),
        identity(*t.store, t.clock, t.ids, t.random, offload, keys),
        contacts(*t.store, t.clock, t.ids),
        templates(*t.store, t.clock, t.ids),
        confirmations(*t.store, t.clock, t.ids, identity, contacts, templates, tokens, public_url),
        pages(*t.store, t.clock, t.ids, tokens, identity, contacts),
        confirm(*t.store, t.clock, t.ids, tokens, identity, contacts, confirmations),
        router(all_routes()) {}

  std::string public_url = "https://mail.acme.example";
  crypto::Keys keys;
  crypto::Tokens tokens;
  Offload offload{1};
  identity::Identity identity;
  contacts::Contacts contacts;
  content::Templates templates;
  delivery::Confirmations confirmations;
  api::RecipientPages pages;
  api::ConfirmPage confirm;
  http::Router router;

  std::vector<http::Route> all_routes() {
    auto all = pages.routes();
    for (auto& route : confirm.routes()) all.push_back(std::move(route));
    return all;
  }

  Task<http::Response> ask(std::string method, std::string path, std::string body = {}, std::string language = {}) {
    http::Request request;
    request.method = method;
    request.path = request.target = path;
    request.body = std::move(body);
    request.remote_ip = "198.51.100.7";
    request.headers.set("User-Agent", "Mozilla/5.0 (test)");
    if (!language.empty()) request.headers.set("Accept-Language", language);
    auto match = router.match(method, path);
    if (!match.route) throw std::runtime_error("no route for " + path);
    request.parameters = std::move(match.parameters);
    request.route = match.route->pattern;
    co_return co_await match.route->handler(request);
  }
};

bool has(http::Response const& response, std::string_view text) { return response.body.find(text) != std::string::npos; }

Task<std::string> mail_consent(TestStore& t, ContactId contact) {
  for (auto const& c : co_await consent::of_contact(*t.store, t.tenant, contact))
    if (c.channel == "email") co_return c.status;
  co_return "none";
}

// A count of every row that a page could change.
Task<std::string> ledger(TestStore& t) {
  std::string all;
  for (std::string const table : {"consent_records", "consent_history", "suppressions", "marketing_events", "audit_logs", "messages", "consent_requests"}) {
    auto const rows = co_await t.query("select count(*) from " + table);
    all += table + "=" + rows[0][0] + " ";
  }
  co_return all;
}

}  // namespace

TEST_CASE("unsubscribing takes a button, works at once, and can be taken back") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    auto const jane = co_await somebody(t, "jane@example.net", true);
    auto const waiting = co_await queued_message(t, jane.id, "marketing");
    auto const message = co_await queued_message(t, jane.id, "transactional");
    crypto::UnsubscribeToken const token{t.tenant, message, jane.id};
    auto const path = "/u/" + site.tokens.encode(token);
    auto const before = co_await ledger(t);
    auto const shown = co_await site.ask("GET", path);
    CHECK(shown.status == 200);
    CHECK(has(shown, "<form method=\"post\">"));
    CHECK(has(shown, "j…@example.net"));
    CHECK_FALSE(has(shown, "jane@example.net"));
    CHECK(co_await ledger(t) == before);
    CHECK(co_await mail_consent(t, jane.id) == "granted");

    auto const done = co_await site.ask("POST", path, "List-Unsubscribe=One-Click");
    CHECK(done.status == 200);
    CHECK(has(done, "value=\"undo\""));
    CHECK(co_await mail_consent(t, jane.id) == "denied");
    auto const rows = co_await t.query("select status from messages where id = '" + waiting.str() + "'");
    CHECK(rows[0][0] == "canceled");
    auto const noted = co_await t.query("select unsubscribed_at is not null from messages where id = '" + message.str() + "'");
    CHECK(noted[0][0] != "NULL");
    auto const history = co_await consent::history(*t.store, t.tenant, jane.id, std::nullopt, 1);
    CHECK(history[0].ip_address == "198.51.100.7");

    auto const again = co_await site.ask("POST", path, "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--");
    CHECK(again.status == 200);
    auto const back = co_await site.ask("POST", path, "action=undo");
    CHECK(back.status == 200);
    CHECK(co_await mail_consent(t, jane.id) == "granted");
    auto const free = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    CHECK(free.error().code == Code::not_found);
  });
}

TEST_CASE("an address that complained cannot be switched on by a button") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    auto const jane = co_await somebody(t, "jane@example.net", true);
    std::vector<consent::Suppress> wanted;
    wanted.push_back(consent::Suppress{.email_address = "jane@example.net", .reason = "complaint"});
    auto tx = co_await t.store->begin();
    co_await consent::suppress(tx, t.context(), std::move(wanted), t.ids, t.clock.now());
    co_await tx.commit();
    crypto::UnsubscribeToken const token{t.tenant, MessageId(), jane.id};
    co_await site.ask("POST", "/u/" + site.tokens.encode(token), "action=undo");
    crypto::PreferencesToken const preferences{t.tenant, MessageId(), jane.id};
    auto const shown = co_await site.ask("GET", "/p/" + site.tokens.encode(preferences));
    CHECK(has(shown, "disabled"));
    co_await site.ask("POST", "/p/" + site.tokens.encode(preferences), "email=1&action=save");
    auto const still = co_await consent::find_suppression(*t.store, t.tenant, "jane@example.net");
    REQUIRE(still);
    CHECK(still->reason == "complaint");
    CHECK(co_await mail_consent(t, jane.id) == "denied");
  });
}

TEST_CASE("preferences change what was changed, channel by channel") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    auto const jane = co_await somebody(t, "jane@example.net", true);
    contacts::Change phone;
    phone.phone = std::string("+491701234567");
    co_await site.contacts.change(t.context(), jane.id, phone, std::nullopt);
    crypto::PreferencesToken const token{t.tenant, MessageId(), jane.id};
    auto const path = "/p/" + site.tokens.encode(token);
    auto const before = co_await ledger(t);
    auto const shown = co_await site.ask("GET", path);
    CHECK(has(shown, "name=\"email\" value=\"1\" checked"));
    CHECK(has(shown, "name=\"sms\" value=\"1\">"));
    CHECK_FALSE(has(shown, "name=\"push\""));
    CHECK(co_await ledger(t) == before);
    co_await site.ask("POST", path, "email=1&action=save");
    CHECK(co_await ledger(t) == before);
    co_await site.ask("POST", path, "sms=1&action=save");
    auto const states = co_await t.query("select channel, status from consent_records order by channel");
    REQUIRE(states.size() == 2);
    CHECK(states[0][1] == "denied");
    CHECK(states[1][1] == "granted");
    co_await site.ask("POST", path, "email=1&sms=1&action=save");
    CHECK(co_await mail_consent(t, jane.id) == "granted");
    co_await site.ask("POST", path, "email=1&sms=1&action=none");
    CHECK(co_await mail_consent(t, jane.id) == "denied");
  });
}

TEST_CASE("forged, foreign and outlived links say so and change nothing") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    auto const jane = co_await somebody(t, "jane@example.net", true);
    crypto::UnsubscribeToken const token{t.tenant, MessageId(), jane.id};
    auto const good = site.tokens.encode(token);
    auto bad = good;
    bad[20] = bad[20] == 'A' ? 'B' : 'A';
    auto const before = co_await ledger(t);
    for (std::string const path : {"/u/", "/p/", "/confirm/"})
      for (auto const& text : {bad, std::string("x"), good + "A"}) {
        auto const get = co_await site.ask("GET", path + text);
        CHECK(get.status == 404);
        auto const post = co_await site.ask("POST", path + text, "action=confirm");
        CHECK(post.status == 404);
      }
    // A token of one purpose opens no other door.
    auto const other_door = co_await site.ask("POST", "/p/" + good, "action=none");
    CHECK(other_door.status == 404);
    CHECK(co_await ledger(t) == before);
    // Somebody deleted meanwhile: nothing is left to do, and that is no error to the person.
    co_await site.contacts.remove(t.context(), jane.id);
    auto const gone = co_await site.ask("POST", "/u/" + good);
    CHECK(gone.status == 200);
  });
}

TEST_CASE("pages are safe to show whatever the names in them, and speak the reader's language") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    identity::Brand brand;
    brand.name = "<img src=x onerror=alert(1)>{{7*7}}\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D";
    brand.color = "#ff8800";
    brand.footer = "</footer><script>alert(2)</script>";
    identity::TenantSettings settings;
    settings.brand = brand;
    co_await site.identity.change_tenant(t.context(), std::nullopt, std::nullopt, settings);
    contacts::Change person;
    person.email = std::string("o'<b>@example.net");
    auto const refused = co_await site.contacts.create(t.context(), person, false);
    CHECK_FALSE(refused);
    auto const jane = co_await somebody(t, "o'neil&co@example.net", true);
    crypto::UnsubscribeToken const token{t.tenant, MessageId(), jane.id};
    auto const path = "/u/" + site.tokens.encode(token);
    auto const page = co_await site.ask("GET", path, "", "pt-BR, de-AT;q=0.8, en");
    CHECK(has(page, "<html lang=\"de\">"));
    CHECK(has(page, "Abmelden"));
    CHECK(has(page, "&lt;img src=x onerror=alert(1)&gt;{{7*7}}"));
    CHECK(has(page, "&lt;/footer&gt;&lt;script&gt;"));
    CHECK_FALSE(has(page, "<script"));
    CHECK_FALSE(has(page, "<img"));
    CHECK(has(page, "button{background:#ff8800;color:#0d1118}"));
    auto const policy = std::string(page.headers.get("Content-Security-Policy"));
    CHECK(policy.find("default-src 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("style-src 'sha256-") != std::string::npos);
    CHECK(page.headers.find("Set-Cookie") == nullptr);
    CHECK(page.headers.get("Cache-Control") == "no-store");
    contacts::Change french;
    french.locale = std::string("fr-CA");
    co_await site.contacts.change(t.context(), jane.id, french, std::nullopt);
    auto const own = co_await site.ask("GET", path, "", "de");
    CHECK(has(own, "<html lang=\"fr\">"));
  });
}

TEST_CASE("double opt-in goes from the question to the mail to the button") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    auto const jane = co_await somebody(t, "jane@example.net");
    consent::Proof proof{.status = "pending", .source = "signup form"};
    auto const senderless = co_await site.confirmations.ask(t.context(), jane.id, "email", "marketing", proof);
    REQUIRE_FALSE(senderless);
    CHECK(senderless.error().code == Code::conflict);
    CHECK(co_await mail_consent(t, jane.id) == "none");

    co_await verified_sender(t);
    auto const asked = co_await site.confirmations.ask(t.context(), jane.id, "email", "marketing", proof);
    REQUIRE(asked);
    REQUIRE(asked->message);
    CHECK(co_await mail_consent(t, jane.id) == "pending");
    auto const mail = co_await t.query("select status, kind, purpose, variables, template_version_id from messages where id = '" + asked->message->str() + "'");
    REQUIRE(mail.size() == 1);
    CHECK(mail[0][0] == "queued");
    CHECK(mail[0][1] == "confirmation");
    CHECK(mail[0][2] == "transactional");
    auto const variables = boost::json::parse(mail[0][3]);
    auto const url = std::string(variables.at("confirm_url").as_string());
    REQUIRE(url.starts_with("https://mail.acme.example/confirm/"));
    auto const path = url.substr(site.public_url.size());

    auto const before = co_await ledger(t);
    auto const shown = co_await site.ask("GET", path);
    CHECK(shown.status == 200);
    CHECK(has(shown, "jane@example.net"));
    CHECK(co_await ledger(t) == before);
    CHECK(co_await mail_consent(t, jane.id) == "pending");
    auto const done = co_await site.ask("POST", path, "action=confirm");
    CHECK(done.status == 200);
    CHECK(co_await mail_consent(t, jane.id) == "granted");
    auto const history = co_await consent::history(*t.store, t.tenant, jane.id, std::nullopt, 10);
    CHECK(history[0].text_shown == "Yes, I want default to send me news and offers by e-mail to jane@example.net. I can take this back at any time.");
    auto const settled = co_await ledger(t);
    auto const twice = co_await site.ask("POST", path, "action=confirm");
    CHECK(twice.status == 200);
    CHECK(co_await ledger(t) == settled);
    auto const granted = co_await site.confirmations.ask(t.context(), jane.id, "email", "marketing", proof);
    REQUIRE(granted);
    CHECK_FALSE(granted->message);
  });
}

TEST_CASE("an expired link offers a new one, and sends it but once") {
  on_each_store([](TestStore& t) -> Task<void> {
    Site site(t);
    co_await verified_sender(t);
    auto const jane = co_await somebody(t, "jane@example.net");
    consent::Proof const proof{.status = "pending"};
    auto const asked = co_await site.confirmations.ask(t.context(), jane.id, "email", "marketing", proof);
    crypto::ConfirmToken const token{t.tenant, jane.id, asked->opt_in.id};
    auto const path = "/confirm/" + site.tokens.encode(token);
    t.clock.advance(std::chrono::hours(24 * 8));
    auto const late = co_await site.ask("GET", path);
    CHECK(late.status == 410);
    CHECK(has(late, "value=\"again\""));
    auto const pressed = co_await site.ask("POST", path, "action=confirm");
    CHECK(pressed.status == 410);
    CHECK(co_await mail_consent(t, jane.id) == "pending");
    auto const again = co_await site.ask("POST", path, "action=again");
    CHECK(again.status == 200);
    auto const impatient = co_await site.ask("POST", path, "action=again");
    CHECK(impatient.status == 429);
    auto const mails = co_await t.query("select count(*) from messages where kind = 'confirmation'");
    CHECK(mails[0][0] == "2");
  });
}
