#include "api/journeys_api.h"

#include "postrider/json/names.h"

#include <boost/describe.hpp>

#include <charconv>

namespace postrider::api {

namespace {

struct JourneyIn {
  json::Given<std::string> name, description;
  json::Given<boost::json::object> definition;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255), json::length("description", 0, 2000)};
  static constexpr std::string_view json_name = "JourneyInput";
  static constexpr std::string_view json_read_only[] = {"id",         "status",     "version",      "draft_changed", "problems",
                                                        "created_at", "updated_at", "activated_at", "paused_at"};
};
BOOST_DESCRIBE_STRUCT(JourneyIn, (), (name, description, definition))

struct JourneyCopyIn {
  std::optional<std::string> name;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "JourneyCopyInput";
};
BOOST_DESCRIBE_STRUCT(JourneyCopyIn, (), (name))

struct PublishIn {
  json::Defaulted<std::string> note = std::string();
  static constexpr json::Rule json_rules[] = {json::length("note", 0, 500)};
  static constexpr std::string_view json_name = "JourneyPublishInput";
};
BOOST_DESCRIBE_STRUCT(PublishIn, (), (note))

struct ProblemOut {
  std::string pointer, code, message;
  static constexpr std::string_view json_name = "JourneyProblem";
};
BOOST_DESCRIBE_STRUCT(ProblemOut, (), (pointer, code, message))

struct JourneyItemOut {
  JourneyId id;
  std::string name, description, status;
  int version = 0;
  bool draft_changed = true;
  Instant created_at, updated_at;
  std::optional<Instant> activated_at, paused_at;
  static constexpr std::string_view json_name = "JourneyItem";
};
BOOST_DESCRIBE_STRUCT(JourneyItemOut, (), (id, name, description, status, version, draft_changed, created_at, updated_at, activated_at, paused_at))

struct JourneyOut : JourneyItemOut {
  boost::json::object definition;
  std::vector<ProblemOut> problems;
  static constexpr std::string_view json_name = "Journey";
};
BOOST_DESCRIBE_STRUCT(JourneyOut, (JourneyItemOut), (definition, problems))

struct ValidationOut {
  bool valid = false;
  std::vector<ProblemOut> problems;
  static constexpr std::string_view json_name = "JourneyValidation";
};
BOOST_DESCRIBE_STRUCT(ValidationOut, (), (valid, problems))

struct VersionOut {
  int version = 1;
  std::string note;
  std::optional<Uuid> created_by;
  Instant created_at;
  boost::json::object definition;
  static constexpr std::string_view json_name = "JourneyVersion";
};
BOOST_DESCRIBE_STRUCT(VersionOut, (), (version, note, created_by, created_at, definition))

struct DifferenceOut {
  std::string pointer;
  boost::json::value before, after;
  static constexpr std::string_view json_name = "JourneyDifference";
};
BOOST_DESCRIBE_STRUCT(DifferenceOut, (), (pointer, before, after))

struct NodeDifferenceOut {
  std::string node, change, kind;
  std::vector<DifferenceOut> fields;
  static constexpr std::string_view json_name = "JourneyNodeDifference";
};
BOOST_DESCRIBE_STRUCT(NodeDifferenceOut, (), (node, change, kind, fields))

struct DiffOut {
  std::string from, to;
  bool same = true;
  std::vector<NodeDifferenceOut> nodes;
  std::vector<DifferenceOut> entry, rules;
  static constexpr std::string_view json_name = "JourneyDiff";
};
BOOST_DESCRIBE_STRUCT(DiffOut, (), (from, to, same, nodes, entry, rules))

// What lives in git: what POST /journeys and PUT /journeys/by-name take.
struct FileOut {
  std::string name, description;
  boost::json::object definition;
  static constexpr std::string_view json_name = "JourneyFile";
};
BOOST_DESCRIBE_STRUCT(FileOut, (), (name, description, definition))

void fill(JourneyItemOut& out, journeys::Journey const& j) {
  out.id = j.id;
  out.name = j.name;
  out.description = j.description;
  out.status = json::name_of(j.status);
  out.version = j.version;
  out.draft_changed = j.draft_changed;
  out.created_at = j.created_at;
  out.updated_at = j.updated_at;
  out.activated_at = j.activated_at;
  out.paused_at = j.paused_at;
}

