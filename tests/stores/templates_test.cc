// Templates on both databases: versions, restoring, archiving, two people at once.
#include "postrider/content/line_diff.h"
#include "support/letter_stage.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::content;
using namespace postrider::test;

TEST_CASE("templates: a change of what is said makes a version, a change of the name does not") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const first = co_await s.letter("Hi {{ contact.first_name }}", "<p>One</p>");
    CHECK(first.version == 1);
    CHECK(first.variables == std::vector<std::string>{"contact.first_name"});
    TemplateChange renamed;
    renamed.name = "Other name";
    auto const second = co_await s.templates.change(t.context(), first.id, std::move(renamed), std::nullopt);
    REQUIRE(second);
    CHECK(second->version == 1);
    TemplateChange said;
    said.html_body = "<p>Two {{ contact.email }}</p>";
    auto const third = co_await s.templates.change(t.context(), first.id, std::move(said), second->updated_at);
    REQUIRE(third);
    CHECK(third->version == 2);
    CHECK(third->variables == std::vector<std::string>{"contact.first_name", "contact.email"});

    auto const versions = co_await s.templates.versions(t.tenant, first.id, std::nullopt, 10);
    REQUIRE(versions.size() == 2);
    CHECK(versions[0].version == 2);
    CHECK(versions[1].html_body == "<p>One</p>");
    CHECK((co_await s.templates.versions(t.tenant, first.id, 2, 10)).size() == 1);

    auto const back = co_await s.templates.restore(t.context(), first.id, 1);
    REQUIRE(back);
    CHECK(back->version == 3);
    CHECK(back->html_body == "<p>One</p>");
    auto const unknown = co_await s.templates.restore(t.context(), first.id, 9);
    CHECK(unknown.error().code == Code::not_found);
    // What was sent with an old version keeps its content.
    auto const compiled = co_await s.templates.compiled(t.tenant, versions[0].id, false);
    REQUIRE(compiled);
    CHECK(co_await s.value("select count(*) from audit_logs where entity_type = 'template'") == "4");
  });
}

TEST_CASE("templates: the MJML that HTML was made of stays with it, goes when only the HTML changes, and comes back with its version") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const plain = co_await s.letter("Hi", "<p>One</p>");
    CHECK_FALSE(plain.mjml_body);
    TemplateChange made;
    made.html_body = "<p>Two</p>";
    made.mjml_body = std::string("<mjml>Two</mjml>");
    auto const second = co_await s.templates.change(t.context(), plain.id, std::move(made), std::nullopt);
    REQUIRE(second);
    CHECK(second->mjml_body == "<mjml>Two</mjml>");
    TemplateChange subject;
    subject.subject = "Hello";
    auto const third = co_await s.templates.change(t.context(), plain.id, std::move(subject), std::nullopt);
    REQUIRE(third);
    CHECK(third->mjml_body == "<mjml>Two</mjml>");
    TemplateChange by_hand;
    by_hand.html_body = "<p>By hand</p>";
    auto const fourth = co_await s.templates.change(t.context(), plain.id, std::move(by_hand), std::nullopt);
    REQUIRE(fourth);
    CHECK_FALSE(fourth->mjml_body);
    auto const back = co_await s.templates.restore(t.context(), plain.id, 2);
    REQUIRE(back);
    CHECK(back->mjml_body == "<mjml>Two</mjml>");
    CHECK(back->html_body == "<p>Two</p>");
    auto const again = co_await s.templates.find(t.tenant, plain.id);
    REQUIRE(again);
    CHECK(again->mjml_body == "<mjml>Two</mjml>");
    auto const first = co_await s.templates.version(t.tenant, plain.id, 1);
    REQUIRE(first);
    CHECK_FALSE(first->mjml_body);
  });
}

TEST_CASE("templates: whoever changes an old state is told, whoever does not insist is put on top") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const first = co_await s.letter("Hi", "<p>One</p>");
    TemplateChange mine;
    mine.subject = "Mine";
    REQUIRE(co_await s.templates.change(t.context(), first.id, std::move(mine), first.updated_at));
    TemplateChange late;
    late.subject = "Late";
    auto const refused = co_await s.templates.change(t.context(), first.id, late, first.updated_at);
    CHECK(refused.error().code == Code::precondition);
    auto const taken = co_await s.templates.change(t.context(), first.id, late, std::nullopt);
    REQUIRE(taken);
    CHECK(taken->version == 3);
  });
}

