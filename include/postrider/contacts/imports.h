// Contacts out of CSV files. A file is staged first: read in a stream, each row given a verdict (create, update, unchanged, or reject
// with its reason) against what is known, and nothing written to contacts. Committing is a job in chunks, each one transaction that
// decides its rows once more; undoing is another. Both go on where they stopped, whatever stops them.
//
//   receiving -> staged -> running -> completed -> undoing -> undone      (running may be undone too)
//   any that takes no more -> failed; staged, failed, undone ones can be discarded
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/contacts/erased_addresses.h"
#include "postrider/db/store.h"
#include "postrider/jobs/job.h"

#include <boost/json/object.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postrider::contacts {

// The bytes of a file, piece by piece; empty at the end. An error says that the rest will not come.
class FileSource {
 public:
  virtual ~FileSource() = default;
  virtual Task<Result<std::string>> next() = 0;
};

struct ConsentForAll {
  std::string channel;       // email, sms, push
  std::string consent_type;  // marketing, transactional
};

// What is asked for with a file; kept with the import.
struct ImportRequest {
  std::optional<std::string> filename = {};
  std::optional<std::uint64_t> bytes_expected = {};
  std::map<std::string, std::optional<std::string>> mapping = {};  // column name -> field; nothing leaves it out
  std::vector<ConsentForAll> consents = {};
  std::optional<std::string> consent_source = {};
  std::vector<std::string> tags = {};           // for every row
  std::optional<SegmentId> segment = {};        // a static one that all of them join
};

struct ImportColumn {
  int number = 0;                     // from 1
  std::string name;
  std::optional<std::string> field;   // nothing: left out
  std::string origin;                 // name, spelling, mapping, unknown (became an attribute), empty
  std::vector<std::string> samples;
};

struct Import {
  ImportId id;
  std::string status;  // as stored; the picture above
  std::optional<std::string> filename, encoding, delimiter, error;
  std::vector<ImportColumn> columns;
  ImportRequest request;
  std::int64_t bytes_read = 0;
  std::int64_t rows_total = 0, rows_created = 0, rows_updated = 0, rows_unchanged = 0, rows_rejected = 0;
  std::int64_t rows_suppressed = 0;                       // addresses that stay suppressed
  std::int64_t consents_granted = 0, consents_kept = 0;   // kept: a denial or suppression that the import did not overwrite
  std::int64_t undo_deleted = 0, undo_restored = 0, undo_kept = 0;
  std::int64_t last_row = 0, committed_to = 0, undone_to = 0;
  bool rows_kept = true;                                  // staged rows are removed after some time
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> completed_at;

  // 0 to 1, of what is going on.
  double progress() const;
};

// A staged row, for previews.
struct ListedRow {
  std::int64_t row = 0;
  std::string verdict;
  std::optional<std::string> reason, note;
  std::optional<ContactId> contact_id;
  boost::json::object fields;
};

struct ImportLimits {
  int receiving_at_once = 4;
  std::size_t batch = 5000;        // rows staged at a time
  std::int64_t chunk = 5000;       // rows committed at a time
  Duration stalled_after = std::chrono::minutes(15);
  Duration staged_for = std::chrono::hours(24 * 7);
  Duration rows_kept_for = std::chrono::hours(24 * 30);
};

class Imports {
 public:
  Imports(db::Store& store, Clock const& clock, Ids& ids, ImportLimits limits = ImportLimits(), ErasedAddresses erased = ErasedAddresses());

  // Reads the whole file and stages it. Fails with invalid (the file, the mapping, consents, tags), not_found (segment), paced (too many
  // at once); the import then stands as failed, and nothing else is left of it.
  Task<Result<Import>> receive(Context context, ImportRequest request, FileSource& source);
  // Queues the commit. Fails with not_found, conflict. Queues contacts:import.
  Task<Result<Import>> commit(Context context, ImportId id);
  // Takes back what was committed: contacts that nobody has touched since are deleted, fields that still hold what the import wrote get
  // their old values, consent that it granted is withdrawn. Fails with not_found, conflict. Queues contacts:import_undo.
  Task<Result<Import>> undo(Context context, ImportId id);
  // Fails with not_found, conflict (committed, or at work). Queues contacts:import_sweep.
  Task<Result<void>> discard(Context context, ImportId id);

  Task<Result<Import>> find(TenantId tenant, ImportId id);
  // Newest first; only those that made or met a contact, when one is named.
  Task<std::vector<Import>> list(TenantId tenant, std::optional<ContactId> contact, std::optional<ImportId> before, int limit);
  Task<std::vector<ListedRow>> rows(TenantId tenant, ImportId id, std::optional<std::string> verdict, std::int64_t after, int limit);
  // Rejected rows as CSV, piece by piece: the original columns, the row's number and the reason. Nothing at the end.
  Task<std::optional<std::string>> rejections(TenantId tenant, Import import, std::int64_t& after, bool& begun);

  // Handlers of the queue "imports".
  std::map<std::string, jobs::Handler> job_handlers();
  // The commit here and now, in place of the job: for the command line.
  Task<Result<Import>> commit_now(TenantId tenant, ImportId id);
  // Gives up what stalled and sweeps what is old. Called by a scheduler.
  Task<void> tick();

 private:
  friend class Staging;
  Task<Result<void>> check(TenantId tenant, ImportRequest const& request);
  Task<void> fail(TenantId tenant, ImportId id, std::string why);
  // What a call for the next chunk found: perhaps more to do, or nothing (any more).
  enum class Step { more, over, over_after_many };
  Task<Step> commit_chunk(TenantId tenant, ImportId id);
  Task<Step> finish_commit(db::Transaction& tx, TenantId tenant, Import import);
  Task<Step> undo_chunk(TenantId tenant, ImportId id);
  Task<void> finish_undo(db::Transaction& tx, Context actor, Import import);
  Task<jobs::Answer> run_commit(jobs::Job const& job);
  Task<jobs::Answer> run_undo(jobs::Job const& job);
  Task<jobs::Answer> run_sweep(jobs::Job const& job);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  ImportLimits limits_;
  ErasedAddresses erased_;
  int receiving_ = 0;
};

}  // namespace postrider::contacts
