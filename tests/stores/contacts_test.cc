// Contacts: what may be saved, how they are found, how two changes meet, how they go.
#include "postrider/contacts/contacts.h"
#include "support/people.h"
#include "support/results.h"

#include <algorithm>
#include <set>

using namespace postrider;
using namespace postrider::test;
using contacts::Contacts;

namespace {

contacts::Change person(std::string email, std::string first = {}, std::string last = {}) {
  contacts::Change c;
  c.email = std::move(email);
  if (!first.empty()) c.first_name = std::move(first);
  if (!last.empty()) c.last_name = std::move(last);
  return c;
}

Task<contacts::Contact> add(Contacts& all, Context context, contacts::Change change) {
  auto saved = co_await all.create(context, std::move(change), false);
  REQUIRE(saved);
  co_return saved->contact;
}

// The addresses in one line.
Task<std::string> found(Contacts& all, TenantId tenant, contacts::Filter filter) {
  auto const list = co_await all.list(tenant, std::move(filter), contacts::Order::oldest, std::nullopt, 100);
  std::string line;
  for (auto const& c : list) line += (line.empty() ? "" : " ") + c.email.value_or("-");
  co_return line;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a contact comes back as it was given, whatever is in its fields") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto wanted = person("  Jane.DOE+news@Exämple.net ", "<img src=x onerror=alert(1)>", "{{7*7}} \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xF0\x9F\x92\x8C\r\nBcc: x@y.z");
    wanted.phone = std::string("+491701234567");
    wanted.time_zone = std::string("Europe/Rome");
    wanted.attributes = boost::json::object();
    boost::json::object attributes;
    attributes["industry"] = "SaaS";
    attributes["seats"] = 12;
    attributes["score"] = 0.25;
    attributes["vip"] = true;
    wanted.attributes = attributes;
    wanted.tags = Texts{"vip", "beta", "vip"};
    auto const saved = co_await add(all, t.context(), wanted);
    auto const again = co_await all.find(t.tenant, saved.id);
    REQUIRE(again);
    CHECK(again->email == "Jane.DOE+news@Exämple.net");
    CHECK(again->first_name == "<img src=x onerror=alert(1)>");
    CHECK(again->last_name == wanted.last_name.over({}));
    CHECK(again->attributes == attributes);
    CHECK(again->tags == Texts{"beta", "vip"});
    CHECK(again->created_at == t.clock.now());
    auto const keys = co_await t.query("select email_key from contacts where id = '" + saved.id.str() + "'");
    CHECK(keys[0][0] == "jane.doe+news@xn--exmple-cua.net");
  });
}

TEST_CASE("a contact that cannot be saved says every reason") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto wanted = person("not an address");
    wanted.phone = std::string("0170 1234567");
    wanted.time_zone = std::string("Rome");
    wanted.tags = Texts{"a|b", ""};
    boost::json::object attributes;
    attributes["a/b"] = 1;
    wanted.attributes = attributes;
    auto const refused = co_await all.create(t.context(), wanted, false);
    REQUIRE_FALSE(refused);
    std::set<std::string> pointers;
    for (auto const& field : refused.error().fields) pointers.insert(field.pointer);
    CHECK(pointers == std::set<std::string>{"/email", "/phone", "/time_zone", "/tags/0", "/tags/1", "/attributes/a~1b"});
    auto const nobody = co_await all.create(t.context(), contacts::Change(), false);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().fields.front().pointer == "/email");
    auto orphan = person("jane@example.net");
    orphan.lead_id = t.ids.make<LeadId>();
    auto const no_lead = co_await all.create(t.context(), orphan, false);
    REQUIRE_FALSE(no_lead);
    CHECK(no_lead.error().fields.front().pointer == "/lead_id");
  });
}

TEST_CASE("one address is one contact, however it is written") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const first = co_await add(all, t.context(), person("jane@example.net", "Jane"));
    auto const twin = co_await all.create(t.context(), person("JANE@Example.NET", "Other"), false);
    REQUIRE_FALSE(twin);
    CHECK(twin.error().code == Code::conflict);
    CHECK(twin.error().fields.front().pointer == "/email");
    t.clock.advance(std::chrono::seconds(1));
    auto const upserted = co_await all.create(t.context(), person("JANE@Example.NET", "Janet"), true);
    REQUIRE(upserted);
    CHECK_FALSE(upserted->created);
    CHECK(upserted->contact.id == first.id);
    CHECK(upserted->contact.first_name == "Janet");
    auto const fresh = co_await all.create(t.context(), person("new@example.net"), true);
    REQUIRE(fresh);
    CHECK(fresh->created);
  });
}

