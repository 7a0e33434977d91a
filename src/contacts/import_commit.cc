// Staged rows become contacts, chunk by chunk. The mark that moves with each chunk is its fence: rows below it are done, once.
#include "contacts/import_records.h"
#include "postrider/audit/audit.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/contacts/imports.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"
#include "sql/imports.h"

#include "contacts/import_chunk.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::contacts {

POSTRIDER_DECLARE_FAIL_POINT(point_chunk, "import.chunk");
POSTRIDER_DECLARE_FAIL_POINT(point_chunk_done, "import.chunk_done");

namespace {

constexpr auto turn = std::chrono::seconds(2);  // then other imports have theirs
constexpr int passes = 3;
constexpr std::int64_t many = 10'000;  // new contacts that make old statistics wrong

ImportRow read_staged(db::Row row) {
  ImportRow r;
  r.number = row.integer(0);
  r.verdict = *parse_verdict(row.view(1));
  r.contact = row.maybe_id<ContactId>(2);
  r.email = row.maybe_text(3);
  r.email_key = row.maybe_text(4);
  r.phone = row.maybe_text(5);
  r.first_name = row.maybe_text(6);
  r.last_name = row.maybe_text(7);
  r.time_zone = row.maybe_text(8);
  r.locale = row.maybe_text(9);
  r.external_id = row.maybe_text(10);
  r.lead_id = row.maybe_id<LeadId>(11);
  if (!row.is_null(12)) r.tracking = row.boolean(12);
  r.attributes = row.maybe_text(13).value_or("");
  if (!row.is_null(14))
    for (auto const stored = row.json(14); auto const& tag : stored.as_array()) r.tags.emplace_back(tag.as_string());
  return r;
}

std::int64_t& count_of(ChunkCounts& counts, Verdict verdict) {
  switch (verdict) {
    case Verdict::create: return counts.created;
    case Verdict::update: return counts.updated;
    case Verdict::unchanged: return counts.unchanged;
    case Verdict::reject: return counts.rejected;
  }
  return counts.rejected;
}

// After a million new rows, plans made for an empty table are bad ones; autovacuum would see it a minute later.
Task<void> take_statistics(db::Store& store) {
  if (store.dialect() == db::Dialect::postgres) co_await store.run_script("analyze contacts");
}

// A row once more, with what it was before this chunk.
struct Again {
  ImportRow row;
  Verdict staged;
  boost::json::object before = {};
  bool settled = false;
};

}  // namespace

Task<void> decide_again(db::Transaction& tx, ChunkRange range, Ids& ids, Instant now, ChunkCounts& counts) {
  auto const found = co_await tx.all(sql::imports::rows_to_decide, range.tenant, range.import, range.from, range.to);
  std::vector<Again> all;
  for (auto const row : found) {
    auto staged = read_staged(row);
    auto const verdict = staged.verdict;
    all.push_back(Again{std::move(staged), verdict});
  }
  bool create_more = false;
  for (int pass = 0; pass < passes; ++pass) {
    std::vector<ImportRow> open;
    for (auto const& again : all)
      if (!again.settled) open.push_back(again.row);
    if (open.empty()) break;
    auto facts = co_await load_facts(tx, range.tenant, open);
    std::vector<std::pair<Again*, RowUpdate>> updates;
    for (auto& again : all) {
      if (again.settled) continue;
      again.row.contact.reset();
      again.row.verdict = Verdict::create;
      auto update = decide(again.row, facts);
      auto const number = again.row.number;
      if (again.row.verdict != Verdict::reject) {
        if (again.row.contact) facts.earlier_contact.emplace(*again.row.contact, number);
        if (again.row.email_key) facts.earlier_email.emplace(*again.row.email_key, number);
        if (again.row.external_id) facts.earlier_external.emplace(*again.row.external_id, number);
      }
      if (update) {
        updates.emplace_back(&again, std::move(*update));
        continue;
      }
      again.settled = true;
      if (again.row.verdict != Verdict::create) continue;
      again.row.contact = ids.make<ContactId>();  // it was known, and is gone since
      create_more = true;
    }
    if (updates.empty()) continue;
    db::Columns rows(14);
    for (auto const& [again, update] : updates) add_contact(rows, update.after, again->row.email && update.after.email == again->row.email ? again->row.email_key : key_of(update.after));
    auto const written = co_await tx.all(sql::imports::update_contacts, range.tenant, now, rows);
    std::unordered_set<ContactId> done;
    for (auto const row : written) done.insert(row.id<ContactId>(0));
    for (auto& [again, update] : updates) {
      if (!done.contains(update.after.id)) continue;  // changed by somebody since it was read: once more
      again->settled = true;
      again->before = std::move(update.before);
    }
  }
  db::Columns notes(6);
  for (auto& again : all) {
    if (!again.settled) throw db::Retryable("contacts of an import chunk kept changing while it was written");
    --count_of(counts, again.staged);
    ++count_of(counts, again.row.verdict);
    if (again.row.verdict == Verdict::unchanged && again.staged == Verdict::unchanged) continue;
    std::optional<std::string> reason, note, before;
    if (!again.row.reason.empty()) reason = again.row.reason;
    if (!again.row.note.empty()) note = again.row.note;
    if (again.row.verdict == Verdict::update) before = boost::json::serialize(again.before);
    notes.add(again.row.number, name(again.row.verdict), reason, note, again.row.contact, before);
  }
  if (notes.rows() > 0) co_await tx.exec(sql::imports::note_rows, range.tenant, range.import, notes);
  if (create_more) co_await tx.all(sql::imports::create_contacts, range.tenant, range.import, range.from, range.to, now);
}

