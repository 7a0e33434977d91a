// The life of a journey on both databases: drafts, what they speak of, versions, and every arrow between its states.
#include "postrider/journeys/journeys.h"
#include "support/campaign_world.h"
#include "support/results.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::journeys;
using namespace postrider::test;

namespace {

using Words = std::vector<std::string>;

boost::json::object object(std::string const& text) { return boost::json::parse(text).as_object(); }

std::string quiet(std::string const& wait = "2d") {
  return R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "pause"}},
                       {"id": "pause", "kind": "wait", "settings": {"duration": ")" +
         wait + R"("}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}]})";
}

Change draft(std::string name, std::string definition) {
  Change wanted;
  wanted.name = std::move(name);
  wanted.definition = object(definition);
  return wanted;
}

Change says(std::string definition) {
  Change wanted;
  wanted.definition = object(definition);
  return wanted;
}

Words told(Problems const& problems) {
  Words all;
  for (auto const& p : problems) all.push_back(p.pointer + " " + p.code);
  return all;
}

Task<Words> actions(TestStore& t, JourneyId id) {
  Words all;
  auto const rows = co_await t.query("select action from audit_logs where entity_type = 'journey' and entity_id = '" + id.str() + "' order by id");
  for (auto const& row : rows) all.push_back(row[0]);
  co_return all;
}

}  // namespace

TEST_CASE("journeys: a draft may be wrong, is stored as it is, and says what is wrong; only a whole one is published") {
  on_each_store([](TestStore& t) -> Task<void> {
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const made = co_await journeys.create(t.context(), draft("Welcome", R"({"nodes": [{"id": "a", "kind": "wonder", "note": [1, {"x": null}]}], "mood": 1})"));
    REQUIRE(made.has_value());
    CHECK(made->status == JourneyStatus::draft);
    CHECK(made->version == 0);
    CHECK(made->draft_changed);
    auto const found = co_await journeys.find(t.tenant, made->id);
    REQUIRE(found.has_value());
    CHECK(found->definition == made->definition);
    auto const problems = co_await journeys.problems(t.tenant, found->definition);
    REQUIRE_FALSE(problems.empty());
    for (auto const& p : problems) CHECK(p.pointer.starts_with("/definition"));
    auto const refused = co_await journeys.publish(t.context(), made->id, "");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::invalid);
    CHECK(told(refused.error().fields) == told(problems));
    auto const not_active = co_await journeys.activate(t.context(), made->id);
    REQUIRE_FALSE(not_active.has_value());
    CHECK(not_active.error().code == Code::invalid);
    CHECK((co_await t.query("select count(*) from journey_versions"))[0][0] == "0");
    auto const mended = co_await journeys.change(t.context(), made->id, says(quiet()), made->updated_at);
    REQUIRE(mended.has_value());
    auto const published = co_await journeys.publish(t.context(), made->id, "the first");
    REQUIRE(published.has_value());
    CHECK(published->version == 1);
    CHECK_FALSE(published->draft_changed);
    CHECK(published->status == JourneyStatus::draft);
    auto const version = co_await journeys.version(t.tenant, made->id, 1);
    REQUIRE(version.has_value());
    CHECK(version->note == "the first");
    CHECK(version->definition == object(quiet()));
    auto const done = co_await actions(t, made->id);
    CHECK(done == Words{"created", "updated", "published"});
  });
}