TEST_CASE("many upserts of one new address at once make one contact") {
  on_postgres([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    TaskGroup together(t.executor());
    static int created, changed;
    created = changed = 0;
    struct One {
      static Task<void> run(Contacts& contacts, Context context, int number) {
        auto const saved = co_await contacts.create(context, person("race@example.net", "Number " + std::to_string(number)), true);
        CHECK(saved);
        if (saved) ++(saved->created ? created : changed);
      }
    };
    for (int i = 0; i < 8; ++i) together.spawn("upsert", One::run(all, t.context(), i));
    co_await together.join();
    CHECK(created == 1);
    CHECK(changed == 7);
  });
}

TEST_CASE("of two changes to the same version one is told that it is stale") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const c = co_await add(all, t.context(), person("jane@example.net", "Jane"));
    auto const first = co_await all.change(t.context(), c.id, person("jane@example.net", "Ann"), c.updated_at);
    REQUIRE(first);
    // The clock has not moved; the version has.
    CHECK(first->updated_at > c.updated_at);
    auto const second = co_await all.change(t.context(), c.id, person("jane@example.net", "Bea"), c.updated_at);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Code::precondition);
    auto const now = co_await all.find(t.tenant, c.id);
    CHECK(now->first_name == "Ann");
  });
}

TEST_CASE("changes of different fields at the same time all arrive") {
  on_postgres([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const c = co_await add(all, t.context(), person("jane@example.net"));
    TaskGroup together(t.executor());
    struct One {
      static Task<void> run(Contacts& contacts, Context context, ContactId id, int number) {
        contacts::Change change;
        boost::json::object attributes;
        attributes["key" + std::to_string(number)] = number;
        change.attributes = attributes;
        auto const done = co_await contacts.change(context, id, std::move(change), std::nullopt);
        CHECK(done);
      }
    };
    for (int i = 0; i < 10; ++i) together.spawn("change", One::run(all, t.context(), c.id, i));
    co_await together.join();
    auto const after = co_await all.find(t.tenant, c.id);
    CHECK(after->attributes.size() == 10);
  });
}

TEST_CASE("a search finds the beginnings of words in names and addresses") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    co_await add(all, t.context(), person("jane.doe@example.net", "Jane", "Doe"));
    co_await add(all, t.context(), person("info@acme-shop.example", "Mary", "O'Brien"));
    co_await add(all, t.context(), person("zoe@beispiel.example", "Zoë", "Müller"));
    std::string hits;
    auto search = [](std::string text) {
      contacts::Filter f;
      f.search = std::move(text);
      return f;
    };
    hits = co_await found(all, t.tenant, search("ja"));
    CHECK(hits == "jane.doe@example.net");
    hits = co_await found(all, t.tenant, search("DOE jan"));
    CHECK(hits == "jane.doe@example.net");
    hits = co_await found(all, t.tenant, search("jane.d"));
    CHECK(hits == "jane.doe@example.net");
    hits = co_await found(all, t.tenant, search("acme"));
    CHECK(hits == "info@acme-shop.example");
    hits = co_await found(all, t.tenant, search("shop.example"));
    CHECK(hits == "info@acme-shop.example");
    hits = co_await found(all, t.tenant, search("info@acme-shop.example"));
    CHECK(hits == "info@acme-shop.example");
    hits = co_await found(all, t.tenant, search("brien"));
    CHECK(hits == "info@acme-shop.example");
    hits = co_await found(all, t.tenant, search("Müll"));
    CHECK(hits == "zoe@beispiel.example");
    hits = co_await found(all, t.tenant, search("example"));
    CHECK(std::ranges::count(hits, ' ') == 2);
    hits = co_await found(all, t.tenant, search("jane acme"));
    CHECK(hits == "");
    hits = co_await found(all, t.tenant, search("%' or 1=1 --"));
    CHECK(hits == "");
    hits = co_await found(all, t.tenant, search("_:*&|!<->"));
    CHECK(std::ranges::count(hits, ' ') == 2);  // no word at all: no filter
  });
}

