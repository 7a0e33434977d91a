// Tags put on or taken off many contacts at once: a job walks them in the order of their ids, a chunk a transaction, and tells how far it is.
#pragma once

#include "postrider/contacts/contacts.h"
#include "postrider/jobs/job.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace postrider::contacts {

// On whom: the ids, or else all who fit the filter when it starts.
struct TagChange {
  std::vector<std::string> add = {};
  std::vector<std::string> remove = {};
  std::optional<std::vector<ContactId>> ids = {};
  Filter filter = {};
};

struct Tagging {
  Uuid id;
  std::string status;  // running, completed, canceled
  std::vector<std::string> add, remove;
  std::int64_t total = 0;
  std::int64_t changed = 0, unchanged = 0, skipped = 0;
  std::map<std::string, std::int64_t> skip_reasons;  // not_found, too_many_tags
  Instant created_at;
  Instant updated_at;
  std::optional<Instant> completed_at;
};

class Taggings {
 public:
  Taggings(db::Store& store, Clock const& clock, Ids& ids, Contacts& contacts) : store_(store), clock_(clock), ids_(ids), contacts_(contacts) {}

  // Queues contacts:tag. Fails with invalid (fields).
  Task<Result<Tagging>> start(Context context, TagChange wanted);
  Task<Result<Tagging>> find(TenantId tenant, Uuid id);
  // What is done stays. Fails with not_found, conflict (ended).
  Task<Result<Tagging>> cancel(Context context, Uuid id);

  // Handlers of the queue "contacts".
  std::map<std::string, jobs::Handler> job_handlers();

 private:
  Task<jobs::Answer> step(jobs::Job const& job);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  Contacts& contacts_;
};

}  // namespace postrider::contacts