TEST_CASE("journeys: what a definition speaks of must be there, and of the right kind; each problem names node and member") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(1);
    Journeys journeys(*t.store, t.clock, t.ids);
    content::TemplateChange text;
    text.text_body = std::string("Hi");
    auto const sms = co_await world.templates.create(world.context, "Text", "sms", std::move(text));
    REQUIRE(sms.has_value());
    content::TemplateChange parts;
    parts.subject = "Old";
    parts.html_body = "<p>Old</p>";
    auto const old = co_await world.templates.create(world.context, "Old", "email", std::move(parts));
    REQUIRE(old.has_value());
    auto const put_away = co_await world.templates.archive(world.context, old->id);
    REQUIRE(put_away.has_value());
    auto const everyone = object(R"({"type": "attribute", "field": "email", "operator": "exists"})");
    auto const dynamic = co_await world.segments.create(world.context, "dynamic", "", true, everyone);
    REQUIRE(dynamic.has_value());
    auto const other = co_await journeys.create(world.context, draft("Other", quiet()));
    REQUIRE(other.has_value());
    auto const shelved = co_await journeys.create(world.context, draft("Shelved", quiet()));
    REQUIRE(shelved.has_value());
    auto const archived = co_await journeys.archive(world.context, shelved->id);
    REQUIRE(archived.has_value());
    co_await t.query(fmt::format("insert into sender_identities (tenant_id, id, from_email, from_name, provider_id, verified, created_at, updated_at) select tenant_id, "
                                 "'00000000-0000-7000-8000-00000000abcd', 'new@example.com', 'New', provider_id, false, created_at, updated_at from sender_identities where id = '{}'",
                                 world.sender.str()));
    std::string const nowhere = "00000000-0000-7000-8000-00000000dead";
    std::vector<std::string> nodes;
    auto node = [&nodes](std::string const& kind, std::string const& settings, std::string const& exits = "") {
      auto const i = nodes.size();
      auto const leads = exits.empty() ? fmt::format(R"({{"next": "n{}"}})", i + 1) : exits;
      nodes.push_back(fmt::format(R"({{"id": "n{}", "kind": "{}", "settings": {}, "exits": {}}})", i, kind, settings, leads));
    };
    auto act = [](std::string const& what, std::string const& members) { return fmt::format(R"({{"act": "{}", {}}})", what, members); };
    auto mail = [&](std::string const& letter, std::string const& sender) {
      return act("send_message", fmt::format(R"("template_id": "{}", "sender_id": "{}")", letter, sender));
    };
    node("trigger", fmt::format(R"({{"on": "segment_joined", "segment_id": "{}"}})", nowhere));                          // 0: gone
    node("action", mail(world.letter.str(), world.sender.str()));                                                        // 1: right
    node("action", mail(nowhere, nowhere));                                                                              // 2: both gone
    node("action", mail(old->id.str(), "00000000-0000-7000-8000-00000000abcd"));                                         // 3: archived, unverified
    node("action", mail(sms->id.str(), world.sender.str()));                                                             // 4: of another channel
    node("action", act("add_to_segment", fmt::format(R"("segment_id": "{}")", dynamic->id.str())));                      // 5: calculated
    node("action", act("remove_from_segment", fmt::format(R"("segment_id": "{}")", world.everybody.str())));             // 6: right
    node("action", act("start_journey", fmt::format(R"("journey_id": "{}")", other->id.str())));                         // 7: right
    node("action", act("start_journey", fmt::format(R"("journey_id": "{}")", shelved->id.str())));                       // 8: archived
    node("action", act("end_journey", fmt::format(R"("journey_id": "{}")", nowhere)));                                   // 9: gone
    auto const in_segment = [](std::string const& id) { return fmt::format(R"({{"type": "segment", "segment_id": "{}"}})", id); };
    node("condition", fmt::format(R"({{"condition": {{"and": [{}, {}]}}}})", in_segment(dynamic->id.str()), in_segment(nowhere)),
         R"({"true": "n11", "false": "n11"})");                                                                         // 10: the second is gone
    node("exit", "{}", "{}");
    std::string whole = "{\"nodes\": [";
    for (std::size_t i = 0; i < nodes.size(); ++i) whole += (i ? "," : "") + nodes[i];
    whole += fmt::format("], \"entry\": {{\"where\": {}}}, \"rules\": {{\"stay_while\": {}}}}}", in_segment(nowhere), in_segment(nowhere));
    auto const problems = co_await journeys.problems(t.tenant, object(whole));
    CHECK(told(problems) == Words{"/definition/nodes/2/settings/template_id not_found", "/definition/nodes/3/settings/template_id archived",
                                  "/definition/nodes/4/settings/template_id wrong_channel", "/definition/nodes/2/settings/sender_id not_found",
                                  "/definition/nodes/3/settings/sender_id unverified", "/definition/nodes/0/settings/segment_id not_found",
                                  "/definition/nodes/5/settings/segment_id not_static", "/definition/nodes/10/settings/condition/and/1/segment_id not_found",
                                  "/definition/entry/where/segment_id not_found", "/definition/rules/stay_while/segment_id not_found",
                                  "/definition/nodes/8/settings/journey_id archived", "/definition/nodes/9/settings/journey_id not_found"});
    for (auto const& p : problems)
      if (p.pointer.starts_with("/definition/nodes/3/")) CHECK(p.message.starts_with("node 'n3': "));
    // Nobody would ever come in.
    auto const by_date = object(R"({"nodes": [{"id": "start", "kind": "trigger", "settings": {"on": "date", "field": "attributes.renews_on"}, "exits": {"next": "bye"}}, {"id": "bye", "kind": "exit"}]})");
    CHECK(told(co_await journeys.problems(t.tenant, by_date)) == Words(1, "/definition/nodes/0/settings/on not_available"));
  });
}

