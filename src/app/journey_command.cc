#include "app/journey_command.h"

#include "app/wiring.h"
#include "postrider/journeys/definition.h"
#include "postrider/journeys/simulation_file.h"
#include "postrider/json/codec.h"
#include "postrider/json/names.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace postrider::app {

namespace {

constexpr std::size_t largest_file = 2 * 1024 * 1024;

boost::json::value read_json(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  std::string const text((std::istreambuf_iterator<char>(file)), {});
  if (!file.is_open()) throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  if (text.size() > largest_file) throw std::runtime_error(path + " is larger than 2 MB: no journey is");
  auto json = json::parse(text);
  if (!json) throw std::runtime_error(path + ": " + json.error().message);
  return std::move(*json);
}

// The journey as the API shows it, or its definition alone.
Result<journeys::Definition> definition_in(boost::json::value const& json) {
  auto const* const whole = json.if_object();
  auto const* const inner = whole ? whole->if_contains("definition") : nullptr;
  return journeys::parse_definition(inner ? *inner : json, inner ? "/definition" : "");
}

journeys::Definition read_definition(std::string const& path) {
  auto definition = definition_in(read_json(path));
  if (!definition) throw std::runtime_error(path + ": " + definition.error().message + "; see 'postrider journey validate'");
  return std::move(*definition);
}

int count_of(journeys::Definition const& definition, std::string_view kind) {
  int count = 0;
  for (auto const& node : definition.nodes) count += node.kind == kind ? 1 : 0;
  return count;
}

std::string mistakes_of(std::string const& path, Error const& error) {
  std::string all = path + ": " + error.message;
  for (auto const& field : error.fields) all += "\n  " + field.pointer + ": " + field.message;
  return all;
}

boost::json::object simulated(Command const& command, std::string const& path) {
  auto const definition = read_definition(path);
  journeys::SimulationIn in;
  if (!command.scenario.empty()) {
    auto read = json::decode<journeys::SimulationIn>(read_json(command.scenario));
    if (!read) throw std::runtime_error(mistakes_of(command.scenario, read.error()));
    in = std::move(*read);
  }
  if (command.days) in.days = *command.days;
  if (command.seed) in.seed = *command.seed;
  if (!in.population) in.population.emplace();
  if (command.people) in.population->people = *command.people;
  // The numbers of the command line go through the same rules as the file's.
  auto const checked = json::decode<journeys::SimulationIn>(json::encode(in));
  if (!checked) throw std::runtime_error(mistakes_of("the simulation", checked.error()));
  auto scenario = journeys::scenario_of(in, in.from.value_or(SystemClock().now()));
  if (!scenario) throw std::runtime_error(mistakes_of("the simulation", scenario.error()));
  journeys::populate(*scenario, journeys::population_of(*in.population), definition);
  return journeys::shown(journeys::simulate(definition, std::move(*scenario)), definition);
}

std::string count_at(boost::json::object const& object, std::string_view name) {
  auto const* const found = object.if_contains(name);
  return found ? boost::json::serialize(*found) : "0";
}

std::string listed(boost::json::value const& counts) {
  std::string all;
  for (auto const& [name, count] : counts.as_object()) all += (all.empty() ? "" : ", ") + std::string(name) + " " + boost::json::serialize(count);
  return all.empty() ? "-" : all;
}

void print(std::string const& path, boost::json::object const& report) {
  std::cout << path << ": " << count_at(report, "people") << " people over " << count_at(report, "days") << " days\n"
            << "  entered " << count_at(report, "entered") << ", still on the way " << count_at(report, "in_flight") << ", reached a goal " << count_at(report, "reached_goal") << "\n"
            << "  completed: " << listed(report.at("completed")) << "; exited: " << listed(report.at("exited")) << "\n"
            << "  sent: " << listed(report.at("sent")) << "; blocked: " << listed(report.at("blocked")) << "\n";
  for (auto const& each : report.at("nodes").as_array()) {
    auto const& node = each.as_object();
    std::cout << "  " << std::string(node.at("node").as_string()) << " (" << std::string(node.at("kind").as_string()) << "): entered " << count_at(node, "entered") << ", waiting "
              << count_at(node, "waiting") << ", left: " << listed(node.at("left"));
    if (!node.at("sent").as_object().empty() || !node.at("blocked").as_object().empty())
      std::cout << "; sent: " << listed(node.at("sent")) << "; blocked: " << listed(node.at("blocked"));
    if (count_at(node, "errors") != "0") std::cout << "; errors " << count_at(node, "errors");
    std::cout << "\n";
  }
}

journeys::Change read_change(std::string const& path) {
  auto const json = read_json(path);
  auto const* const file = json.if_object();
  auto const* const name = file ? file->if_contains("name") : nullptr;
  auto const* const definition = file ? file->if_contains("definition") : nullptr;
  if (!name || !name->is_string() || !definition || !definition->is_object()) throw std::runtime_error(path + ": a file to apply needs 'name' and 'definition', as 'postrider journey export' writes them");
  journeys::Change change;
  change.name = std::string(name->as_string());
  change.definition = definition->as_object();
  if (auto const* const description = file->if_contains("description"); description && description->is_string()) change.description = std::string(description->as_string());
  return change;
}

Task<Context> context_of(Application& application, std::string tenant) {
  Context context;
  context.tenant = identity::default_tenant();
  if (tenant.empty()) co_return context;
  auto const found = co_await application.modules().identity.find_tenant(tenant);
  if (!found) throw std::runtime_error(found.error().message);
  context.tenant = found->id;
  co_return context;
}

Task<std::optional<journeys::Journey>> named(Application& application, TenantId tenant, std::string name) {
  journeys::Filter filter;
  filter.search = name;
  for (auto& each : co_await application.modules().journeys.list(tenant, filter, std::nullopt, 200)) {
    if (each.name != name) continue;
    auto const whole = co_await application.modules().journeys.find(tenant, each.id);
    if (!whole) continue;
    co_return *whole;
  }
  co_return std::nullopt;
}

void print(std::vector<journeys::Difference> const& fields, std::string const& under) {
  for (auto const& field : fields)
    std::cout << "  " << under << field.pointer << ": " << boost::json::serialize(field.before) << " -> " << boost::json::serialize(field.after) << "\n";
}

}  // namespace

