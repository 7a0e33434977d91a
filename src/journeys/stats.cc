// How many went which way: counted over the history and over who is where now, both by index.
#include "postrider/journeys/executions.h"
#include "sql/journeys.h"

#include <boost/json/array.hpp>

namespace postrider::journeys {

namespace {

// The nodes in their order, each with nothing counted yet.
std::vector<NodeCounts> counted_nodes(boost::json::value const& definition) {
  std::vector<NodeCounts> all;
  for (auto const& node : definition.at("nodes").as_array()) {
    NodeCounts counts;
    counts.node = std::string(node.at("id").as_string());
    counts.kind = std::string(node.at("kind").as_string());
    all.push_back(std::move(counts));
  }
  return all;
}

NodeCounts& counts_of(std::vector<NodeCounts>& all, std::string const& node) {
  for (auto& each : all)
    if (each.node == node) return each;
  all.emplace_back();
  all.back().node = node;
  return all.back();
}

void add_steps(db::Rows const& rows, Stats& stats) {
  for (auto const row : rows) {
    auto& node = counts_of(stats.nodes, row.text(0));
    if (node.kind.empty()) node.kind = row.text(1);
    auto const count = row.integer(4);
    node.entered += count;
    node.left[row.text(2)] += count;
    if (row.view(3) == "error") node.errors += count;
    if (row.view(3) == "skip") node.skipped += count;
  }
}

void add_ends(db::Rows const& rows, Stats& stats) {
  for (auto const row : rows) {
    auto const status = row.view(0);
    auto const count = row.integer(2);
    stats.entered += count;
    stats.reached_goal += row.integer(3);
    if (status == "completed") {
      stats.completed += count;
      stats.completed_by[row.text(1)] += count;
    } else if (status == "exited") {
      stats.exited += count;
      stats.exited_by[row.text(1)] += count;
    } else {
      stats.in_flight += count;
    }
  }
}

}  // namespace

std::optional<double> Stats::goal_rate() const {
  if (entered == 0) return std::nullopt;
  return static_cast<double>(reached_goal) / static_cast<double>(entered);
}

Task<Result<Stats>> Executions::stats(TenantId tenant, JourneyId journey, std::optional<int> version) {
  auto const known = co_await store_.maybe(sql::journeys::find, tenant, journey);
  if (!known) co_return not_found("journey", journey.str());
  Stats stats;
  stats.version = version;
  auto const shown = version.value_or(static_cast<int>(known->integer(4)));
  auto const row = co_await store_.maybe(sql::journeys::version, tenant, journey, shown);
  if (!row && version) co_return not_found("journey version", std::to_string(*version));
  if (row) stats.nodes = counted_nodes(row->json(1));
  std::optional<std::string> only;
  if (version) only = std::to_string(*version);
  auto const steps = co_await store_.all_on(db::Lane::background, sql::journeys::step_counts, tenant, journey, only);
  add_steps(steps, stats);
  auto const here = co_await store_.all_on(db::Lane::background, sql::journeys::here_counts, tenant, journey, only);
  for (auto const each : here) {
    auto& node = counts_of(stats.nodes, each.text(0));
    node.here += each.integer(1);
    node.entered += each.integer(1);
    node.held += each.integer(2);
    stats.held += each.integer(2);
  }
  auto const ends = co_await store_.all_on(db::Lane::background, sql::journeys::end_counts, tenant, journey, only);
  add_ends(ends, stats);
  co_return stats;
}

}  // namespace postrider::journeys
