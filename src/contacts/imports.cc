#include "postrider/contacts/imports.h"

#include "contacts/import_records.h"
#include "contacts/import_staging.h"
#include "postrider/audit/audit.h"
#include "postrider/base/fail_point.h"
#include "postrider/base/log.h"
#include "postrider/contacts/field_rules.h"
#include "postrider/jobs/queue.h"
#include "sql/imports.h"

#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace postrider::contacts {

POSTRIDER_DECLARE_FAIL_POINT(point_received, "import.received");

namespace {

constexpr std::int64_t swept_at_once = 20'000;

ImportId beyond_all() { return *ImportId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"); }

Result<void> known_consent(ConsentForAll const& consent) {
  constexpr std::array<std::string_view, 3> channels{"email", "sms", "push"};
  constexpr std::array<std::string_view, 2> types{"marketing", "transactional"};
  if (std::ranges::find(channels, consent.channel) != channels.end() && std::ranges::find(types, consent.consent_type) != types.end()) return {};
  return invalid_field("?consent", "invalid_value", "?consent must be a channel (email, sms, push) and a type (marketing, transactional), like email.marketing");
}

// The import as it is listed in the audit log.
audit::Entry entry_of(Import const& import, std::string_view action) {
  boost::json::object after;
  after["status"] = import.status;
  after["rows_total"] = import.rows_total;
  after["rows_created"] = import.rows_created;
  after["rows_updated"] = import.rows_updated;
  after["rows_rejected"] = import.rows_rejected;
  if (import.filename) after["filename"] = *import.filename;
  return audit::Entry{"import", import.id.uuid(), action, audit::difference(boost::json::object(), after)};
}

struct Place {
  explicit Place(int& taken) : taken_(taken) { ++taken_; }
  ~Place() { --taken_; }
  Place(Place const&) = delete;
  Place& operator=(Place const&) = delete;
  int& taken_;
};

}  // namespace

Imports::Imports(db::Store& store, Clock const& clock, Ids& ids, ImportLimits limits, ErasedAddresses erased)
    : store_(store), clock_(clock), ids_(ids), limits_(limits), erased_(std::move(erased)) {
  // One writer: others must get their turn between two chunks.
  if (store_.dialect() == db::Dialect::sqlite) {
    limits_.batch = std::min<std::size_t>(limits_.batch, 2000);
    limits_.chunk = std::min<std::int64_t>(limits_.chunk, 2000);
  }
}

Task<Result<void>> Imports::check(TenantId tenant, ImportRequest const& request) {
  for (auto const& consent : request.consents) {
    auto const known = known_consent(consent);
    if (!known) co_return known.error();
  }
  if (!request.consents.empty() && request.consent_source.value_or("").empty())
    co_return invalid_field("?consent_source", "required", "?consent_source must say where the consent was given, like signup form: it is the proof that is kept");
  if (request.consent_source && request.consent_source->size() > 100) co_return invalid_field("?consent_source", "too_long", "?consent_source has at most 100 bytes");
  for (auto const& tag : request.tags)
    if (!is_tag(tag)) co_return invalid_field("?tags", "invalid_value", "?tags: a tag has 1 to 64 bytes and no comma; separate tags with |");
  if (request.tags.size() > most_tags) co_return invalid_field("?tags", "too_long", "?tags: a contact has at most 100 tags");
  if (request.segment) {
    auto const kind = co_await store_.maybe(sql::imports::segment_kind, tenant, *request.segment);
    if (!kind) co_return not_found("segment", request.segment->str());
    if (kind->boolean(0)) co_return conflict("the members of a dynamic segment follow from its conditions; ?segment_id must name a static one");
  }
  co_return Result<void>();
}

Task<Result<Import>> Imports::receive(Context context, ImportRequest request, FileSource& source) {
  if (receiving_ >= limits_.receiving_at_once)
    co_return Error{Code::paced, "this server is reading " + std::to_string(receiving_) + " files already; try again soon", {}, 30};
  Place const place(receiving_);
  auto const checked = co_await check(context.tenant, request);
  if (!checked) co_return checked.error();
  auto const id = ids_.make<ImportId>();
  co_await store_.exec(sql::imports::insert, context.tenant, id, request.filename, written(request), written_actor(context), clock_.now());
  Staging staging(store_, clock_, ids_, context.tenant, id, std::move(request), limits_.batch);
  auto const read = co_await staging.read(source);
  if (!read) {
    co_await fail(context.tenant, id, read.error().message);
    co_return read.error();
  }
  POSTRIDER_FAIL_POINT("import.received");
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const staged = co_await tx.maybe(sql::imports::staged, context.tenant, id, written(staging.columns()), staging.encoding(), staging.bytes(), now);
  if (!staged) co_return conflict("the import was given up while its file was still being read");
  auto const row = co_await tx.one(sql::imports::find, context.tenant, id);
  auto import = read_import(row);
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(import, "staged"));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return import;
}

Task<void> Imports::fail(TenantId tenant, ImportId id, std::string why) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const failed = co_await tx.maybe(sql::imports::fail, tenant, id, why.substr(0, 2000), now);
  if (!failed) co_return;
  std::vector<jobs::NewJob> sweep;
  sweep.push_back(import_job("contacts:import_sweep", id));
  co_await jobs::enqueue(tx, tenant, std::move(sweep), ids_, now);
  co_await tx.commit();
  log::info("import_failed", log::field("import_id", id), log::field("reason", why));
}