int validate_journey(Command const& command) {
  auto const read = definition_in(read_json(command.file));
  if (!read) {
    for (auto const& mistake : read.error().fields) std::cout << command.file << ": " << (mistake.pointer.empty() ? "/" : mistake.pointer) << ": " << mistake.message << "\n";
    auto const count = read.error().fields.size();
    std::cerr << "postrider: " << command.file << " has " << count << (count == 1 ? " mistake" : " mistakes") << ": nothing could be activated\n";
    return 1;
  }
  std::cout << command.file << ": " << read->nodes.size() << " nodes, " << count_of(*read, "trigger") << " of them triggers and " << count_of(*read, "goal") << " goals; it holds together\n";
  return 0;
}

int simulate_journey(Command const& command) {
  auto const report = simulated(command, command.file);
  if (command.compare.empty()) {
    if (command.json) std::cout << json::lines(report);
    else print(command.file, report);
    return 0;
  }
  auto const other = simulated(command, command.compare);
  if (command.json) {
    boost::json::object both;
    both["journey"] = report;
    both["compared_with"] = other;
    std::cout << json::lines(both);
  } else {
    print(command.file, report);
    print(command.compare, other);
  }
  return 0;
}

int test_journey(Command const& command) {
  auto const file = json::decode<journeys::ScenarioFile>(read_json(command.file));
  if (!file) throw std::runtime_error(mistakes_of(command.file, file.error()));
  auto const definition = read_definition((std::filesystem::path(command.file).parent_path() / file->journey).string());
  int failed = 0;
  for (auto const& scenario : file->scenarios) {
    auto const wrong = journeys::play(definition, scenario);
    std::cout << (wrong.empty() ? "ok: " : "FAILED: ") << scenario.name << "\n";
    for (auto const& each : wrong) std::cout << "  " << each << "\n";
    failed += wrong.empty() ? 0 : 1;
  }
  std::cout << file->scenarios.size() - static_cast<std::size_t>(failed) << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

Task<void> plan_journey(Application& application, Command command) {
  auto const context = co_await context_of(application, command.tenant);
  auto const wanted = read_change(command.file);
  auto& journeys = application.modules().journeys;
  for (auto const& problem : co_await journeys.problems(context.tenant, *wanted.definition)) std::cout << "problem: " << problem.pointer << ": " << problem.message << "\n";
  auto const there = co_await named(application, context.tenant, *wanted.name);
  if (!there) {
    std::cout << "would make the journey '" << *wanted.name << "'\n";
    co_return;
  }
  auto const changes = journeys::differences(there->definition, *wanted.definition);
  if (changes.nodes.empty() && changes.entry.empty() && changes.rules.empty()) {
    std::cout << "nothing would change in '" << *wanted.name << "' (" << json::name_of(there->status) << ", version " << there->version << ")\n";
    co_return;
  }
  std::cout << "would change the draft of '" << *wanted.name << "' (" << json::name_of(there->status) << ", version " << there->version << "):\n";
  for (auto const& node : changes.nodes) {
    std::cout << "  " << node.change << " " << node.kind << " '" << node.node << "'\n";
    if (node.change == "changed") print(node.fields, "  " + node.node);
  }
  print(changes.entry, "entry");
  print(changes.rules, "rules");
}

Task<void> apply_journey(Application& application, Command command) {
  auto const context = co_await context_of(application, command.tenant);
  auto& journeys = application.modules().journeys;
  auto wanted = read_change(command.file);
  auto const applied = co_await journeys.apply(context, std::move(wanted));
  if (!applied) throw std::runtime_error(mistakes_of(command.file, applied.error()));
  auto journey = applied->journey;
  std::cout << (applied->made ? "made" : "applied to") << " the journey '" << journey.name << "' (" << journey.id.str() << ")\n";
  if (!command.publish) co_return;
  if (!journey.draft_changed) {
    std::cout << "version " << journey.version << " says the same already\n";
    co_return;
  }
  auto const published = co_await journeys.publish(context, journey.id, "applied from a file");
  if (!published) throw std::runtime_error(mistakes_of(command.file, published.error()));
  std::cout << "published version " << published->version << "\n";
}

Task<void> export_journey(Application& application, Command command) {
  auto const context = co_await context_of(application, command.tenant);
  auto const there = co_await named(application, context.tenant, command.name);
  if (!there) throw std::runtime_error("there is no journey called '" + command.name + "'");
  boost::json::object file;
  file["name"] = there->name;
  file["description"] = there->description;
  file["definition"] = there->definition;
  std::cout << json::lines(file);
}

}  // namespace postrider::app
