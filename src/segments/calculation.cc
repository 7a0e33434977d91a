#include "segments/calculation.h"

#include "postrider/base/fail_point.h"
#include "postrider/base/metrics.h"
#include "postrider/events/event_log.h"
#include "postrider/events/set_append.h"
#include "postrider/segments/compile.h"
#include "segments/stored.h"
#include "sql/segments.h"

#include <algorithm>

namespace postrider::segments {

POSTRIDER_DECLARE_FAIL_POINT(point_calculated, "segments.calculated");

namespace {

// Now and then everybody is asked, whatever is known to have changed.
constexpr auto whole_every = std::chrono::hours(1);
constexpr auto history_kept = std::chrono::hours(24) * 400;
// A writer's own idea of the time of its change is older than its transaction by at most this (waiting for a connection, clocks that differ).
constexpr auto postgres_skew = std::chrono::seconds(15);
constexpr auto sqlite_skew = std::chrono::seconds(45);
constexpr std::size_t named_at_once = 5000;   // PostgreSQL
constexpr std::size_t named_in_a_step = 500;  // SQLite
constexpr int people_in_a_step = 5000;        // SQLite: contacts a reading, and at most as many writes while sending waits
constexpr char const* longest_run_ms = "600000";

struct Made {
  std::string text;
  db::Parameters parameters;
  db::Statement statement(std::string_view name) const { return db::Statement{"segments", name, db::Tag::router, text, text, true}; }
};

class Calculation {
 public:
  Calculation(db::Store& store, Clock const& clock, Ids& ids, TenantId tenant, Segment segment, Condition condition)
      : store_(store), clock_(clock), ids_(ids), tenant_(tenant), segment_(std::move(segment)), condition_(std::move(condition)), now_(clock.now()) {}

  Task<Result<Outcome>> run(bool whole) {
    auto const started = clock_.steady();
    auto const through = co_await settled_until();
    std::optional<std::vector<ContactId>> changed;
    bool const must = whole || !segment_.fully_calculated_at || !segment_.counted_through || now_ - *segment_.fully_calculated_at >= whole_every;
    if (!must) changed = co_await changed_contacts(store_, tenant_, condition_, *segment_.counted_through, now_);
    outcome_.whole = !changed;
    bool const asked = store_.dialect() == db::Dialect::postgres ? co_await on_postgres(changed) : co_await on_sqlite(changed);
    if (!asked) co_return meanwhile();
    if (!last_) last_.emplace(co_await store_.begin(db::Lane::background));
    auto& tx = *last_;
    auto const counted = co_await tx.one(sql::segments::count_members, tenant_, segment_.id);
    auto const count = counted.integer(0);
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started).count();
    auto const kept = co_await tx.all(sql::segments::calculated, tenant_, segment_.id, count, generation(), now_, took, now_ + recalculated_every, through, outcome_.whole,
                                      segment_.conditions_version);
    if (kept.empty()) co_return meanwhile();
    if (outcome_.whole || outcome_.joined + outcome_.departed > 0)
      co_await tx.exec(sql::segments::note_history, tenant_, segment_.id, now_, generation(), count, outcome_.joined, outcome_.departed, took, outcome_.whole);
    if (outcome_.whole) co_await tx.exec(sql::segments::trim_history, tenant_, segment_.id, now_ - history_kept);
    POSTRIDER_FAIL_POINT("segments.calculated");
    co_await tx.commit();
    measure(took);
    co_return outcome_;
  }

 private:
  static Error meanwhile() { return conflict("the segment's conditions were changed while it was calculated; it is calculated anew"); }
  std::int64_t generation() const { return segment_.generation + 1; }

  // Whatever was written before this instant can be seen by now.
  Task<Instant> settled_until() {
    if (store_.dialect() == db::Dialect::sqlite) co_return now_ - sqlite_skew;
    auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::oldest_writer);
    auto const oldest = rows.empty() ? std::nullopt : rows[0].maybe_instant(0);
    co_return std::min(now_, oldest.value_or(now_)) - postgres_skew;
  }

  Made made(Scope const& scope, db::Parameters first) const {
    auto compiled = compile(condition_, scope, store_.dialect(), now_, static_cast<int>(first.size()) + 1);
    Made made;
    made.text = with_question(sql::segments::recalculate.text(store_.dialect()), compiled.text);
    made.parameters = std::move(first);
    for (auto& parameter : compiled.parameters) made.parameters.push_back(std::move(parameter));
    return made;
  }

