// A committed import taken back, from its last row to its first, in chunks as it was committed.
#include "contacts/import_chunk.h"
#include "postrider/audit/audit.h"
#include "postrider/base/fail_point.h"
#include "postrider/contacts/imports.h"
#include "sql/imports.h"

#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::contacts {

POSTRIDER_DECLARE_FAIL_POINT(point_undo, "import.undo_chunk");
POSTRIDER_DECLARE_FAIL_POINT(point_undo_done, "import.undo_chunk_done");

namespace {

constexpr auto turn = std::chrono::seconds(2);
constexpr int passes = 3;

struct Restored {
  Contact contact;
  bool changed = false;
  bool kept = false;  // somebody changed what the import wrote
};

// `wrote` is what the import put there, `old` what stood there before.
void restore(std::optional<std::string>& field, std::optional<std::string> const& wrote, boost::json::value const& old, Restored& out) {
  if (field != wrote) {
    out.kept = true;
    return;
  }
  field = old.is_string() ? std::optional(std::string(old.as_string())) : std::nullopt;
  out.changed = true;
}

void restore_attributes(boost::json::object const& before, boost::json::object const& wrote, Restored& out) {
  auto& attributes = out.contact.attributes;
  for (auto const& member : before) {
    auto const* const now = attributes.if_contains(member.key());
    auto const* const put = wrote.if_contains(member.key());
    if (!now || !put || *now != *put) {
      out.kept = true;
      continue;
    }
    if (member.value().is_null()) attributes.erase(member.key());
    else attributes[member.key()] = member.value();
    out.changed = true;
  }
}

// Columns of `updated_rows`.
Restored restored(db::Row row) {
  Restored out;
  out.contact = read_contact(row, 12);
  auto& c = out.contact;
  auto const stored = row.json(1);
  for (auto const& [field, old] : stored.as_object()) {
    if (field == "email") restore(c.email, row.maybe_text(2), old, out);
    else if (field == "phone") restore(c.phone, row.maybe_text(3), old, out);
    else if (field == "first_name") restore(c.first_name, row.maybe_text(4), old, out);
    else if (field == "last_name") restore(c.last_name, row.maybe_text(5), old, out);
    else if (field == "time_zone") restore(c.time_zone, row.maybe_text(6), old, out);
    else if (field == "locale") restore(c.locale, row.maybe_text(7), old, out);
    else if (field == "external_id") restore(c.external_id, row.maybe_text(8), old, out);
    else if (field == "lead_id") {
      std::optional<std::string> lead = c.lead_id ? std::optional(c.lead_id->str()) : std::nullopt;
      restore(lead, row.maybe_text(9), old, out);
      c.lead_id = lead ? LeadId::parse(*lead) : std::nullopt;
    } else if (field == "tracking") {
      if (c.tracking != row.boolean(10)) {
        out.kept = true;
      } else {
        c.tracking = old.as_bool();
        out.changed = true;
      }
    } else if (field == "attributes") {
      restore_attributes(old.as_object(), row.json(11).as_object(), out);
    } else if (field == "tags") {
      for (auto const& tag : old.as_array())
        if (std::erase(c.tags, std::string(tag.as_string())) > 0) out.changed = true;
    }
  }
  return out;
}

struct UndoCounts {
  std::int64_t deleted = 0, restored = 0, kept = 0;
};

Task<void> restore_updated(db::Transaction& tx, ChunkRange range, Instant now, UndoCounts& counts) {
  for (int pass = 0; pass < passes; ++pass) {
    auto const rows = co_await tx.all(sql::imports::updated_rows, range.tenant, range.import, range.from, range.to);
    db::Columns updates(14), notes(2);
    std::int64_t kept = 0;
    for (auto const row : rows) {
      auto const back = restored(row);
      if (back.changed) add_contact(updates, back.contact, key_of(back.contact));
      if (!back.kept) continue;
      ++kept;
      notes.add(row.integer(0), "undo kept what was changed since the import");
    }
    std::size_t written = 0;
    if (updates.rows() > 0) {
      auto const done = co_await tx.all(sql::imports::update_contacts, range.tenant, now, updates);
      written = done.size();
    }
    counts.restored += static_cast<std::int64_t>(written);
    if (written < updates.rows()) continue;  // changed by somebody since it was read: once more
    if (pass == 0) counts.kept += kept;
    if (notes.rows() > 0 && pass == 0) co_await tx.exec(sql::imports::add_notes, range.tenant, range.import, notes);
    co_return;
  }
  throw db::Retryable("contacts of an import chunk kept changing while it was undone");
}

Task<void> delete_created(db::Transaction& tx, ChunkRange range, UndoCounts& counts) {
  auto const made = co_await tx.one(sql::imports::created_rows, range.tenant, range.import, range.from, range.to);
  if (made.integer(0) == 0) co_return;
  auto const untouched = co_await tx.all(sql::imports::untouched_contacts, range.tenant, range.import, range.from, range.to);
  db::TextArray ids;
  for (auto const row : untouched) ids.items.push_back(row.text(0));
  std::int64_t deleted = 0;
  if (!ids.items.empty()) {
    co_await tx.exec(sql::imports::leave_segments, range.tenant, ids);
    auto const gone = co_await tx.all(sql::imports::remove_contacts, range.tenant, ids);
    deleted = static_cast<std::int64_t>(gone.size());
  }
  auto const left = co_await tx.all(sql::imports::contacts_left, range.tenant, range.import, range.from, range.to);
  db::Columns notes(2);
  for (auto const row : left) notes.add(row.integer(0), "undo kept this contact, since something happened with it after the import");
  if (notes.rows() > 0) co_await tx.exec(sql::imports::add_notes, range.tenant, range.import, notes);
  counts.deleted += deleted;
  counts.kept += static_cast<std::int64_t>(notes.rows());
}

}  // namespace

