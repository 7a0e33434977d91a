// Versions in memory: they never change once published.
#include "postrider/base/log.h"
#include "postrider/journeys/engine.h"
#include "sql/journey_engine.h"

#include <iterator>
#include <set>

namespace postrider::journeys {

namespace {

constexpr std::size_t most_known = 2000;

std::vector<Uuid> named_in(Definition const& definition) {
  std::set<Uuid> named;
  auto const add = [&named](auto const& id) {
    if (id) named.insert(id->uuid());
  };
  for (auto const& node : definition.nodes) {
    auto const* const action = std::get_if<Action>(&node.settings);
    if (!action) continue;
    add(action->template_id);
    add(action->sender);
    add(action->segment);
    add(action->journey);
  }
  return {named.begin(), named.end()};
}

}  // namespace

Task<std::shared_ptr<Published const>> Engine::published(db::Session& session, TenantId tenant, JourneyId journey, int version) {
  auto const key = std::make_tuple(tenant, journey, version);
  if (auto const found = known_.find(key); found != known_.end()) co_return found->second;
  auto const row = co_await session.maybe(sql::journey_engine::version, tenant, journey, version);
  if (!row) co_return nullptr;
  auto read = parse_definition(row->json(0));
  // Written by a binary that allowed more, or by hand. Whoever is in it is held; the others go on.
  if (!read) {
    log::error("journey_version_unreadable", log::field("journey_id", journey), log::field("version", version), log::field("error", read.error().message));
    co_return nullptr;
  }
  auto all = std::make_shared<Published>();
  all->journey = journey;
  all->version = version;
  all->name = row->text(1);
  all->definition = std::move(*read);
  all->named = named_in(all->definition);
  // Any of them: where more are in use than fit, forgetting all at once would mean to read all again each time.
  if (known_.size() >= most_known) known_.erase(std::next(known_.begin(), static_cast<std::ptrdiff_t>(random_.next() % known_.size())));
  known_[key] = all;
  co_return all;
}

}  // namespace postrider::journeys
