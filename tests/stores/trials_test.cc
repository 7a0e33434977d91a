// Previews and test sends: what is looked at is what goes out, and nothing of it counts.
#include "support/letter_stage.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::delivery;
using namespace postrider::test;

namespace {

Trial trial_of(content::Template const& saved) {
  Trial trial;
  trial.content.channel = saved.channel;
  trial.content.subject = saved.subject;
  trial.content.html_body = saved.html_body;
  trial.content.text_body = saved.text_body;
  trial.version = saved.version_id;
  return trial;
}

bool warns(Preview const& preview, std::string_view code) {
  for (auto const& warning : preview.warnings)
    if (warning.code == code) return true;
  return false;
}

}  // namespace

TEST_CASE("trials: a preview is what would be sent to this person, values escaped in HTML only") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    co_await s.sender("news@acme.example");
    contacts::Change nasty;
    nasty.email = std::string("eve@example.net");
    nasty.first_name = std::string("<b>Eve</b> & \"co\"");
    auto const eve = co_await s.contacts.create(t.context(), std::move(nasty), false);
    auto const saved = co_await s.letter("For {{ contact.first_name }}", "<p title=\"{{ contact.first_name }}\">{{ contact.first_name }}, {{ sender.from_email }}</p>",
                                         "Hi {{ contact.first_name }}");
    auto trial = trial_of(saved);
    trial.contact = eve->contact.id;
    auto const preview = co_await s.trials.preview(t.tenant, std::move(trial));
    REQUIRE(preview);
    CHECK(preview->rendered.subject == "For <b>Eve</b> & \"co\"");
    CHECK(preview->rendered.html == "<p title=\"&lt;b&gt;Eve&lt;/b&gt; &amp; &quot;co&quot;\">&lt;b&gt;Eve&lt;/b&gt; &amp; &quot;co&quot;, news@acme.example</p>");
    CHECK(preview->rendered.text == "Hi <b>Eve</b> & \"co\"");
    CHECK(warns(*preview, "missing_unsubscribe"));
    CHECK(warns(*preview, "no_default"));
    auto stranger = trial_of(saved);
    stranger.contact = ContactId(t.ids.next());
    CHECK((co_await s.trials.preview(t.tenant, std::move(stranger))).error().fields.at(0).pointer == "/contact_id");
  });
}

TEST_CASE("trials: content that is not saved is tried out too, on a made-up person") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    Trial unsaved;
    unsaved.content.subject = "Hi {{ contact.first_name }}";
    unsaved.content.html_body = "<p><a href=\"{{ unsubscribe_url }}\">bye</a> {{ variables.code }}</p>";
    auto const missing = co_await s.trials.preview(t.tenant, unsaved);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().fields.at(0).pointer == "/html_body");
    CHECK(missing.error().fields.at(0).code == "unknown_variable");
    CHECK_THAT(missing.error().message, Catch::Contains("line 1, column 47"));
    unsaved.variables["code"] = 42;
    auto const preview = co_await s.trials.preview(t.tenant, unsaved);
    REQUIRE(preview);
    CHECK(preview->rendered.subject == "Hi Jane");
    CHECK(preview->text_is_derived);
    CHECK_THAT(preview->rendered.html, Catch::Contains("https://mail.example/u/"));
    Trial refused;
    refused.content.subject = "x";
    refused.content.html_body = "<a href=\"javascript:alert(1)\">x</a>";
    CHECK((co_await s.trials.preview(t.tenant, refused)).error().fields.at(0).pointer == "/html_body");
    CHECK(co_await s.value("select count(*) from template_versions") == "0");
  });
}

TEST_CASE("trials: the made-up person has whatever attributes the template prints, in the preview and in the test mail") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    co_await s.sender("news@acme.example");
    auto const saved = co_await s.letter("Your {{ contact.attributes.plan }} plan", "<p>{{ contact.attributes.address.city }} {{ contact.attributes.address.zip }}</p>");
    auto const preview = co_await s.trials.preview(t.tenant, trial_of(saved));
    REQUIRE(preview);
    CHECK(preview->rendered.subject == "Your [plan] plan");
    CHECK(preview->rendered.html == "<p>[city] [zip]</p>");
    std::vector<std::string> const to{"boss@acme.example"};
    auto const mails = co_await s.trials.send(t.context(), trial_of(saved), to);
    REQUIRE(mails);
    CHECK((co_await s.messages.content(t.tenant, *mails->at(0).message))->subject == "[Test] Your [plan] plan");
  });
}