TEST_CASE("journeys: what is another tenant's is not there") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(1);
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const mine = co_await journeys.create(t.context(), draft("Mine", quiet()));
    REQUIRE(mine.has_value());
    auto const stranger = t.ids.make<TenantId>();
    auto const definition = object(fmt::format(R"({{"nodes": [{{"id": "a", "kind": "trigger", "settings": {{"on": "journey", "journey_id": "{}"}}, "exits": {{"next": "b"}}}},
      {{"id": "b", "kind": "action", "settings": {{"act": "send_message", "template_id": "{}", "sender_id": "{}"}}, "exits": {{"next": "c"}}}}, {{"id": "c", "kind": "exit"}}]}})",
                                               mine->id.str(), world.letter.str(), world.sender.str()));
    CHECK((co_await journeys.problems(t.tenant, definition)).empty());
    CHECK(told(co_await journeys.problems(stranger, definition)).size() == 3);
    auto theirs = t.context();
    theirs.tenant = stranger;
    auto const found = co_await journeys.find(stranger, mine->id);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == Code::not_found);
    auto const activated = co_await journeys.activate(theirs, mine->id);
    REQUIRE_FALSE(activated.has_value());
    CHECK(activated.error().code == Code::not_found);
    auto const again = co_await journeys.create(theirs, draft("Mine", quiet()));
    CHECK(again.has_value());
    CHECK((co_await journeys.list(stranger, Filter(), std::nullopt, 10)).size() == 1);
  });
}

TEST_CASE("journeys: every verb leads where it should, and each state refuses what it must") {
  on_each_store([](TestStore& t) -> Task<void> {
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const context = t.context();
    auto const made = co_await journeys.create(context, draft("Life", quiet()));
    REQUIRE(made.has_value());
    auto const id = made->id;
    auto refuses = [](Result<Journey> const& result) { return !result.has_value() && result.error().code == Code::conflict; };
    CHECK(refuses(co_await journeys.pause(context, id)));
    CHECK(refuses(co_await journeys.resume(context, id)));
    CHECK(refuses(co_await journeys.restore(context, id)));
    // A draft that was never published is published with it.
    auto const active = co_await journeys.activate(context, id);
    REQUIRE(active.has_value());
    CHECK(active->status == JourneyStatus::active);
    CHECK(active->version == 1);
    CHECK_FALSE(active->draft_changed);
    CHECK(active->activated_at == t.clock.now());
    CHECK(refuses(co_await journeys.activate(context, id)));
    CHECK(refuses(co_await journeys.archive(context, id)));
    CHECK(refuses(co_await journeys.publish(context, id, "")));
    t.clock.advance(std::chrono::minutes(1));
    auto const paused = co_await journeys.pause(context, id);
    REQUIRE(paused.has_value());
    CHECK(paused->status == JourneyStatus::paused);
    CHECK(paused->paused_at == t.clock.now());
    CHECK(refuses(co_await journeys.activate(context, id)));
    // What the draft says meanwhile waits until it is published.
    auto const changed = co_await journeys.change(context, id, says(quiet("3d")), std::nullopt);
    REQUIRE(changed.has_value());
    CHECK(changed->draft_changed);
    auto const back = co_await journeys.resume(context, id);
    REQUIRE(back.has_value());
    CHECK(back->status == JourneyStatus::active);
    CHECK(back->version == 1);
    CHECK(back->draft_changed);
    CHECK_FALSE(back->paused_at);
    auto const second = co_await journeys.publish(context, id, "");
    REQUIRE(second.has_value());
    CHECK(second->version == 2);
    CHECK(second->status == JourneyStatus::active);
    // Back to what the published one says: nothing to publish.
    auto const other = co_await journeys.change(context, id, says(quiet("4d")), std::nullopt);
    REQUIRE(other.has_value());
    CHECK(other->draft_changed);
    auto const same = co_await journeys.change(context, id, says(quiet("3d")), std::nullopt);
    REQUIRE(same.has_value());
    CHECK_FALSE(same->draft_changed);
    CHECK((co_await journeys.remove(context, id)).error().code == Code::conflict);
    CHECK((co_await journeys.pause(context, id)).has_value());
    auto const archived = co_await journeys.archive(context, id);
    REQUIRE(archived.has_value());
    CHECK(archived->status == JourneyStatus::archived);
    CHECK(refuses(co_await journeys.change(context, id, says(quiet("9d")), std::nullopt)));
    CHECK(refuses(co_await journeys.publish(context, id, "")));
    CHECK(refuses(co_await journeys.resume(context, id)));
    CHECK((co_await journeys.list(t.tenant, Filter(), std::nullopt, 10)).empty());
    // Its name is free now, and taken when it comes back.
    auto const namesake = co_await journeys.create(context, draft("Life", quiet()));
    REQUIRE(namesake.has_value());
    CHECK(refuses(co_await journeys.restore(context, id)));
    CHECK((co_await journeys.remove(context, namesake->id)).has_value());
    auto const restored = co_await journeys.restore(context, id);
    REQUIRE(restored.has_value());
    CHECK(restored->status == JourneyStatus::paused);
    auto const done = co_await actions(t, id);
    CHECK(done == Words{"created", "activated", "paused", "updated", "resumed", "published", "updated", "updated", "paused", "archived", "restored"});
    auto const versions = co_await journeys.versions(t.tenant, id, std::nullopt, 10);
    REQUIRE(versions.size() == 2);
    CHECK(versions[0].version == 2);
    CHECK((co_await journeys.versions(t.tenant, id, 2, 10)).size() == 1);
  });
}

