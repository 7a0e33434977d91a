#include "postrider/base/reading.h"
#include "postrider/events/event_log.h"
#include "postrider/segments/compile.h"
#include "postrider/segments/evaluate.h"
#include "support/random_conditions.h"
#include "support/store_test.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>

using namespace postrider;
using namespace postrider::test;

namespace {

constexpr char insert_contacts[] =
    "insert into contacts (tenant_id, id, email, phone, first_name, last_name, time_zone, locale, attributes, tags, tracking, created_at, updated_at) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
constexpr db::Statement insert_contact{"test", "insert_contact", db::Tag::router, insert_contacts, insert_contacts, true};
constexpr char insert_events[] =
    "insert into marketing_events (tenant_id, event_id, event_type, contact_id, campaign_id, payload, occurred_at, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
constexpr db::Statement insert_event{"test", "insert_event", db::Tag::router, insert_events, insert_events, true};
constexpr char insert_consents[] =
    "insert into consent_records (tenant_id, id, contact_id, channel, consent_type, status, expires_at, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
constexpr db::Statement insert_consent{"test", "insert_consent", db::Tag::router, insert_consents, insert_consents, true};
constexpr char insert_members[] = "insert into segment_memberships (tenant_id, segment_id, contact_id, added_at) values ($1, $2, $3, $4)";
constexpr db::Statement insert_member{"test", "insert_member", db::Tag::router, insert_members, insert_members, true};

Task<void> store_people(TestStore& t, TenantId tenant, People const& people) {
  auto const now = t.clock.now();
  auto tx = co_await t.store->begin();
  for (auto const& f : people.facts) {
    auto const& c = f.contact;
    boost::json::array const tags(c.tags.begin(), c.tags.end());
    co_await tx.exec(insert_contact, tenant, c.id, c.email, c.phone, c.first_name, c.last_name, c.time_zone, c.locale, c.attributes, tags, c.tracking, c.created_at, c.updated_at);
    for (auto const& e : f.events) co_await tx.exec(insert_event, tenant, t.ids.next(), e.type, c.id, e.campaign, e.payload, e.occurred_at, e.created_at);
    for (auto const& r : f.consents) co_await tx.exec(insert_consent, tenant, t.ids.next(), c.id, r.channel, r.consent_type, r.status, r.expires_at, now);
    for (auto const& s : f.segments) co_await tx.exec(insert_member, tenant, s, c.id, now);
  }
  co_await tx.commit();
}

Task<std::set<ContactId>> fitting(db::Store& store, TenantId tenant, segments::Condition const& condition, segments::Scope const& scope, Instant now) {
  auto compiled = segments::compile(condition, scope, store.dialect(), now, 2);
  db::Parameters parameters;
  parameters.emplace_back(tenant);
  for (auto& parameter : compiled.parameters) parameters.push_back(std::move(parameter));
  db::Statement const statement{"test", "fitting", db::Tag::router, compiled.text, compiled.text, true};
  auto const rows = co_await store.run(statement, std::move(parameters));
  std::set<ContactId> found;
  for (auto const row : rows) CHECK(found.insert(row.id<ContactId>(0)).second);
  co_return found;
}

std::string listed(std::set<ContactId> const& ids, People const& people, segments::Condition const& condition, Instant now) {
  std::string text;
  for (auto const& f : people.facts) {
    if (!ids.contains(f.contact.id)) continue;
    auto const finding = segments::evaluate(condition, f, now);
    text += f.contact.id.str() + " " + boost::json::serialize(f.contact.attributes) + " email " + f.contact.email.value_or("NULL") + " read " + boost::json::serialize(finding.read) + "\n";
    if (text.size() > 3000) break;
  }
  return text;
}

// Different seeds on different days would find more, but a failure must repeat: the seed is fixed unless asked for.
std::uint64_t seed() {
  auto const* const given = std::getenv("POSTRIDER_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20261126;
}
int rounds() {
  auto const* const given = std::getenv("POSTRIDER_ROUNDS");
  return given ? std::atoi(given) : 1000;
}

Task<void> compare_many(TestStore& t) {
  SeededRandom random(seed());
  auto const now = t.clock.now();
  co_await events::ensure_partitions(*t.store, now - std::chrono::hours(24 * 60));
  auto const people = random_people(random, t.ids, now, 80);
  auto const strangers = random_people(random, t.ids, now, 20);
  co_await t.query("insert into tenants (id, name, slug, created_at, updated_at) values ('00000000-0000-7000-8000-000000000002', 'other', 'other', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')");
  co_await store_people(t, t.tenant, people);
  co_await store_people(t, *TenantId::parse("00000000-0000-7000-8000-000000000002"), strangers);
  int some = 0;
  int failures = 0;
  for (int round = 0; round < rounds() && failures < 3; ++round) {
    auto const written = random_condition(random, people, now, 4);
    auto const parsed = segments::parse_condition(written, "/conditions");
    INFO(boost::json::serialize(written));
    if (!parsed) {
      for (auto const& field : parsed.error().fields) UNSCOPED_INFO(field.pointer + " " + field.message);
      ++failures;
      CHECK(parsed.has_value());
      continue;
    }
    std::set<ContactId> wanted;
    for (auto const& f : people.facts)
      if (segments::fits(*parsed, f, now)) wanted.insert(f.contact.id);
    if (!wanted.empty() && wanted.size() < people.facts.size()) ++some;
    auto const found = co_await fitting(*t.store, t.tenant, *parsed, segments::Scope(), now);
    if (found != wanted) {
      std::set<ContactId> missed, extra;
      for (auto const& id : wanted) if (!found.contains(id)) missed.insert(id);
      for (auto const& id : found) if (!wanted.contains(id)) extra.insert(id);
      UNSCOPED_INFO("round " << round << " SQL misses\n" << listed(missed, people, *parsed, now) << "SQL has beyond\n" << listed(extra, people, *parsed, now)
                             << segments::compile(*parsed, segments::Scope(), t.store->dialect(), now, 2).text);
      ++failures;
      CHECK(found == wanted);
      continue;
    }
    // Asked in parts, the answer is the same: by a range of ids, and by name.
    if (round % 4 != 0) continue;
    auto const middle = people.facts[people.facts.size() / 2].contact.id;
    segments::Scope first, second, named;
    first.range = std::make_pair(ContactId(), middle);
    second.range = std::make_pair(middle, *ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
    named.ids.emplace();
    for (std::size_t i = 0; i < people.facts.size(); i += 3) named.ids->push_back(people.facts[i].contact.id);
    auto joined = co_await fitting(*t.store, t.tenant, *parsed, first, now);
    joined.merge(co_await fitting(*t.store, t.tenant, *parsed, second, now));
    CHECK(joined == wanted);
    std::set<ContactId> wanted_named;
    for (auto const& id : *named.ids)
      if (wanted.contains(id)) wanted_named.insert(id);
    CHECK(co_await fitting(*t.store, t.tenant, *parsed, named, now) == wanted_named);
  }
  // The draw is worth something: most conditions divide people.
  CHECK(some > rounds() / 3);
}

}  // namespace

TEST_CASE("segments: random conditions find the same people in SQL as by hand") { on_each_store(compare_many); }

TEST_CASE("segments: letters are folded alike by the program and by both databases") {
  on_each_store([](TestStore& t) -> Task<void> {
    static constexpr char text[] = "select fold($1)";
    static constexpr db::Statement statement{"test", "fold", db::Tag::utility, text, text, true};
    // Every assigned letter of the scripts that have cases; what is newer than the libraries of a system may differ.
    std::string all;
    for (char32_t c = 0x20; c < 0x2000; ++c) {
      if (c >= 0x80) {
        if (c < 0x800) all += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
        else all += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
      } else {
        all += static_cast<char>(c);
      }
      all += ' ';
    }
    auto const row = co_await t.store->one(statement, all);
    CHECK(row.text(0) == fold(all));
  });
}

TEST_CASE("segments: numbers and instants are read out of texts alike by the program and by both databases") {
  on_each_store([](TestStore& t) -> Task<void> {
    static constexpr char number[] = "select cast(number_in($1) as text), instant_in($1)";
    static constexpr char number_postgres[] = "select cast(number_in(cast($1 as text)) as text), cast(extract(epoch from instant_in($1)) * 1000000 as bigint)";
    static constexpr db::Statement statement{"test", "read", db::Tag::utility, number_postgres, number, true};
    for (std::string const text :
         {"5", "05", "-0", "5.50", "-", ".", "1.", ".1", "+1", "1e3", " 1", "1 ", "1234567890123456", "12345678901234567", "1\n", "2026-03-01", "2026-02-29", "2024-02-29", "1900-02-29",
          "2000-02-29", "2026-04-31", "2026-00-01", "2026-01-00", "0999-01-01", "2026-03-01T10:00:00Z", "2026-03-01t10:00:00z", "2026-03-01 10:00:00Z", "2026-03-01T10:00:00", "2026-03-01T10:00:00.1Z",
          "2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00.1234567890Z", "2026-03-01T10:00:00.Z", "2026-03-01T24:00:00Z", "2026-03-01T23:59:60Z", "2026-03-01T10:00:00+05:30",
          "2026-03-01T10:00:00-0530", "2026-03-01T10:00:00+05", "2026-03-01T10:00:00+24:00", "2026-03-01T10:00:00+00:60", "2026-03-01T10:00Z", "2026-03-01T10:00:00.5-11:59", "2026-3-1",
          "2026-03-01T10:00:00Z ", "2026-03-01Z", "9999-12-31T23:59:59.999999-23:59", "1000-01-01T00:00:00+23:59", "20260301", "2026-03-01T10:00:00+5:300"}) {
      INFO(text);
      auto const row = co_await t.store->one(statement, text);
      auto const read = number_in(text);
      CHECK(row.is_null(0) == !read.has_value());
      if (read && !row.is_null(0)) {
        auto const again = number_in(row.text(0));
        REQUIRE(again);
        bool const same = compare(*again, *read) == 0;
        CHECK(same);
      }
      auto const instant = instant_in(text);
      CHECK(row.is_null(1) == !instant.has_value());
      if (instant && !row.is_null(1)) CHECK(row.integer(1) == instant->time_since_epoch().count());
    }
  });
}
