// The parts of committing and undoing a chunk of an import, each inside the chunk's one transaction.
#pragma once

#include "contacts/import_records.h"

namespace postrider::contacts {

struct ChunkRange {
  TenantId tenant;
  ImportId import;
  std::int64_t from = 0;  // row numbers above this one …
  std::int64_t to = 0;    // … up to this one
};

// What a chunk changes of the import's counts.
struct ChunkCounts {
  std::int64_t created = 0, updated = 0, unchanged = 0, rejected = 0, consents_granted = 0, consents_kept = 0;
};

// Rows that are no plain new contacts are decided against the contacts as they are now, and written.
Task<void> decide_again(db::Transaction& tx, ChunkRange range, Ids& ids, Instant now, ChunkCounts& counts);
// For everybody of the chunk, with history and events; whoever denied it, or is suppressed by his own wish, keeps his word.
Task<void> grant_consent(db::Transaction& tx, Context actor, ChunkRange range, ConsentForAll consent, std::optional<std::string> source, Ids& ids, Instant now,
                         ChunkCounts& counts);
// Withdraws what the chunk granted, where nothing was said about it since.
Task<void> withdraw_consents(db::Transaction& tx, Context actor, ChunkRange range, Ids& ids, Instant now);
Task<void> join_segment(db::Transaction& tx, ChunkRange range, SegmentId segment, Ids& ids, Instant now);
Task<void> leave_segment(db::Transaction& tx, ChunkRange range, SegmentId segment, Ids& ids, Instant now);

// A row for `update_contacts`; the contact's updated_at is what was read.
void add_contact(db::Columns& rows, Contact const& contact, std::optional<std::string> const& email_key);
std::optional<std::string> key_of(Contact const& contact);

}  // namespace postrider::contacts