std::vector<ProblemOut> shown(journeys::Problems const& problems) {
  std::vector<ProblemOut> all;
  for (auto const& p : problems) all.push_back(ProblemOut{p.pointer, p.code, p.message});
  return all;
}

VersionOut shown(journeys::Version const& v) { return VersionOut{v.version, v.note, v.created_by, v.created_at, v.definition}; }

std::vector<DifferenceOut> shown(std::vector<journeys::Difference> const& differences) {
  std::vector<DifferenceOut> all;
  for (auto const& d : differences) all.push_back(DifferenceOut{d.pointer, d.before, d.after});
  return all;
}

journeys::Change change_of(JourneyIn const& in) {
  journeys::Change c;
  if (in.name) c.name = *in.name;
  if (in.description) c.description = *in.description;
  if (in.definition) c.definition = *in.definition;
  return c;
}

std::optional<int> version_number(std::string_view text) {
  int number = 0;
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

std::vector<http::Route> JourneysApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  std::vector<std::string> const states{"draft", "active", "paused", "archived"};
  auto listing = doc("list_journeys", "Journeys, newest first", "journeys").paged();
  listing.query("status", "In this state; without it, all but archived ones", "string", states).query("search", "Part of the name");
  add(get("/journeys", right::read, on(this, &JourneysApi::list), listing.answers_list<JourneyItemOut>()));
  add(post("/journeys", right::write, on(this, &JourneysApi::create),
           doc("create_journey", "Add a draft, which may still be wrong: problems tell", "journeys").takes<JourneyIn>().answers<JourneyOut>(201)));
  add(put("/journeys/by-name", right::write, on(this, &JourneysApi::apply),
          doc("apply_journey", "Add a journey, or change the draft of the one with this name", "journeys").takes<JourneyIn>().answers<JourneyOut>().answers<JourneyOut>(201)));
  add(get("/journeys/{id}", right::read, on(this, &JourneysApi::show), doc("show_journey", "One journey with its draft", "journeys").answers<JourneyOut>()));
  add(patch("/journeys/{id}", right::write, on(this, &JourneysApi::change), doc("change_journey", "Change the draft", "journeys").takes<JourneyIn>().answers<JourneyOut>()));
  add(del("/journeys/{id}", right::write, on(this, &JourneysApi::remove), doc("delete_journey", "Delete a draft that was never published", "journeys").answer(204)));
  add(post("/journeys/{id}/copy", right::write, on(this, &JourneysApi::copy),
           doc("copy_journey", "A new draft that says the same", "journeys").takes<JourneyCopyIn>().answers<JourneyOut>(201)));
  add(post("/journeys/{id}/validate", right::read, on(this, &JourneysApi::validate),
           doc("validate_journey", "What keeps the draft from being published", "journeys").answers<ValidationOut>(), http::BodyKind::none));
  add(post("/journeys/{id}/publish", right::send, on(this, &JourneysApi::publish),
           doc("publish_journey", "Make a version of the draft: who comes in from now on gets it", "journeys").takes<PublishIn>().answers<JourneyOut>()));
  struct Steering {
    char const* verb;
    char const* summary;
  };
  for (auto const& [verb, summary] : {Steering{"activate", "Let people in, by the newest version; a draft that was never published is published"},
                                      Steering{"pause", "Let nobody in, and leave everybody where they are"}, Steering{"resume", "Go on after a pause"},
                                      Steering{"archive", "Put it away; whoever is on the way stays where they are"}, Steering{"restore", "Take it back, paused or as a draft"}})
    add(post("/journeys/{id}/" + std::string(verb), right::send, on(this, &JourneysApi::steer),
             doc(std::string(verb) + "_journey", summary, "journeys").answers<JourneyOut>(), http::BodyKind::none));
  add(get("/journeys/{id}/versions", right::read, on(this, &JourneysApi::versions),
          doc("list_journey_versions", "Versions, newest first", "journeys").paged().answers_list<VersionOut>()));
  add(get("/journeys/{id}/versions/{number}", right::read, on(this, &JourneysApi::version), doc("show_journey_version", "One version", "journeys").answers<VersionOut>()));
  auto differing = doc("diff_journey", "What is otherwise between two versions", "journeys");
  differing.query("from", "Number of the older version, or draft").query("to", "Number of the newer one, or draft");
  add(get("/journeys/{id}/diff", right::read, on(this, &JourneysApi::diff), differing.answers<DiffOut>()));
  add(get("/journeys/{id}/export", right::read, on(this, &JourneysApi::export_file),
          doc("export_journey", "The draft as a file, a line for each member, always in the same order", "journeys").answers<FileOut>()));
  return all;
}