Task<Imports::Step> Imports::commit_chunk(TenantId tenant, ImportId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const found = co_await tx.maybe(sql::imports::find, tenant, id);
  if (!found || found->view(1) != "running") co_return Step::over;
  auto const import = read_import(*found);
  auto const actor = read_actor(tenant, found->json(27));
  if (import.committed_to >= import.last_row) co_return co_await finish_commit(tx, tenant, import);
  ChunkRange const range{tenant, id, import.committed_to, std::min(import.committed_to + limits_.chunk, import.last_row)};
  auto const mine = co_await tx.maybe(sql::imports::advance_commit, tenant, id, range.from, range.to, now);
  if (!mine) co_return Step::more;  // somebody else did this chunk: look again
  auto const expected = co_await tx.one(sql::imports::chunk_counts, tenant, id, range.from, range.to);
  ChunkCounts counts;
  std::int64_t made = 0;
  if (expected.integer(0) > 0) {
    auto const created = co_await tx.all(sql::imports::create_contacts, tenant, id, range.from, range.to, now);
    made = static_cast<std::int64_t>(created.size());
  }
  if (made < expected.integer(0) || expected.integer(1) > 0) co_await decide_again(tx, range, ids_, now, counts);
  if (expected.integer(0) + expected.integer(1) > 0 && co_await ErasedAddresses::any(tx, tenant)) {
    std::vector<std::string> keys;
    for (auto const row : co_await tx.all(sql::imports::chunk_addresses, tenant, id, range.from, range.to)) keys.push_back(row.text(0));
    co_await erased_.recognise(tx, tenant, std::move(keys), ids_, now);
  }
  for (auto const& consent : import.request.consents) co_await grant_consent(tx, actor, range, consent, import.request.consent_source, ids_, now, counts);
  if (import.request.segment) co_await join_segment(tx, range, *import.request.segment, ids_, now);
  co_await tx.exec(sql::imports::count_committed, tenant, id, counts.created, counts.updated, counts.unchanged, counts.rejected, counts.consents_granted,
                   counts.consents_kept);
  POSTRIDER_FAIL_POINT("import.chunk");
  co_await tx.commit();
  POSTRIDER_FAIL_POINT("import.chunk_done");
  co_return Step::more;
}

Task<Imports::Step> Imports::finish_commit(db::Transaction& tx, TenantId tenant, Import import) {
  auto const now = clock_.now();
  auto const done = co_await tx.maybe(sql::imports::committed, tenant, import.id, now);
  if (!done) co_return Step::more;
  if (import.request.segment) co_await tx.exec(sql::imports::count_segment, tenant, *import.request.segment, now);
  events::Event event;
  event.id = ids_.make<EventId>();
  event.type = "contacts_imported";
  event.occurred_at = now;
  event.payload["import_id"] = import.id.str();
  event.payload["rows_created"] = import.rows_created;
  event.payload["rows_updated"] = import.rows_updated;
  event.payload["rows_unchanged"] = import.rows_unchanged;
  event.payload["rows_rejected"] = import.rows_rejected;
  std::vector<events::Event> happened;
  happened.push_back(std::move(event));
  co_await events::append(tx, tenant, std::move(happened), now);
  co_await tx.commit();
  log::info("import_completed", log::field("import_id", import.id), log::field("created", import.rows_created), log::field("updated", import.rows_updated),
            log::field("rejected", import.rows_rejected));
  co_return import.rows_created >= many ? Step::over_after_many : Step::over;
}

Task<jobs::Answer> Imports::run_commit(jobs::Job const& job) {
  auto const id = *ImportId::parse(std::string_view(job.payload.at("import_id").as_string()));
  auto const tenant = job.tenant;
  auto const until = clock_.steady() + turn;
  for (;;) {
    auto const step = co_await commit_chunk(tenant, id);
    if (step == Step::over_after_many) co_await take_statistics(store_);
    if (step != Step::more) co_return jobs::Answer(jobs::Done());
    if (clock_.steady() > until) co_return jobs::Answer(jobs::Snooze{Duration(0)});
  }
}

Task<Result<Import>> Imports::commit_now(TenantId tenant, ImportId id) {
  auto step = Step::more;
  while (step == Step::more) step = co_await commit_chunk(tenant, id);
  if (step == Step::over_after_many) co_await take_statistics(store_);
  auto tx = co_await store_.begin(db::Lane::background);
  std::vector<std::string> keys;
  keys.push_back(import_job("contacts:import", id).key);
  co_await jobs::cancel(tx, tenant, std::move(keys));
  co_await tx.commit();
  co_return co_await find(tenant, id);
}

}  // namespace postrider::contacts