  // One statement for everybody, or for some thousands by name; each in its own transaction, the last in the one that closes the run.
  Task<bool> on_postgres(std::optional<std::vector<ContactId>> const& changed) {
    auto const steps = changed ? (changed->size() + named_at_once - 1) / named_at_once : 1;
    for (std::size_t step = 0; step < steps; ++step) {
      Scope scope;
      if (changed) {
        auto const from = changed->begin() + static_cast<std::ptrdiff_t>(step * named_at_once);
        scope.ids.emplace(from, changed->begin() + static_cast<std::ptrdiff_t>(std::min(changed->size(), (step + 1) * named_at_once)));
      }
      db::Parameters first;
      first.emplace_back(tenant_);
      first.emplace_back(segment_.id);
      first.emplace_back(now_);
      first.emplace_back(ids_.next().str());
      first.emplace_back(generation());
      if (scope.ids) first.emplace_back(db::text_array(*scope.ids));
      else first.emplace_back(std::nullopt);
      auto const asking = made(scope, std::move(first));
      auto tx = co_await store_.begin(db::Lane::background);
      co_await tx.all(sql::segments::prepare_calculation, scope.ids ? "on" : "off", longest_run_ms);
      if (!co_await still_asked(tx)) co_return false;
      auto const statement = asking.statement("recalculate");
      auto const counts = co_await tx.run(statement, asking.parameters);
      for (auto const row : counts) (row.view(0) == "joined" ? outcome_.joined : outcome_.departed) += row.integer(1);
      events::told(tx, events::kind::segment_membership_changed, outcome_.joined + outcome_.departed - told_);
      told_ = outcome_.joined + outcome_.departed;
      if (step + 1 == steps) last_.emplace(std::move(tx));
      else co_await tx.commit();
    }
    co_return true;
  }

  // Read beside the writer, in parts; written part by part.
  Task<bool> on_sqlite(std::optional<std::vector<ContactId>> const& changed) {
    auto const end = *ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");
    if (changed) {
      for (std::size_t at = 0; at < changed->size(); at += named_in_a_step) {
        Scope scope;
        scope.ids.emplace(changed->begin() + static_cast<std::ptrdiff_t>(at), changed->begin() + static_cast<std::ptrdiff_t>(std::min(changed->size(), at + named_in_a_step)));
        if (!co_await settle_step(scope, ContactId(), end)) co_return false;
      }
      co_return true;
    }
    ContactId after;
    for (;;) {
      auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::chunk_of_contacts, tenant_, after, people_in_a_step);
      auto const through = rows.empty() || rows[0].is_null(0) ? end : rows[0].id<ContactId>(0);
      Scope scope;
      scope.range.emplace(after, through);
      if (!co_await settle_step(scope, after, through)) co_return false;
      if (through == end) co_return true;
      after = through;
    }
  }

  Task<bool> settle_step(Scope const& scope, ContactId after, ContactId through) {
    db::Parameters first;
    first.emplace_back(tenant_);
    first.emplace_back(segment_.id);
    first.emplace_back(after);
    first.emplace_back(through);
    if (scope.ids) first.emplace_back(db::text_array(*scope.ids));
    else first.emplace_back(std::nullopt);
    auto const asking = made(scope, std::move(first));
    auto const statement = asking.statement("recalculate");
    auto const rows = co_await store_.run_on(db::Lane::background, statement, asking.parameters);
    if (rows.empty()) co_return true;
    std::vector<ContactId> joining, leaving;
    for (auto const row : rows) (row.view(1) == "joined" ? joining : leaving).push_back(row.id<ContactId>(0));
    auto tx = co_await store_.begin(db::Lane::background);
    if (!co_await still_asked(tx)) co_return false;
    outcome_.departed += co_await write_leaving(tx, tenant_, segment_.id, leaving, generation(), ids_, now_);
    outcome_.joined += co_await write_joining(tx, tenant_, segment_.id, joining, generation(), ids_, now_);
    co_await tx.commit();
    co_return true;
  }

  Task<bool> still_asked(db::Transaction& tx) {
    auto const row = co_await tx.maybe(sql::segments::still_asks, tenant_, segment_.id, segment_.conditions_version);
    co_return row.has_value();
  }

  void measure(std::int64_t took) const {
    static std::vector<double> const buckets{0.01, 0.05, 0.2, 1, 5, 20, 60, 300};
    metrics::histogram("postrider_segments_calculation_seconds", "Time a segment's recalculation took", buckets, {{"kind", outcome_.whole ? "whole" : "changed"}})
        .observe(static_cast<double>(took) / 1000);
    metrics::counter("postrider_segments_changes_total", "Contacts that joined or left segments", {{"change", "joined"}}).add(static_cast<double>(outcome_.joined));
    metrics::counter("postrider_segments_changes_total", "Contacts that joined or left segments", {{"change", "left"}}).add(static_cast<double>(outcome_.departed));
  }

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  TenantId tenant_;
  Segment segment_;
  Condition condition_;
  Instant now_;
  Outcome outcome_;
  std::int64_t told_ = 0;
  std::optional<db::Transaction> last_;
};

}  // namespace

Task<Result<Outcome>> calculate(db::Store& store, Clock const& clock, Ids& ids, TenantId tenant, Segment segment, bool whole) {
  auto condition = parse_condition(segment.conditions, "/conditions");
  if (!condition) co_return condition.error();
  Calculation calculation(store, clock, ids, tenant, std::move(segment), std::move(*condition));
  co_return co_await calculation.run(whole);
}

}  // namespace postrider::segments
