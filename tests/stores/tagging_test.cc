// Tags on many contacts at once.
#include "postrider/contacts/tagging.h"
#include "support/people.h"
#include "support/results.h"

using namespace postrider;
using namespace postrider::test;
using Texts = std::vector<std::string>;

namespace {

// Runs the job to its end as a worker would. Returns in how many steps.
Task<int> work_off(TestStore& t, contacts::Taggings& taggings, Uuid id) {
  auto const handlers = taggings.job_handlers();
  jobs::Job job;
  job.tenant = t.tenant;
  job.kind = "contacts:tag";
  job.payload["tagging_id"] = id.str();
  for (int steps = 1; steps < 100; ++steps) {
    auto const answer = co_await handlers.at("contacts:tag")(job);
    if (std::holds_alternative<jobs::Done>(answer)) co_return steps;
  }
  throw std::runtime_error("the job does not end");
}

Task<std::string> tagged(TestStore& t, std::string tag) {
  contacts::Contacts all(*t.store, t.clock, t.ids);
  contacts::Filter filter;
  filter.tag = std::move(tag);
  auto const count = co_await all.count(t.tenant, filter);
  co_return std::to_string(count.contacts);
}

}  // namespace

TEST_CASE("tags go onto all that fit a filter, chunk by chunk, and the account of it adds up") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    contacts::Taggings taggings(*t.store, t.clock, t.ids, all);
    for (int i = 0; i < 1203; ++i) {
      contacts::Change person;
      person.external_id = "x" + std::to_string(i);
      person.tags = i % 3 == 0 ? Texts{"old", "vip"} : Texts{"old"};
      co_await all.create(t.context(), person, false);
    }
    contacts::TagChange wanted;
    wanted.add = Texts{"vip", "2026"};
    wanted.remove = Texts{"old"};
    wanted.filter.tag = "old";
    auto const started = co_await taggings.start(t.context(), wanted);
    REQUIRE(started);
    CHECK(started->total == 1203);
    CHECK(started->status == "running");
    CHECK(co_await work_off(t, taggings, started->id) == 3);
    auto const ended = co_await taggings.find(t.tenant, started->id);
    CHECK(ended->status == "completed");
    CHECK(ended->changed == 1203);
    CHECK(ended->unchanged + ended->skipped == 0);
    CHECK(co_await tagged(t, "old") == "0");
    CHECK(co_await tagged(t, "vip") == "1203");
    // Done again after a crash it does nothing more.
    CHECK(co_await work_off(t, taggings, started->id) == 1);
    auto const trail = co_await t.query("select count(*) from audit_logs where entity_type = 'contact' and action = 'updated'");
    CHECK(trail[0][0] == "1203");
  });
}

TEST_CASE("ids that are unknown, foreign or full of tags are skipped with their reasons") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    contacts::Taggings taggings(*t.store, t.clock, t.ids, all);
    auto const jane = co_await somebody(t, "jane@example.net");
    contacts::Change full;
    full.email = std::string("full@example.net");
    Texts hundred;
    for (int i = 0; i < 100; ++i) hundred.push_back("t" + std::to_string(i));
    full.tags = hundred;
    auto const laden = co_await all.create(t.context(), full, false);
    auto foreign = t.context();
    foreign.tenant = co_await other_tenant(t);
    contacts::Change stranger;
    stranger.email = std::string("stranger@example.net");
    auto const theirs = co_await all.create(foreign, stranger, false);
    contacts::TagChange wanted;
    wanted.add = Texts{"vip"};
    std::vector<ContactId> ids;
    ids.push_back(jane.id);
    ids.push_back(jane.id);
    ids.push_back(laden->contact.id);
    ids.push_back(theirs->contact.id);
    ids.push_back(t.ids.make<ContactId>());
    wanted.ids = ids;
    auto const started = co_await taggings.start(t.context(), wanted);
    REQUIRE(started);
    CHECK(started->total == 4);
    co_await work_off(t, taggings, started->id);
    auto const ended = co_await taggings.find(t.tenant, started->id);
    CHECK(ended->changed == 1);
    CHECK(ended->skipped == 3);
    CHECK(ended->skip_reasons.at("not_found") == 2);
    CHECK(ended->skip_reasons.at("too_many_tags") == 1);
    auto const untouched = co_await all.find(foreign.tenant, theirs->contact.id);
    CHECK(untouched->tags.empty());
    auto const hidden = co_await taggings.find(foreign.tenant, started->id);
    CHECK(hidden.error().code == Code::not_found);
  });
}

TEST_CASE("a canceled tagging stops, and one without tags does not start") {
  on_each_store([](TestStore& t) -> Task<void> {
    contacts::Contacts all(*t.store, t.clock, t.ids);
    contacts::Taggings taggings(*t.store, t.clock, t.ids, all);
    co_await somebody(t, "jane@example.net");
    auto const nothing = co_await taggings.start(t.context(), contacts::TagChange());
    REQUIRE_FALSE(nothing);
    contacts::TagChange odd;
    odd.add = Texts{"a,b"};
    auto const refused = co_await taggings.start(t.context(), odd);
    CHECK(refused.error().fields.front().pointer == "/add/0");
    contacts::TagChange wanted;
    wanted.add = Texts{"vip"};
    auto const started = co_await taggings.start(t.context(), wanted);
    auto const canceled = co_await taggings.cancel(t.context(), started->id);
    REQUIRE(canceled);
    CHECK(canceled->status == "canceled");
    co_await work_off(t, taggings, started->id);
    CHECK(co_await tagged(t, "vip") == "0");
    auto const again = co_await taggings.cancel(t.context(), started->id);
    CHECK(again.error().code == Code::conflict);
  });
}