Task<Imports::Step> Imports::undo_chunk(TenantId tenant, ImportId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const found = co_await tx.maybe(sql::imports::find, tenant, id);
  if (!found || found->view(1) != "undoing") co_return Step::over;
  auto const import = read_import(*found);
  auto const actor = read_actor(tenant, found->json(27));
  if (import.undone_to <= 0) {
    co_await finish_undo(tx, actor, import);
    co_return Step::over;
  }
  ChunkRange const range{tenant, id, std::max<std::int64_t>(0, import.undone_to - limits_.chunk), import.undone_to};
  auto const mine = co_await tx.maybe(sql::imports::advance_undo, tenant, id, range.to, range.from, now);
  if (!mine) co_return Step::more;
  UndoCounts counts;
  co_await withdraw_consents(tx, actor, range, ids_, now);
  if (import.request.segment) co_await leave_segment(tx, range, *import.request.segment, ids_, now);
  co_await restore_updated(tx, range, now, counts);
  co_await delete_created(tx, range, counts);
  co_await tx.exec(sql::imports::count_undone, tenant, id, counts.deleted, counts.restored, counts.kept);
  POSTRIDER_FAIL_POINT("import.undo_chunk");
  co_await tx.commit();
  POSTRIDER_FAIL_POINT("import.undo_chunk_done");
  co_return Step::more;
}

Task<void> Imports::finish_undo(db::Transaction& tx, Context actor, Import import) {
  auto const now = clock_.now();
  auto const tenant = actor.tenant;
  auto const done = co_await tx.maybe(sql::imports::undone, tenant, import.id, now);
  if (!done) co_return;
  if (import.request.segment) co_await tx.exec(sql::imports::count_segment, tenant, *import.request.segment, now);
  boost::json::object after;
  after["status"] = "undone";
  after["contacts_deleted"] = import.undo_deleted;
  after["contacts_restored"] = import.undo_restored;
  after["contacts_kept"] = import.undo_kept;
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"import", import.id.uuid(), "undone", audit::difference(boost::json::object(), after)});
  co_await audit::record(tx, actor, std::move(entries), ids_, now);
  co_await tx.commit();
}

Task<jobs::Answer> Imports::run_undo(jobs::Job const& job) {
  auto const id = *ImportId::parse(std::string_view(job.payload.at("import_id").as_string()));
  auto const tenant = job.tenant;
  auto const until = clock_.steady() + turn;
  for (;;) {
    auto const step = co_await undo_chunk(tenant, id);
    if (step != Step::more) co_return jobs::Answer(jobs::Done());
    if (clock_.steady() > until) co_return jobs::Answer(jobs::Snooze{Duration(0)});
  }
}

}  // namespace postrider::contacts