Task<Result<journeys::Journey>> JourneysApi::wanted(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const j = co_await journeys_.find(caller(request).context.tenant, *id);
  if (!j) co_return j.error();
  if (auto const fresh = check_if_match(request, j->updated_at); !fresh) co_return fresh.error();
  co_return *j;
}

Task<http::Response> JourneysApi::answer_with(http::Request& request, journeys::Journey journey, bool made) {
  JourneyOut out;
  fill(out, journey);
  out.problems = shown(co_await journeys_.problems(caller(request).context.tenant, journey.definition));
  out.definition = std::move(journey.definition);
  auto body = json::encode(out);
  co_return with_etag(made ? created("/journeys/" + journey.id.str(), body) : ok(body), journey.updated_at);
}

JourneysApi::Answer JourneysApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  journeys::Filter filter;
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  if (*status) {
    filter.status = json::named<journeys::JourneyStatus>(**status);
    if (!filter.status) co_return query_error("status", "not_allowed", "must be draft, active, paused or archived");
  }
  auto const search = query_text(request, "search");
  if (!search) co_return search.error();
  filter.search = *search;
  auto const found = co_await journeys_.list(caller(request).context.tenant, std::move(filter), last_id<JourneyId>(*page), page->limit + 1);
  auto encode = [](journeys::Journey const& j) {
    JourneyItemOut out;
    fill(out, j);
    return json::encode(out);
  };
  auto key = [](journeys::Journey const& j) { return std::vector<std::string>{j.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

JourneysApi::Answer JourneysApi::create(http::Request& request) {
  auto in = json::read<JourneyIn>(request.body);
  if (!in) co_return in.error();
  if (!in->name) co_return invalid_field("/name", "required", "a journey needs a name");
  auto j = co_await journeys_.create(context_of(request), change_of(*in));
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j), true);
}

JourneysApi::Answer JourneysApi::apply(http::Request& request) {
  auto in = json::read<JourneyIn>(request.body);
  if (!in) co_return in.error();
  auto applied = co_await journeys_.apply(context_of(request), change_of(*in));
  if (!applied) co_return applied.error();
  bool const made = applied->made;
  co_return co_await answer_with(request, std::move(applied->journey), made);
}

JourneysApi::Answer JourneysApi::show(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto j = co_await journeys_.find(caller(request).context.tenant, *id);
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j));
}

JourneysApi::Answer JourneysApi::change(http::Request& request) {
  auto in = json::read<JourneyIn>(request.body);
  if (!in) co_return in.error();
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  std::optional<Instant> expected;
  if (request.headers.find("If-Match") && request.headers.get("If-Match") != "*") expected = before->updated_at;
  auto j = co_await journeys_.change(context_of(request), before->id, change_of(*in), expected);
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j));
}

JourneysApi::Answer JourneysApi::remove(http::Request& request) {
  auto const j = co_await wanted(request);
  if (!j) co_return j.error();
  auto const gone = co_await journeys_.remove(context_of(request), j->id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

JourneysApi::Answer JourneysApi::copy(http::Request& request) {
  std::optional<std::string> name;
  if (!request.body.empty()) {
    auto in = json::read<JourneyCopyIn>(request.body);
    if (!in) co_return in.error();
    name = std::move(in->name);
  }
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto j = co_await journeys_.copy(context_of(request), *id, std::move(name));
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j), true);
}