TEST_CASE("filters hold together, and none shows another tenant's people") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const other = co_await other_tenant(t);
    auto foreign = t.context();
    foreign.tenant = other;
    for (int i = 0; i < 6; ++i) {
      auto p = person("p" + std::to_string(i) + "@example.net", i % 2 ? "Odd" : "Even");
      p.tags = Texts{i < 3 ? "early" : "late"};
      p.external_id = "x" + std::to_string(i);
      co_await add(all, t.context(), p);
      co_await add(all, foreign, p);
      t.clock.advance(std::chrono::hours(1));
    }
    std::string hits;
    contacts::Filter f;
    f.tag = "early";
    f.search = "odd";
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "p1@example.net");
    f = {};
    f.external_id = "x4";
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "p4@example.net");
    f = {};
    f.email = "P5@EXAMPLE.NET";
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "p5@example.net");
    f.tag = "early";
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "");
    f = {};
    f.created_from = t.clock.now() - std::chrono::hours(4);
    f.created_to = t.clock.now() - std::chrono::hours(2);
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "p2@example.net p3@example.net");
    auto const mine = co_await all.list(t.tenant, contacts::Filter(), contacts::Order::oldest, std::nullopt, 100);
    auto const theirs = co_await all.list(other, contacts::Filter(), contacts::Order::oldest, std::nullopt, 100);
    f = {};
    f.ids = std::vector<ContactId>(1, mine[1].id);
    f.ids->push_back(theirs[2].id);
    f.ids->push_back(mine[4].id);
    hits = co_await found(all, t.tenant, f);
    CHECK(hits == "p1@example.net p4@example.net");
    auto const count = co_await all.count(t.tenant, contacts::Filter());
    CHECK(count.contacts == 6);
    CHECK(count.is_exact);
    f = {};
    f.search = "example";
    auto const some = co_await all.count(t.tenant, f, 4);
    CHECK(some.contacts == 4);
    CHECK_FALSE(some.is_exact);
  });
}

TEST_CASE("pages follow each other without gap or repetition in every order") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    for (int i = 0; i < 23; ++i) {
      contacts::Change p;
      if (i % 4 == 0) p.phone = "+49170000" + std::to_string(1000 + i);
      else p.email = std::string(1, static_cast<char>('z' - i)) + "@example.net";
      co_await add(all, t.context(), p);
    }
    for (auto const order : {contacts::Order::newest, contacts::Order::oldest, contacts::Order::address, contacts::Order::address_backwards}) {
      auto const whole = co_await all.list(t.tenant, contacts::Filter(), order, std::nullopt, 100);
      REQUIRE(whole.size() == 23);
      std::vector<ContactId> walked, at_once;
      for (auto const& c : whole) at_once.push_back(c.id);
      std::optional<std::vector<std::string>> after;
      for (int turns = 0; turns < 20; ++turns) {
        auto const page = co_await all.list(t.tenant, contacts::Filter(), order, after, 4);
        for (auto const& c : page) walked.push_back(c.id);
        if (page.size() < 4) break;
        after = Contacts::place(page.back(), order);
      }
      CHECK(walked == at_once);
    }
    auto const by_address = co_await all.list(t.tenant, contacts::Filter(), contacts::Order::address, std::nullopt, 100);
    CHECK(by_address.front().email == "d@example.net");
    CHECK_FALSE(by_address.back().email);
  });
}

TEST_CASE("another tenant's contact is as unknown as none") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const c = co_await add(all, t.context(), person("jane@example.net", "Jane"));
    auto foreign = t.context();
    foreign.tenant = co_await other_tenant(t);
    auto const found = co_await all.find(foreign.tenant, c.id);
    CHECK(found.error().code == Code::not_found);
    auto const changed = co_await all.change(foreign, c.id, person("evil@example.net"), std::nullopt);
    CHECK(changed.error().code == Code::not_found);
    auto const removed = co_await all.remove(foreign, c.id);
    CHECK(removed.error().code == Code::not_found);
    auto const erased = co_await all.erase(foreign, c.id);
    CHECK(erased.error().code == Code::not_found);
    auto const exported = co_await all.export_of(foreign.tenant, c.id);
    CHECK(exported.error().code == Code::not_found);
    auto const still = co_await all.find(t.tenant, c.id);
    REQUIRE(still);
    CHECK(still->first_name == "Jane");
  });
}

TEST_CASE("every change of a contact is in the audit trail with old and new values") {
  on_each_store([](TestStore& t) -> Task<void> {
    Contacts all(*t.store, t.clock, t.ids);
    auto const c = co_await add(all, t.context(), person("jane@example.net", "Jane"));
    co_await all.change(t.context(), c.id, person("jane@example.net", "Ann"), std::nullopt);
    co_await all.change(t.context(), c.id, person("jane@example.net", "Ann"), std::nullopt);  // nothing new: no entry
    co_await all.remove(t.context(), c.id);
    auto const trail = co_await t.query("select action, changes from audit_logs where entity_type = 'contact' order by id");
    REQUIRE(trail.size() == 3);
    CHECK(trail[0][0] == "created");
    CHECK(trail[1][0] == "updated");
    CHECK(trail[1][1].find("Jane") != std::string::npos);
    CHECK(trail[1][1].find("Ann") != std::string::npos);
    CHECK(trail[1][1].find("email") == std::string::npos);
    CHECK(trail[2][0] == "deleted");
  });
}
