#include "api/journey_executions_api.h"

#include "postrider/json/names.h"

#include <boost/describe.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>

namespace postrider::api {

namespace {

constexpr std::size_t largest_variables = 16 * 1024;

struct CallIn {
  std::optional<ContactId> contact_id;
  std::optional<std::string> email, external_id;
  json::Defaulted<boost::json::object> variables = boost::json::object();
  std::optional<std::string> key;
  static constexpr json::Rule json_rules[] = {json::length("email", 1, 320), json::length("external_id", 1, 255), json::length("key", 1, 200)};
  static constexpr std::string_view json_name = "JourneyCallInput";
};
BOOST_DESCRIBE_STRUCT(CallIn, (), (contact_id, email, external_id, variables, key))

struct LeaveIn {
  json::Defaulted<std::string> reason = std::string("ordered");
  static constexpr json::Rule json_rules[] = {json::length("reason", 1, 60)};
  static constexpr std::string_view json_name = "JourneyExitInput";
};
BOOST_DESCRIBE_STRUCT(LeaveIn, (), (reason))

struct MoveIn {
  std::string node_id;
  static constexpr json::Rule json_rules[] = {json::length("node_id", 1, 60)};
  static constexpr std::string_view json_name = "JourneyMoveInput";
};
BOOST_DESCRIBE_STRUCT(MoveIn, (), (node_id))

struct ExecutionOut {
  ExecutionId id;
  JourneyId journey_id;
  std::string journey_name;
  int version = 1;
  ContactId contact_id;
  std::optional<std::string> email;
  std::string status, node_id;
  int visit = 1;
  Instant entered_at, arrived_at;
  std::optional<Instant> ended_at, due_at, held_at;
  std::optional<std::string> reason;
  int failures = 0;
  std::optional<std::string> error;
  std::optional<boost::json::object> order;
  static constexpr std::string_view json_name = "JourneyExecution";
};
BOOST_DESCRIBE_STRUCT(ExecutionOut, (), (id, journey_id, journey_name, version, contact_id, email, status, node_id, visit, entered_at, arrived_at, ended_at, due_at, held_at, reason, failures, error, order))

struct StepOut {
  int visit = 1;
  std::string node_id, kind;
  std::optional<std::string> exit;
  std::string outcome;
  Instant arrived_at, left_at;
  boost::json::object trace;
  static constexpr std::string_view json_name = "JourneyStep";
};
BOOST_DESCRIBE_STRUCT(StepOut, (), (visit, node_id, kind, exit, outcome, arrived_at, left_at, trace))

struct StepMessageOut {
  Uuid id;
  int visit = 1;
  std::string channel, status;
  std::optional<std::string> skip_reason;
  std::optional<Instant> sent_at;
  static constexpr std::string_view json_name = "JourneyStepMessage";
};
BOOST_DESCRIBE_STRUCT(StepMessageOut, (), (id, visit, channel, status, skip_reason, sent_at))

struct ExplainedOut : ExecutionOut {
  boost::json::object variables, event;
  std::vector<StepOut> steps;
  bool more_steps = false;
  std::vector<StepMessageOut> messages;
  std::vector<std::string> waits_for;
  static constexpr std::string_view json_name = "JourneyExecutionStory";
};
BOOST_DESCRIBE_STRUCT(ExplainedOut, (ExecutionOut), (variables, event, steps, more_steps, messages, waits_for))

struct NodeStatsOut {
  std::string node_id, kind;
  std::int64_t entered = 0, waiting = 0, held = 0, ended = 0, errors = 0, skipped = 0;
  std::map<std::string, std::int64_t> left;
  static constexpr std::string_view json_name = "JourneyNodeStats";
};
BOOST_DESCRIBE_STRUCT(NodeStatsOut, (), (node_id, kind, entered, waiting, held, left, ended, errors, skipped))

struct StatsOut {
  std::optional<int> version;
  std::int64_t entered = 0, in_flight = 0, held = 0, completed = 0, exited = 0, reached_goal = 0;
  std::optional<double> goal_rate;
  std::map<std::string, std::int64_t> completed_by_reason, exited_by_reason;
  std::vector<NodeStatsOut> nodes;
  static constexpr std::string_view json_name = "JourneyStats";
};
BOOST_DESCRIBE_STRUCT(StatsOut, (), (version, entered, in_flight, held, completed, exited, reached_goal, goal_rate, completed_by_reason, exited_by_reason, nodes))

struct ReleasedOut {
  std::int64_t released = 0;
  static constexpr std::string_view json_name = "JourneyRelease";
};
BOOST_DESCRIBE_STRUCT(ReleasedOut, (), (released))

void fill(ExecutionOut& out, journeys::ExecutionRecord const& e) {
  out.id = e.id;
  out.journey_id = e.journey;
  out.journey_name = e.journey_name;
  out.version = e.version;
  out.contact_id = e.contact;
  out.email = e.email;
  out.status = json::name_of(e.status);
  out.node_id = e.node;
  out.visit = e.visit;
  out.entered_at = e.entered_at;
  out.arrived_at = e.arrived_at;
  out.ended_at = e.ended_at;
  out.due_at = e.due_at;
  out.held_at = e.held_at;
  out.reason = e.reason;
  out.failures = e.failures;
  out.error = e.error;
  out.order = e.order;
}

boost::json::value shown(journeys::ExecutionRecord const& e) {
  ExecutionOut out;
  fill(out, e);
  return json::encode(out);
}

NodeStatsOut shown(journeys::NodeCounts const& n) {
  NodeStatsOut out;
  out.node_id = n.node;
  out.kind = n.kind;
  out.entered = n.entered;
  out.waiting = n.here;
  out.held = n.held;
  out.errors = n.errors;
  out.skipped = n.skipped;
  for (auto const& [exit, count] : n.left) {
    if (exit.empty()) out.ended = count;
    else out.left[exit] = count;
  }
  return out;
}

Result<std::optional<int>> query_number(http::Request const& request, std::string_view name) {
  auto const* const text = request.query.find(name);
  if (!text) return std::optional<int>();
  int number = 0;
  auto const [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure != std::errc() || end != text->data() + text->size() || number < 1) return query_error(name, "wrong_type", "must be the number of a version");
  return std::optional<int>(number);
}

Result<journeys::ExecutionFilter> filter_of(http::Request const& request) {
  journeys::ExecutionFilter filter;
  auto const status = query_text(request, "status");
  if (!status) return status.error();
  if (*status) {
    filter.status = json::named<journeys::ExecutionStatus>(**status);
    if (!filter.status) return query_error("status", "not_allowed", "must be active, waiting, completed or exited");
  }
  auto const node = query_text(request, "node_id");
  if (!node) return node.error();
  filter.node = *node;
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) return contact.error();
  filter.contact = *contact;
  auto const held = query_flag(request, "held");
  if (!held) return held.error();
  filter.held = *held;
  auto const version = query_number(request, "version");
  if (!version) return version.error();
  filter.version = *version;
  return filter;
}

std::optional<journeys::LastExecution> last_execution(Page const& page) {
  if (!page.after || page.after->size() != 2) return std::nullopt;
  auto const at = parse_instant(page.after->at(0));
  auto const id = ExecutionId::parse(page.after->at(1));
  if (!at || !id) return std::nullopt;
  return journeys::LastExecution(*at, *id);
}

std::vector<std::string> execution_key(journeys::ExecutionRecord const& e) { return {to_text(e.entered_at), e.id.str()}; }

}  // namespace