Task<Result<Import>> Imports::find(TenantId tenant, ImportId id) {
  auto const row = co_await store_.maybe(sql::imports::find, tenant, id);
  if (!row || row->view(1) == "discarded") co_return not_found("import", id.str());
  co_return read_import(*row);
}

Task<std::vector<Import>> Imports::list(TenantId tenant, std::optional<ContactId> contact, std::optional<ImportId> before, int limit) {
  auto const last = before.value_or(beyond_all());
  db::Rows rows;
  if (contact) rows = co_await store_.all(sql::imports::list_of_contact, tenant, last, limit, *contact);
  else rows = co_await store_.all(sql::imports::list, tenant, last, limit);
  std::vector<Import> all;
  for (auto const row : rows) all.push_back(read_import(row));
  co_return all;
}

Task<Result<Import>> Imports::commit(Context context, ImportId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const before = co_await tx.maybe(sql::imports::find, context.tenant, id);
  if (!before || before->view(1) == "discarded") co_return not_found("import", id.str());
  auto const begun = co_await tx.maybe(sql::imports::begin_commit, context.tenant, id, written_actor(context), now);
  if (!begun) {
    auto const status = before->text(1);
    if (status == "staged") co_return conflict("the rows of this import were removed, since nobody committed it in time; import the file again");
    if (status == "receiving") co_return conflict("the file is still being read; commit the import when it is staged");
    co_return conflict("only a staged import can be committed; this one is " + status);
  }
  std::vector<jobs::NewJob> work;
  work.push_back(import_job("contacts:import", id));
  co_await jobs::enqueue(tx, context.tenant, std::move(work), ids_, now);
  auto import = read_import(*before);
  import.status = "running";
  import.updated_at = now;
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(import, "committed"));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return import;
}

Task<Result<Import>> Imports::undo(Context context, ImportId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const before = co_await tx.maybe(sql::imports::find, context.tenant, id);
  if (!before || before->view(1) == "discarded") co_return not_found("import", id.str());
  auto import = read_import(*before);
  auto const begun = co_await tx.maybe(sql::imports::begin_undo, context.tenant, id, written_actor(context), now);
  if (!begun) {
    if (!import.rows_kept) co_return conflict("what this import wrote is remembered no longer, so it cannot be undone");
    co_return conflict("only a committed import can be undone; this one is " + import.status);
  }
  std::vector<jobs::NewJob> work;
  work.push_back(import_job("contacts:import_undo", id));
  co_await jobs::enqueue(tx, context.tenant, std::move(work), ids_, now);
  import.status = "undoing";
  import.undone_to = import.committed_to;
  import.updated_at = now;
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(import, "undo_begun"));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return import;
}

Task<Result<void>> Imports::discard(Context context, ImportId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const before = co_await tx.maybe(sql::imports::find, context.tenant, id);
  if (!before || before->view(1) == "discarded") co_return not_found("import", id.str());
  auto const import = read_import(*before);
  auto const gone = co_await tx.maybe(sql::imports::discard, context.tenant, id, now);
  if (!gone) co_return conflict("this import is " + import.status + "; only a staged, failed or undone one can be discarded");
  std::vector<jobs::NewJob> sweep;
  sweep.push_back(import_job("contacts:import_sweep", id));
  co_await jobs::enqueue(tx, context.tenant, std::move(sweep), ids_, now);
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(import, "discarded"));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

std::map<std::string, jobs::Handler> Imports::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["contacts:import"] = [this](jobs::Job const& job) { return run_commit(job); };
  handlers["contacts:import_undo"] = [this](jobs::Job const& job) { return run_undo(job); };
  handlers["contacts:import_sweep"] = [this](jobs::Job const& job) { return run_sweep(job); };
  return handlers;
}

// Rows in ranges, each statement its own transaction: what is gone is gone, however often this starts again.
Task<jobs::Answer> Imports::run_sweep(jobs::Job const& job) {
  auto const id = *ImportId::parse(std::string_view(job.payload.at("import_id").as_string()));
  auto const left = co_await store_.all_on(db::Lane::background, sql::imports::rows_left, job.tenant, id);
  if (!left.empty() && !left[0].is_null(0)) {
    auto const last = left[0].integer(1);
    auto from = left[0].integer(0) - 1;
    for (; from < last; from += swept_at_once) co_await store_.all_on(db::Lane::background, sql::imports::sweep_rows, job.tenant, id, from, from + swept_at_once);
  }
  co_await store_.all_on(db::Lane::background, sql::imports::swept, job.tenant, id, clock_.now());
  co_await store_.all_on(db::Lane::background, sql::imports::remove_discarded, job.tenant, id);
  co_return jobs::Answer(jobs::Done());
}

Task<void> Imports::tick() {
  auto const now = clock_.now();
  auto const old = co_await store_.all_on(db::Lane::background, sql::imports::old, now - limits_.stalled_after, now - limits_.staged_for, now - limits_.rows_kept_for);
  for (auto const row : old) {
    auto const tenant = row.id<TenantId>(0);
    auto const id = row.id<ImportId>(1);
    auto const status = row.view(2);
    if (status == "receiving") {
      co_await fail(tenant, id, "the upload ended before the file did; import it again");
    } else if (status == "staged") {
      co_await fail(tenant, id, "nobody committed it in time; import the file again");
    } else {
      auto tx = co_await store_.begin(db::Lane::background);
      std::vector<jobs::NewJob> sweep;
      sweep.push_back(import_job("contacts:import_sweep", id));
      co_await jobs::enqueue(tx, tenant, std::move(sweep), ids_, now);
      co_await tx.commit();
    }
  }
}

}  // namespace postrider::contacts
