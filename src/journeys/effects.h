// What the machine wants done for contacts, carried out for a whole batch: messages, tags, attributes, lists, jobs, events, other journeys.
#pragma once

#include "postrider/journeys/engine.h"

#include <map>
#include <vector>

namespace postrider::journeys {

struct WantedEffect {
  std::shared_ptr<Published const> journey;
  ExecutionId execution;
  ContactId contact;
  Effect effect;
};

// As many statements for a thousand as for one of each kind. `versions` has the current version of each template that can be used. A change that
// breaks a contact's limits is left out and logged; everything else of that contact is done.
Task<void> carry_out(Engine& engine, db::Transaction& tx, TenantId tenant, std::vector<WantedEffect> effects, std::map<Uuid, TemplateVersionId> versions, Ids& ids, Instant now);

// The key of the job that calls a webhook: one for each try.
std::string webhook_key(ExecutionId execution, int visit, int attempt);

}  // namespace postrider::journeys
