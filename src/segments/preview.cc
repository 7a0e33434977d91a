#include "postrider/segments/compile.h"
#include "postrider/segments/facts.h"
#include "postrider/segments/segments.h"
#include "segments/stored.h"
#include "sql/segments.h"

#include <algorithm>
#include <set>

namespace postrider::segments {

namespace {

constexpr std::size_t shown = 10;
constexpr char const* patience_ms = "550";
constexpr auto patience = std::chrono::milliseconds(550);
constexpr int sampled = 8000;
constexpr int people_in_a_step = 10'000;
constexpr int most_events = 5000;

struct Asked {
  std::string text;
  db::Parameters parameters;
  db::Statement statement() const { return db::Statement{"segments", "preview", db::Tag::router, text, text, true}; }
};

// How many, and the newest of them, newest first.
Asked counting(Condition const& condition, Scope const& scope, db::Dialect dialect, Instant now, TenantId tenant) {
  auto compiled = compile(condition, scope, dialect, now, 2);
  Asked asked;
  asked.text = "with fits as materialized (" + compiled.text + ") select (select count(*) from fits), id from (select id from fits order by id desc limit 10) newest order by id desc";
  asked.parameters.emplace_back(tenant);
  for (auto& parameter : compiled.parameters) asked.parameters.push_back(std::move(parameter));
  return asked;
}

void types_of(Condition const& c, std::set<std::string>& types) {
  if (c.kind == Condition::Kind::event) types.insert(c.event);
  for (auto const& part : c.parts) types_of(part, types);
}

}  // namespace

Task<Result<Preview>> Segments::preview(TenantId tenant, boost::json::value conditions) {
  auto const condition = parse_condition(conditions, "/conditions");
  if (!condition) co_return condition.error();
  if (auto const bad = co_await bad_references(store_, tenant, std::nullopt, *condition)) co_return *bad;
  auto const now = clock_.now();
  Preview preview;
  std::vector<ContactId> newest;
  bool cut = false;
  if (store_.dialect() == db::Dialect::postgres) {
    auto const asked = counting(*condition, Scope(), store_.dialect(), now, tenant);
    try {
      auto tx = co_await store_.begin(db::Lane::background);
      co_await tx.all(sql::segments::prepare_calculation, "on", patience_ms);
      auto const statement = asked.statement();
      auto const rows = co_await tx.run(statement, asked.parameters);
      for (auto const row : rows) {
        preview.count = row.integer(0);
        newest.push_back(row.id<ContactId>(1));
      }
    } catch (db::Retryable const&) {
      cut = true;
    }
  } else {
    auto const until = std::chrono::steady_clock::now() + patience;
    auto const end = *ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");
    for (ContactId after; after != end && !cut;) {
      auto const last = co_await store_.all_on(db::Lane::background, sql::segments::chunk_of_contacts, tenant, after, people_in_a_step);
      auto const through = last.empty() || last[0].is_null(0) ? end : last[0].id<ContactId>(0);
      Scope scope;
      scope.range.emplace(after, through);
      auto const asked = counting(*condition, scope, store_.dialect(), now, tenant);
      auto const statement = asked.statement();
      auto const rows = co_await store_.run_on(db::Lane::background, statement, asked.parameters);
      for (auto const row : rows) newest.push_back(row.id<ContactId>(1));
      if (!rows.empty()) preview.count += rows[0].integer(0);
      after = through;
      cut = after != end && std::chrono::steady_clock::now() > until;
    }
  }
  if (cut) co_return co_await estimate(tenant, *condition, now);
  std::ranges::sort(newest, std::greater());
  if (newest.size() > shown) newest.resize(shown);
  auto const people = co_await store_.all(sql::segments::sampled_people, tenant, db::text_array(newest));
  for (auto const row : people) preview.sample.push_back(read_person(row));
  co_return preview;
}

// Some thousands drawn by lot are asked, and speak for all.
Task<Preview> Segments::estimate(TenantId tenant, Condition const& condition, Instant now) {
  auto const counted = co_await store_.all_on(db::Lane::background, sql::segments::count_contacts, tenant);
  auto const total = counted[0].integer(0);
  auto const percent = std::clamp(100.0 * sampled / static_cast<double>(std::max<std::int64_t>(total, 1)), 0.05, 100.0);
  auto const drawn = co_await store_.all_on(db::Lane::background, sql::segments::sample_contacts, tenant, percent, sampled * 2);
  Scope scope;
  scope.ids.emplace();
  for (auto const row : drawn) scope.ids->push_back(row.id<ContactId>(0));
  auto const asked = counting(condition, scope, store_.dialect(), now, tenant);
  auto const statement = asked.statement();
  auto const rows = co_await store_.run_on(db::Lane::background, statement, asked.parameters);
  Preview preview;
  preview.approximate = true;
  std::vector<ContactId> newest;
  for (auto const row : rows) newest.push_back(row.id<ContactId>(1));
  if (!rows.empty()) preview.count = rows[0].integer(0) * total / std::max<std::int64_t>(static_cast<std::int64_t>(scope.ids->size()), 1);
  auto const people = co_await store_.all(sql::segments::sampled_people, tenant, db::text_array(newest));
  for (auto const row : people) preview.sample.push_back(read_person(row));
  co_return preview;
}

Task<Result<Explanation>> Segments::explain(TenantId tenant, SegmentId id, ContactId contact) {
  auto const s = co_await find(tenant, id);
  if (!s) co_return s.error();
  FactsWanted wanted;
  wanted.segments = wanted.consents = true;
  wanted.most_events = most_events;
  std::optional<Condition> asked;
  if (s->is_dynamic) {
    auto condition = parse_condition(s->conditions, "/conditions");
    if (!condition) co_return condition.error();
    types_of(*condition, wanted.events);
    asked = std::move(*condition);
  }
  std::vector<ContactId> const one{contact};
  auto const loaded = co_await load_facts(store_, tenant, one, wanted);
  auto const found = loaded.find(contact);
  if (found == loaded.end()) co_return not_found("contact", contact.str());
  auto const& facts = found->second;
  Explanation explanation;
  explanation.member = facts.segments.contains(id);
  if (!asked) co_return explanation;
  explanation.events_cut = static_cast<int>(facts.events.size()) == most_events;
  explanation.finding = evaluate(*asked, facts, clock_.now());
  co_return explanation;
}

}  // namespace postrider::segments