std::vector<http::Route> JourneyExecutionsApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  std::vector<std::string> const states{"active", "waiting", "completed", "exited"};
  auto listing = doc("list_journey_executions", "Who came into a journey, newest first", "journeys").paged();
  listing.query("status", "In this state", "string", states).query("node_id", "At this node").query("contact_id", "Of this contact");
  listing.query("held", "Only those that wait for somebody to look at them; or only the others", "boolean").query("version", "By this version", "integer");
  add(get("/journeys/{id}/executions", right::read, on(this, &JourneyExecutionsApi::list), listing.answers_list<ExecutionOut>()));
  add(get("/journeys/{id}/executions/{execution}", right::read, on(this, &JourneyExecutionsApi::explain),
          doc("show_journey_execution", "One contact's way, visit by visit, and why it went so", "journeys").answers<ExplainedOut>()));
  add(get("/contacts/{id}/journeys", right::read, on(this, &JourneyExecutionsApi::of_contact),
          doc("list_contact_journeys", "The journeys a contact came into, newest first", "journeys").paged().answers_list<ExecutionOut>()));
  auto counting = doc("show_journey_stats", "How many came in, where they are, and which ways they left", "journeys");
  counting.query("version", "Of this version only", "integer");
  add(get("/journeys/{id}/stats", right::read, on(this, &JourneyExecutionsApi::stats), counting.answers<StatsOut>()));
  add(post("/journeys/{id}/call", right::send, on(this, &JourneyExecutionsApi::call),
           doc("call_journey", "Let one contact in by the trigger 'call', with variables; the same key lets them in once", "journeys").takes<CallIn>().answers<ExecutionOut>(201)));
  add(post("/journeys/{id}/executions/{execution}/exit", right::send, on(this, &JourneyExecutionsApi::leave),
           doc("exit_journey_execution", "Take a contact out at the next look, which is at once", "journeys").takes<LeaveIn>().answers<ExecutionOut>(202)));
  add(post("/journeys/{id}/executions/{execution}/move", right::send, on(this, &JourneyExecutionsApi::move),
           doc("move_journey_execution", "Go on from another node of the same version", "journeys").takes<MoveIn>().answers<ExecutionOut>(202)));
  add(post("/journeys/{id}/executions/{execution}/retry", right::send, on(this, &JourneyExecutionsApi::retry),
           doc("retry_journey_execution", "Try now what is held, or failed and waits for its next try", "journeys").answers<ExecutionOut>(202), http::BodyKind::none));
  add(post("/journeys/{id}/release", right::send, on(this, &JourneyExecutionsApi::release),
           doc("release_journey", "Everybody who is held goes on now", "journeys").answers<ReleasedOut>(), http::BodyKind::none));
  return all;
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const filter = filter_of(request);
  if (!filter) co_return filter.error();
  auto const found = co_await executions_.list(caller(request).context.tenant, *id, *filter, last_execution(*page), page->limit + 1);
  if (!found) co_return found.error();
  co_return list_answer(request, *page, *found, [](journeys::ExecutionRecord const& e) { return shown(e); }, execution_key);
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::of_contact(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const found = co_await executions_.of_contact(caller(request).context.tenant, *id, last_execution(*page), page->limit + 1);
  if (!found) co_return found.error();
  co_return list_answer(request, *page, *found, [](journeys::ExecutionRecord const& e) { return shown(e); }, execution_key);
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::explain(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const execution = path_id<ExecutionId>(request, "execution", "execution");
  if (!execution) co_return execution.error();
  auto const found = co_await executions_.explain(caller(request).context.tenant, *id, *execution);
  if (!found) co_return found.error();
  ExplainedOut out;
  fill(out, found->execution);
  out.variables = found->execution.variables;
  out.event = found->execution.event;
  for (auto const& s : found->steps)
    out.steps.push_back(StepOut{s.visit, s.node, s.kind, s.exit, std::string(json::name_of(s.outcome)), s.arrived_at, s.left_at, s.trace});
  out.more_steps = found->more_steps;
  for (auto const& m : found->messages) out.messages.push_back(StepMessageOut{m.id, m.visit, m.channel, m.status, m.skip_reason, m.sent_at});
  out.waits_for = found->waits_for;
  co_return ok(json::encode(out));
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::stats(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const version = query_number(request, "version");
  if (!version) co_return version.error();
  auto const found = co_await executions_.stats(caller(request).context.tenant, *id, *version);
  if (!found) co_return found.error();
  StatsOut out;
  out.version = found->version;
  out.entered = found->entered;
  out.in_flight = found->in_flight;
  out.held = found->held;
  out.completed = found->completed;
  out.exited = found->exited;
  out.reached_goal = found->reached_goal;
  out.goal_rate = found->goal_rate();
  out.completed_by_reason = found->completed_by;
  out.exited_by_reason = found->exited_by;
  for (auto const& n : found->nodes) out.nodes.push_back(shown(n));
  co_return ok(json::encode(out));
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::call(http::Request& request) {
  auto const in = json::read<CallIn>(request.body);
  if (!in) co_return in.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const known = co_await executions_.check_journey(tenant, *id);
  if (!known) co_return known.error();
  if (boost::json::serialize(*in->variables).size() > largest_variables)
    co_return invalid_field("/variables", "too_long", "must have at most " + std::to_string(largest_variables) + " bytes");
  auto const contact = co_await executions_.named(tenant, in->contact_id, in->email, in->external_id);
  if (!contact) co_return contact.error();
  auto const entered = co_await engine_.call(context_of(request), *id, *contact, *in->variables, in->key);
  if (!entered) co_return entered.error();
  auto const e = co_await executions_.find(tenant, *id, *entered);
  if (!e) co_return e.error();
  co_return created("/journeys/" + id->str() + "/executions/" + entered->str(), shown(*e));
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::leave(http::Request& request) {
  LeaveIn in;
  if (!request.body.empty()) {
    auto read = json::read<LeaveIn>(request.body);
    if (!read) co_return read.error();
    in = std::move(*read);
  }
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const execution = path_id<ExecutionId>(request, "execution", "execution");
  if (!execution) co_return execution.error();
  auto const e = co_await executions_.leave(context_of(request), *id, *execution, *in.reason);
  if (!e) co_return e.error();
  co_return ok(shown(*e), 202);
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::move(http::Request& request) {
  auto const in = json::read<MoveIn>(request.body);
  if (!in) co_return in.error();
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const execution = path_id<ExecutionId>(request, "execution", "execution");
  if (!execution) co_return execution.error();
  auto const e = co_await executions_.move(context_of(request), *id, *execution, in->node_id);
  if (!e) co_return e.error();
  co_return ok(shown(*e), 202);
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::retry(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const execution = path_id<ExecutionId>(request, "execution", "execution");
  if (!execution) co_return execution.error();
  auto const e = co_await executions_.retry(context_of(request), *id, *execution);
  if (!e) co_return e.error();
  co_return ok(shown(*e), 202);
}

JourneyExecutionsApi::Answer JourneyExecutionsApi::release(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const released = co_await executions_.release(context_of(request), *id);
  if (!released) co_return released.error();
  ReleasedOut out;
  out.released = *released;
  co_return ok(json::encode(out));
}

}  // namespace postrider::api