JourneysApi::Answer JourneysApi::validate(http::Request& request) {
  auto const j = co_await wanted(request);
  if (!j) co_return j.error();
  ValidationOut out;
  out.problems = shown(co_await journeys_.problems(caller(request).context.tenant, j->definition));
  out.valid = out.problems.empty();
  co_return ok(json::encode(out));
}

JourneysApi::Answer JourneysApi::publish(http::Request& request) {
  PublishIn in;
  if (!request.body.empty()) {
    auto read = json::read<PublishIn>(request.body);
    if (!read) co_return read.error();
    in = std::move(*read);
  }
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto j = co_await journeys_.publish(context_of(request), before->id, *in.note);
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j));
}

JourneysApi::Answer JourneysApi::steer(http::Request& request) {
  auto const before = co_await wanted(request);
  if (!before) co_return before.error();
  auto const verb = request.path.substr(request.path.rfind('/') + 1);
  auto context = context_of(request);
  auto done = verb == "activate"  ? journeys_.activate(context, before->id)
              : verb == "pause"   ? journeys_.pause(context, before->id)
              : verb == "resume"  ? journeys_.resume(context, before->id)
              : verb == "archive" ? journeys_.archive(context, before->id)
                                  : journeys_.restore(context, before->id);
  auto j = co_await std::move(done);
  if (!j) co_return j.error();
  co_return co_await answer_with(request, std::move(*j));
}

JourneysApi::Answer JourneysApi::versions(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const j = co_await wanted(request);
  if (!j) co_return j.error();
  std::optional<int> before;
  if (page->after) before = std::stoi(page->after->front());
  auto const found = co_await journeys_.versions(caller(request).context.tenant, j->id, before, page->limit + 1);
  auto encode = [](journeys::Version const& v) { return json::encode(shown(v)); };
  auto key = [](journeys::Version const& v) { return std::vector<std::string>{std::to_string(v.version)}; };
  co_return list_answer(request, *page, found, encode, key);
}

JourneysApi::Answer JourneysApi::version(http::Request& request) {
  auto const id = path_id<JourneyId>(request, "journey");
  if (!id) co_return id.error();
  auto const number = version_number(request.parameter("number"));
  if (!number) co_return not_found("journey version", request.parameter("number"));
  auto const v = co_await journeys_.version(caller(request).context.tenant, *id, *number);
  if (!v) co_return v.error();
  co_return ok(json::encode(shown(*v)));
}

Task<Result<boost::json::object>> JourneysApi::definition_of(http::Request& request, journeys::Journey const& journey, std::string parameter) {
  auto const* const text = request.query.find(parameter);
  if (!text) co_return query_error(parameter, "required", "is needed: the number of a version, or draft");
  if (*text == "draft") co_return journey.definition;
  auto const number = version_number(*text);
  if (!number) co_return query_error(parameter, "wrong_type", "must be the number of a version, or draft");
  auto v = co_await journeys_.version(caller(request).context.tenant, journey.id, *number);
  if (!v) co_return v.error();
  co_return std::move(v->definition);
}

JourneysApi::Answer JourneysApi::diff(http::Request& request) {
  auto const j = co_await wanted(request);
  if (!j) co_return j.error();
  auto const before = co_await definition_of(request, *j, "from");
  if (!before) co_return before.error();
  auto const after = co_await definition_of(request, *j, "to");
  if (!after) co_return after.error();
  auto const found = journeys::differences(*before, *after);
  DiffOut out;
  out.from = *request.query.find("from");
  out.to = *request.query.find("to");
  for (auto const& n : found.nodes) out.nodes.push_back(NodeDifferenceOut{n.node, n.change, n.kind, shown(n.fields)});
  out.entry = shown(found.entry);
  out.rules = shown(found.rules);
  out.same = out.nodes.empty() && out.entry.empty() && out.rules.empty();
  co_return ok(json::encode(out));
}

JourneysApi::Answer JourneysApi::export_file(http::Request& request) {
  auto const j = co_await wanted(request);
  if (!j) co_return j.error();
  auto const file = json::encode(FileOut{j->name, j->description, journeys::in_order(j->definition)});
  co_return http::json_response(200, json::lines(file));
}

}  // namespace postrider::api
