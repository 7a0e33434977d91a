#include "api/journey_simulations_api.h"

#include "postrider/journeys/past.h"

#include <boost/describe.hpp>

#include <charconv>

namespace postrider::api {

namespace {

struct RealPeopleIn {
  std::optional<SegmentId> segment_id;
  json::Defaulted<std::int64_t> limit = std::int64_t{20'000};
  static constexpr json::Rule json_rules[] = {json::range("limit", 1, 100'000)};
  static constexpr std::string_view json_name = "SimulationRealPeople";
};
BOOST_DESCRIBE_STRUCT(RealPeopleIn, (), (segment_id, limit))

struct SimulateIn : journeys::SimulationIn {
  json::Defaulted<std::string> version = std::string("draft");
  std::optional<std::string> compare_with;
  std::optional<RealPeopleIn> contacts;  // instead of a population
  static constexpr std::string_view json_name = "JourneySimulationInput";
};
BOOST_DESCRIBE_STRUCT(SimulateIn, (journeys::SimulationIn), (version, compare_with, contacts))

struct NodeOut {
  std::string node, kind;
  std::int64_t entered = 0, waiting = 0, errors = 0;
  std::map<std::string, std::int64_t> left, sent, blocked;
  std::vector<boost::json::object> days;
  static constexpr std::string_view json_name = "SimulatedNode";
};
BOOST_DESCRIBE_STRUCT(NodeOut, (), (node, kind, entered, waiting, errors, left, sent, blocked, days))

struct ReportOut {
  std::int64_t days = 0, people = 0, entered = 0, in_flight = 0, reached_goal = 0, turns = 0;
  double goal_rate = 0;
  std::map<std::string, std::int64_t> not_entered, completed, exited, sent, blocked;
  std::vector<NodeOut> nodes;
  static constexpr std::string_view json_name = "SimulationReport";
};
BOOST_DESCRIBE_STRUCT(ReportOut, (), (days, people, entered, not_entered, in_flight, completed, exited, sent, blocked, reached_goal, goal_rate, turns, nodes))

struct SimulationOut {
  std::string version;
  ReportOut report;
  std::optional<std::string> compared_with;
  std::optional<ReportOut> compared_report;
  static constexpr std::string_view json_name = "JourneySimulation";
};
BOOST_DESCRIBE_STRUCT(SimulationOut, (), (version, report, compared_with, compared_report))

Error busy_elsewhere() { return Error{.code = Code::paced, .message = "another simulation is running; try again when it is done", .retry_after_seconds = 10}; }

// One at a time: the flag goes back however the request ends.
class Turn {
 public:
  explicit Turn(bool& busy) : busy_(busy) { busy_ = true; }
  ~Turn() { busy_ = false; }
  Turn(Turn const&) = delete;
  Turn& operator=(Turn const&) = delete;

 private:
  bool& busy_;
};

}  // namespace

std::vector<http::Route> JourneySimulationsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(post("/journeys/{id}/simulate", right::read, on(this, &JourneySimulationsApi::simulate),
                     doc("simulate_journey", "Lead made-up or real people through a version with a clock that jumps; nothing is written and nothing leaves", "journeys")
                         .takes<SimulateIn>()
                         .answers<SimulationOut>()));
  return all;
}

Task<Result<journeys::Definition>> JourneySimulationsApi::definition_of(TenantId tenant, journeys::Journey journey, std::string version, std::string pointer) {
  boost::json::object json = journey.definition;
  if (version != "draft") {
    int number = 0;
    auto const [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc() || end != version.data() + version.size()) co_return invalid_field(pointer, "invalid_value", "must be draft, or the number of a version like \"3\"");
    auto found = co_await journeys_.version(tenant, journey.id, number);
    if (!found) co_return invalid_field(pointer, "invalid_value", "there is no version " + version);
    json = std::move(found->definition);
  }
  co_return journeys::parse_definition(json);
}

Task<Result<http::Response>> JourneySimulationsApi::simulate(http::Request& request) {
  auto const tenant = caller(request).context.tenant;
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const journey = co_await journeys_.find(tenant, *id);
  if (!journey) co_return journey.error();
  auto const in = json::read<SimulateIn>(request.body);
  if (!in) co_return in.error();
  if (in->contacts && in->population) co_return invalid_field("/population", "not_allowed", "goes without contacts: people are either made up or real");
  auto const definition = co_await definition_of(tenant, *journey, *in->version, "/version");
  if (!definition) co_return definition.error();
  std::optional<journeys::Definition> other;
  if (in->compare_with) {
    auto read = co_await definition_of(tenant, *journey, *in->compare_with, "/compare_with");
    if (!read) co_return read.error();
    other = std::move(*read);
  }
  auto scenario = journeys::scenario_of(*in, clock_.now());
  if (!scenario) co_return scenario.error();
  scenario->journey = *id;
  if (busy_) co_return busy_elsewhere();
  Turn const turn(busy_);
  auto compared = *scenario;
  if (in->contacts) {
    journeys::PastWanted wanted;
    wanted.segment = in->contacts->segment_id;
    wanted.limit = *in->contacts->limit;
    co_await journeys::add_real_people(store_, tenant, *scenario, *definition, wanted);
    if (other) co_await journeys::add_real_people(store_, tenant, compared, *other, wanted);
  }
  auto const population = in->contacts ? std::optional<journeys::Population>() : journeys::population_of(in->population.value_or(journeys::PopulationIn()));
  auto run = [population](journeys::Definition const& which, journeys::Scenario stage) {
    if (population) journeys::populate(stage, *population, which);
    return journeys::shown(journeys::simulate(which, std::move(stage)), which);
  };
  boost::json::object answer;
  answer["version"] = *in->version;
  std::function<boost::json::object()> first = [&run, &definition, &scenario] { return run(*definition, std::move(*scenario)); };
  answer["report"] = co_await machine_room_.run(std::move(first));
  answer["compared_with"] = nullptr;
  answer["compared_report"] = nullptr;
  if (other) {
    std::function<boost::json::object()> second = [&run, &other, &compared] { return run(*other, std::move(compared)); };
    answer["compared_report"] = co_await machine_room_.run(std::move(second));
    answer["compared_with"] = *in->compare_with;
  }
  co_return ok(answer);
}

}  // namespace postrider::api