TEST_CASE("trials: a preview warns of what only shows when it is rendered") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    Trial big;
    big.content.subject = "{{ variables.nothing }}";
    big.content.html_body = "<p>{% for i in (1..3000) %}a line that is repeated so often that it is far too long{% endfor %}</p><a href=\"http://acme.example/\">x</a><img src=\"https://a.example/x.png\">";
    big.variables["nothing"] = "";
    auto const preview = co_await s.trials.preview(t.tenant, big);
    REQUIRE(preview);
    for (auto const* const code : {"missing_subject", "too_large", "insecure_link", "missing_alt", "missing_unsubscribe", "missing_plain_text"}) {
      INFO(code);
      CHECK(warns(*preview, code));
    }
  });
}

TEST_CASE("trials: a test goes to each address that may get mail, and says why to the others") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const from = co_await s.sender("news@acme.example");
    auto const person = co_await s.person("ada@example.net");
    auto const saved = co_await s.letter("Hi {{ contact.first_name }}", "<p>x</p>");
    co_await s.suppress("Gone@Example.net", "unsubscribe");
    auto trial = trial_of(saved);
    trial.contact = person.id;
    std::vector<std::string> to{"boss@acme.example", "gone@example.net", "no address", "BOSS@acme.example"};
    auto const mails = co_await s.trials.send(t.context(), trial, to);
    REQUIRE(mails);
    REQUIRE(mails->size() == 4);
    CHECK(mails->at(0).message);
    CHECK(mails->at(1).reason == "suppressed");
    CHECK(mails->at(2).reason == "invalid");
    CHECK(mails->at(3).reason == "duplicate");
    auto const rows = co_await t.query("select kind, to_address, contact_id, status, sender_id from messages");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0] == std::vector<std::string>{"test", "boss@acme.example", person.id.str(), "queued", from.id.str()});
    CHECK(co_await s.value("select count(*) from audit_logs where action = 'test_sent'") == "1");
    CHECK(co_await s.value("select count(*) from contacts") == "1");

    auto const content = co_await s.messages.content(t.tenant, *mails->at(0).message);
    REQUIRE(content);
    CHECK(content->subject == "[Test] Hi Ada");
    CHECK(content->to == "boss@acme.example");

    std::vector<std::string> nobody{"gone@example.net"};
    auto const refused = co_await s.trials.send(t.context(), trial, nobody);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::suppressed);
    CHECK(refused.error().fields.at(0).pointer == "/to/0");
    std::vector<std::string> too_many(11, "a@example.net");
    CHECK((co_await s.trials.send(t.context(), trial, too_many)).error().fields.at(0).pointer == "/to");
  });
}

TEST_CASE("trials: a test needs a verified sender, and whoever clicks in it unsubscribes nobody") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const person = co_await s.person("ada@example.net");
    auto const saved = co_await s.letter("Hi", "<a href=\"{{ unsubscribe_url }}\">bye</a>");
    std::vector<std::string> const to{"boss@acme.example"};
    CHECK((co_await s.trials.send(t.context(), trial_of(saved), to)).error().fields.at(0).pointer == "/sender_id");
    auto const unverified = co_await s.sender("new@acme.example", false);
    auto named = trial_of(saved);
    named.sender = unverified.id;
    CHECK_THAT((co_await s.trials.send(t.context(), named, to)).error().message, Catch::Contains("not verified"));
    co_await s.sender("news@acme.example");
    auto trial = trial_of(saved);
    trial.contact = person.id;
    auto const mails = co_await s.trials.send(t.context(), trial, to);
    REQUIRE(mails);
    auto const content = co_await s.messages.content(t.tenant, *mails->at(0).message);
    REQUIRE(content);
    auto const at = content->html.find("/u/") + 3;
    auto const token = s.tokens.unsubscribe(content->html.substr(at, content->html.find('"', at) - at));
    REQUIRE(token);
    CHECK(token->contact.is_nil());
  });
}