TEST_CASE("journeys: a version whose template was archived meanwhile is not gone on with") {
  on_each_store([](TestStore& t) -> Task<void> {
    CampaignWorld world(t);
    co_await world.prepare(1);
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const definition = fmt::format(R"({{"nodes": [{{"id": "a", "kind": "trigger", "settings": {{"on": "call"}}, "exits": {{"next": "b"}}}},
      {{"id": "b", "kind": "action", "settings": {{"act": "send_message", "template_id": "{}", "sender_id": "{}"}}, "exits": {{"next": "c"}}}}, {{"id": "c", "kind": "exit"}}]}})",
                                        world.letter.str(), world.sender.str());
    auto const made = co_await journeys.create(world.context, draft("Mail", definition));
    REQUIRE(made.has_value());
    CHECK((co_await journeys.activate(world.context, made->id)).has_value());
    CHECK((co_await journeys.pause(world.context, made->id)).has_value());
    CHECK((co_await world.templates.archive(world.context, world.letter)).has_value());
    auto const refused = co_await journeys.resume(world.context, made->id);
    REQUIRE_FALSE(refused.has_value());
    CHECK(told(refused.error().fields) == Words{"/definition/nodes/1/settings/template_id archived"});
  });
}

TEST_CASE("journeys: names, lists, copies, files") {
  on_each_store([](TestStore& t) -> Task<void> {
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const context = t.context();
    auto const first = co_await journeys.create(context, draft("Willkommen, Ölz", quiet()));
    REQUIRE(first.has_value());
    auto const twice = co_await journeys.create(context, draft("Willkommen, Ölz", quiet()));
    REQUIRE_FALSE(twice.has_value());
    CHECK(told(twice.error().fields) == Words{"/name duplicate"});
    auto const copy = co_await journeys.copy(context, first->id, std::nullopt);
    REQUIRE(copy.has_value());
    CHECK(copy->name == "Willkommen, Ölz (copy)");
    auto const another = co_await journeys.copy(context, first->id, std::nullopt);
    REQUIRE(another.has_value());
    CHECK(another->name == "Willkommen, Ölz (copy 2)");
    CHECK(another->definition == first->definition);
    Change rename;
    rename.name = first->name;
    auto const taken = co_await journeys.change(context, another->id, std::move(rename), std::nullopt);
    REQUIRE_FALSE(taken.has_value());
    CHECK(taken.error().code == Code::conflict);
    Filter filter;
    filter.search = "öLZ (";
    auto const found = co_await journeys.list(t.tenant, filter, std::nullopt, 10);
    REQUIRE(found.size() == 2);
    CHECK(found[0].id == another->id);
    CHECK((co_await journeys.list(t.tenant, filter, another->id, 10)).size() == 1);
    filter.search = "%";
    CHECK((co_await journeys.list(t.tenant, filter, std::nullopt, 10)).empty());
    Filter active;
    active.status = JourneyStatus::active;
    CHECK((co_await journeys.list(t.tenant, active, std::nullopt, 10)).empty());
    // A file is applied to whoever has its name; the second time nothing is written.
    auto const applied = co_await journeys.apply(context, draft("Filed", quiet()));
    REQUIRE(applied.has_value());
    CHECK(applied->made);
    auto const again = co_await journeys.apply(context, draft("Filed", quiet("9d")));
    REQUIRE(again.has_value());
    CHECK_FALSE(again->made);
    CHECK(again->journey.id == applied->journey.id);
    auto const idle = co_await journeys.apply(context, draft("Filed", quiet("9d")));
    REQUIRE(idle.has_value());
    CHECK(idle->journey.updated_at == again->journey.updated_at);
    auto const done = co_await actions(t, applied->journey.id);
    CHECK(done == Words{"created", "updated"});
    CHECK(boost::json::serialize(in_order(again->journey.definition)) == boost::json::serialize(in_order(object(quiet("9d")))));
  });
}