TEST_CASE("templates: an archived one is out of the list, keeps its versions and comes back") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const kept = co_await s.letter("Hi", "<p>100% of it</p>");
    REQUIRE(co_await s.templates.archive(t.context(), kept.id));
    REQUIRE(co_await s.templates.archive(t.context(), kept.id));
    CHECK((co_await s.templates.list(t.tenant, TemplateFilter(), std::nullopt, 10)).empty());
    TemplateFilter archived;
    archived.archived = true;
    CHECK((co_await s.templates.list(t.tenant, archived, std::nullopt, 10)).size() == 1);
    TemplateChange change;
    change.name = "x";
    CHECK((co_await s.templates.change(t.context(), kept.id, std::move(change), std::nullopt)).error().code == Code::conflict);
    CHECK(co_await s.templates.compiled(t.tenant, kept.version_id, true));
    auto const back = co_await s.templates.unarchive(t.context(), kept.id);
    REQUIRE(back);
    CHECK_FALSE(back->archived_at);
    TemplateFilter search;
    search.search = "ETTE";
    CHECK((co_await s.templates.list(t.tenant, search, std::nullopt, 10)).size() == 1);
    search.search = "L_tter";
    CHECK((co_await s.templates.list(t.tenant, search, std::nullopt, 10)).empty());
    search.search.reset();
    search.channel = "sms";
    CHECK((co_await s.templates.list(t.tenant, search, std::nullopt, 10)).empty());
    TenantId const stranger(t.ids.next());
    CHECK_FALSE(co_await s.templates.find(stranger, kept.id));
    CHECK_FALSE(co_await s.templates.compiled(stranger, kept.version_id, true));
  });
}

TEST_CASE("templates: one that a waiting campaign needs is not put away") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    auto const needed = co_await s.letter("Hi", "<p>x</p>");
    co_await t.query("insert into campaigns (tenant_id, id, name, type, status, segment_ids, exclude_segment_ids, template_id, schedule, priority, tracking, metadata, "
                     "run_number, created_at, updated_at) values ('" + t.tenant.str() + "', '" + t.ids.next().str() + "', 'Spring', 'broadcast', 'scheduled', '[]', '[]', '" +
                     needed.id.str() + "', '{}', 5, true, '{}', 1, '2026-03-01T00:00:00.000000Z', '2026-03-01T00:00:00.000000Z')");
    auto const refused = co_await s.templates.archive(t.context(), needed.id);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::conflict);
    CHECK_THAT(refused.error().message, Catch::Contains("Spring"));
  });
}

TEST_CASE("templates: what is not right is told by its pointer, and nothing is kept") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    TemplateChange broken;
    broken.subject = "{{ contact.first_name";
    broken.html_body = "<p>\n{% if x %}</p>";
    auto const refused = co_await s.templates.create(t.context(), "Broken", "email", std::move(broken));
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().fields.size() == 2);
    CHECK(refused.error().fields[0].pointer == "/subject");
    CHECK(refused.error().fields[1].pointer == "/html_body");
    CHECK_THAT(refused.error().fields[1].message, Catch::Contains("line 2"));
    TemplateChange sms;
    sms.html_body = "<p>x</p>";
    CHECK((co_await s.templates.create(t.context(), "Text", "sms", std::move(sms))).error().fields.at(0).pointer == "/html_body");
    TemplateChange silent;
    CHECK((co_await s.templates.create(t.context(), "Text", "push", std::move(silent))).error().fields.at(0).pointer == "/text_body");
    CHECK(co_await s.value("select count(*) from email_templates") == "0");
  });
}

TEST_CASE("templates: the same content handed over twice is kept once, and stands in no list") {
  on_each_store([](TestStore& t) -> Task<void> {
    LetterStage s(t);
    InlineContent const receipt{.subject = "Receipt {{ variables.number }}", .html_body = "<p>Thanks</p>"};
    auto const first = co_await keep_inline(*t.store, t.tenant, receipt, t.clock.now());
    auto const second = co_await keep_inline(*t.store, t.tenant, receipt, t.clock.now());
    REQUIRE(first);
    CHECK(*first == *second);
    CHECK(co_await s.value("select count(*) from template_versions") == "1");
    CHECK((co_await s.templates.list(t.tenant, TemplateFilter(), std::nullopt, 10)).empty());
    auto const compiled = co_await s.templates.compiled(t.tenant, *first, true);
    REQUIRE(compiled);
    CHECK(compiled->variables.at(0).path == "variables.number");
    InlineContent const broken{.subject = "x", .html_body = "{% bad %}"};
    CHECK((co_await keep_inline(*t.store, t.tenant, broken, t.clock.now())).error().fields.at(0).pointer == "/html_body");
  });
}

TEST_CASE("what changed between two texts is told line by line") {
  auto const diff = line_diff("a\nb\nc\n", "a\nx\nc\nd");
  std::string told;
  for (auto const& line : diff) told += (line.change == LineChange::same ? " " : line.change == LineChange::added ? "+" : "-") + line.text;
  CHECK(told == " a-b+x c+d");
  CHECK(diff[1].old_line == 2);
  CHECK_FALSE(diff[1].new_line);
  CHECK(line_diff("", "").empty());
  CHECK(line_diff("same", "same").size() == 1);
  std::string many_old, many_new;
  for (int i = 0; i < 3000; ++i) {
    many_old += "old" + std::to_string(i) + "\n";
    many_new += "new" + std::to_string(i) + "\n";
  }
  CHECK(line_diff(many_old, many_new).size() == 6000);
}
