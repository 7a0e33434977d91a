// People of the demo who read their mail: some open it, some click, a few programs open everything at once. They see what the
// built-in inbox catches and are heard through the same door as any tracked link, so that reports move while one watches.
#pragma once

#include "postrider/base/service.h"
#include "postrider/delivery/ingest.h"
#include "postrider/delivery/link_targets.h"

#include <memory>

namespace postrider::app {

std::unique_ptr<Service> make_demo_readers(db::Store& store, Clock const& clock, Executor executor, TenantId tenant, delivery::Ingest& ingest,
                                           delivery::LinkTargets& links);

}  // namespace postrider::app