TEST_CASE("journeys: of two people who change a draft at once, the second is told") {
  on_each_store([](TestStore& t) -> Task<void> {
    Journeys journeys(*t.store, t.clock, t.ids);
    auto const made = co_await journeys.create(t.context(), draft("Shared", quiet()));
    REQUIRE(made.has_value());
    CHECK((co_await journeys.change(t.context(), made->id, says(quiet("3d")), made->updated_at)).has_value());
    auto const late = co_await journeys.change(t.context(), made->id, says(quiet("4d")), made->updated_at);
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == Code::precondition);
  });
}

TEST_CASE("journeys: what is otherwise between two definitions is told node by node") {
  auto const before = object(R"({"nodes": [{"id": "a", "kind": "trigger", "settings": {"on": "call"}, "exits": {"next": "b"}, "layout": {"x": 1}},
    {"id": "b", "kind": "wait", "settings": {"duration": "2d"}, "exits": {"next": "c"}}, {"id": "c", "kind": "exit"}, {"kind": "nameless"}, 7], "entry": {"again": "never"}})");
  auto const after = object(R"({"rules": {"overdue": "1h"}, "nodes": [{"id": "a", "kind": "trigger", "exits": {"next": "d"}, "settings": {"on": "call"}, "layout": {"x": 2}},
    {"id": "d", "kind": "split", "settings": {}}, {"id": "b", "kind": "wait", "settings": {"until": "x"}, "exits": {"next": "b/b"}}], "entry": {"again": "never"}})");
  auto const found = differences(before, after);
  REQUIRE(found.nodes.size() == 4);
  CHECK(found.nodes[0].node == "a");
  CHECK(found.nodes[0].change == "changed");
  REQUIRE(found.nodes[0].fields.size() == 1);
  CHECK(found.nodes[0].fields[0].pointer == "/exits/next");
  CHECK(found.nodes[0].fields[0].before == "b");
  CHECK(found.nodes[0].fields[0].after == "d");
  CHECK(found.nodes[1].change == "added");
  CHECK(found.nodes[1].kind == "split");
  CHECK(found.nodes[2].fields.size() == 3);
  CHECK(found.nodes[2].fields[1].pointer == "/settings/duration");
  CHECK(found.nodes[2].fields[1].after.is_null());
  CHECK(found.nodes[3].node == "c");
  CHECK(found.nodes[3].change == "removed");
  CHECK(found.entry.empty());
  REQUIRE(found.rules.size() == 1);
  CHECK(found.rules[0].pointer == "/overdue");
  auto const same = differences(before, before);
  CHECK(same.nodes.empty());
  CHECK(differences(object(R"({"nodes": {"a": 1}})"), object("{}")).nodes.empty());
}
