#include "postrider/segments/segments.h"

#include "postrider/audit/audit.h"
#include "postrider/base/reading.h"
#include "postrider/jobs/queue.h"
#include "segments/graph.h"
#include "segments/stored.h"
#include "sql/segments.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <map>

namespace postrider::segments {

namespace {

constexpr int members_copied_at_once = 20'000;

Error name_taken() {
  auto error = conflict("another segment has this name");
  error.fields.push_back(FieldError{"/name", "duplicate", error.message});
  return error;
}

std::optional<Uuid> author_of(Context const& context) { return context.actor.id.is_nil() ? std::nullopt : std::optional(context.actor.id); }

db::TextArray asked_for(Condition const& condition) {
  db::TextArray list;
  for (auto const& [segment, pointer] : references_of(condition)) list.items.push_back(segment.str());
  return list;
}

std::string pattern(std::string const& search) {
  std::string text = "%";
  for (char const c : fold(search)) {
    if (c == '%' || c == '_' || c == '!') text += '!';
    text += c;
  }
  return text + "%";
}

}  // namespace

// Runs after lock_graph: what it sees stays true until the commit.
Task<std::optional<Error>> Segments::bad_references(db::Session& session, TenantId tenant, std::optional<SegmentId> self, Condition const& condition) {
  auto const wanted = references_of(condition);
  if (wanted.empty()) co_return std::nullopt;
  std::map<SegmentId, std::string> names;
  auto const rows = co_await session.all(sql::segments::names, tenant);
  for (auto const row : rows) names[row.id<SegmentId>(0)] = row.text(1);
  Graph graph;
  auto const edges = co_await session.all(sql::segments::graph, tenant);
  for (auto const row : edges) graph[row.id<SegmentId>(0)].push_back(row.id<SegmentId>(1));
  std::vector<FieldError> mistakes;
  for (auto const& [segment, pointer] : wanted) {
    if (!names.contains(segment)) {
      mistakes.push_back(FieldError{"/conditions" + pointer, "invalid_value", "there is no segment with this id"});
      continue;
    }
    if (!self) continue;
    auto const circle = path(graph, segment, *self);
    if (circle.empty()) continue;
    std::string way = names[*self];
    for (auto const& step : circle) way += " → " + names[step];
    mistakes.push_back(FieldError{"/conditions" + pointer, "circular", "a segment cannot ask for itself: " + way});
  }
  if (mistakes.empty()) co_return std::nullopt;
  co_return invalid("the conditions cannot be used: " + mistakes.front().message, mistakes);
}

Task<Result<Segment>> Segments::create(Context context, std::string segment_name, std::string description, bool is_dynamic, boost::json::value conditions) {
  std::optional<Condition> condition;
  if (is_dynamic) {
    if (conditions.is_null()) co_return invalid_field("/conditions", "required", "a dynamic segment needs conditions");
    auto parsed = parse_condition(conditions, "/conditions");
    if (!parsed) co_return parsed.error();
    condition = std::move(*parsed);
  } else if (!conditions.is_null()) {
    co_return invalid_field("/conditions", "read_only", "a static segment has no conditions: leave them out, or make it dynamic");
  }
  auto const now = clock_.now();
  Segment s;
  s.id = ids_.make<SegmentId>();
  s.name = segment_name;
  s.description = description;
  s.is_dynamic = is_dynamic;
  s.conditions = conditions;
  s.created_at = s.updated_at = now;
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::segments::insert, context.tenant, s.id, s.name, s.description, is_dynamic, conditions, author_of(context), now, now + recalculated_every);
    if (condition && !references_of(*condition).empty()) {
      co_await tx.exec(sql::segments::lock_graph, context.tenant);
      if (auto const bad = co_await bad_references(tx, context.tenant, s.id, *condition)) co_return *bad;
      co_await tx.exec(sql::segments::add_references, context.tenant, s.id, asked_for(*condition));
    }
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"segment", s.id.uuid(), "created", audit::difference(boost::json::object(), described(s))});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    if (is_dynamic) {
      std::vector<SegmentId> const self{s.id};
      co_await queue_calculations(tx, context.tenant, self, false, ids_, now);
    }
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return name_taken();
  co_return s;
}

Task<Result<Segment>> Segments::change(Context context, SegmentId id, std::optional<std::string> segment_name, std::optional<std::string> description,
                                       std::optional<boost::json::value> conditions, std::optional<Instant> expected) {
  std::optional<Condition> condition;
  if (conditions) {
    auto parsed = parse_condition(*conditions, "/conditions");
    if (!parsed) co_return parsed.error();
    condition = std::move(*parsed);
  }
  auto const now = clock_.now();
  Segment s;
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    if (condition) co_await tx.exec(sql::segments::lock_graph, context.tenant);
    auto const row = co_await tx.maybe(sql::segments::find, context.tenant, id);
    if (!row) co_return not_found("segment", id.str());
    auto const before = read_segment(*row);
    if (expected && *expected != before.updated_at) co_return Error(Code::precondition, "the segment was changed meanwhile: read it again, then repeat your change");
    s = before;
    if (segment_name) s.name = *segment_name;
    if (description) s.description = *description;
    if (conditions && !s.is_dynamic) co_return invalid_field("/conditions", "read_only", "a static segment has no conditions");
    if (conditions) s.conditions = *conditions;
    auto changes = audit::difference(described(before), described(s));
    if (changes.empty()) co_return before;
    s.updated_at = now;
    co_await tx.exec(sql::segments::update, context.tenant, id, s.name, s.description, now);
    if (condition && s.conditions != before.conditions) {
      if (auto const bad = co_await bad_references(tx, context.tenant, id, *condition)) co_return *bad;
      co_await tx.exec(sql::segments::update_conditions, context.tenant, id, s.conditions);
      co_await tx.exec(sql::segments::forget_references, context.tenant, id);
      co_await tx.exec(sql::segments::add_references, context.tenant, id, asked_for(*condition));
      std::vector<SegmentId> const self{id};
      co_await queue_calculations(tx, context.tenant, self, true, ids_, now);
    }
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"segment", id.uuid(), "updated", std::move(changes)});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return name_taken();
  co_return s;
}

Task<Result<Segment>> Segments::copy(Context context, SegmentId id, std::optional<std::string> segment_name) {
  auto const original = co_await find(context.tenant, id);
  if (!original) co_return original.error();
  auto made = co_await create(context, segment_name.value_or(original->name.substr(0, 240) + " (copy)"), original->description, original->is_dynamic, original->conditions);
  if (!made || original->is_dynamic) co_return made;
  // By hand, so nobody is told of these people's joining: they were put side by side, not chosen one by one.
  ContactId after;
  for (;;) {
    auto tx = co_await store_.begin(db::Lane::background);
    auto const row = co_await tx.one(sql::segments::chunk_of_members, context.tenant, id, after, members_copied_at_once);
    bool const done = row.is_null(0);
    if (!done) {
      auto const through = row.id<ContactId>(0);
      co_await tx.all(sql::segments::copy_members, context.tenant, id, made->id, clock_.now(), after, through);
      after = through;
    } else {
      auto const counted = co_await tx.one(sql::segments::count_members, context.tenant, made->id);
      co_await tx.exec(sql::segments::recounted, context.tenant, made->id, counted.integer(0), clock_.now(), clock_.now() + recalculated_every);
    }
    co_await tx.commit();
    if (done) break;
  }
  co_return co_await find(context.tenant, made->id);
}

Task<Result<Segment>> Segments::find(TenantId tenant, SegmentId id) {
  auto const row = co_await store_.maybe(sql::segments::find, tenant, id);
  if (!row) co_return not_found("segment", id.str());
  co_return read_segment(*row);
}

Task<std::vector<Segment>> Segments::list(TenantId tenant, std::optional<SegmentId> before, int limit, std::optional<std::string> search) {
  auto const last = before.value_or(*SegmentId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  if (search) search = pattern(*search);
  auto const rows = co_await store_.all(sql::segments::list, tenant, last, limit, search);
  std::vector<Segment> all;
  for (auto const row : rows) all.push_back(read_segment(row));
  co_return all;
}

Task<Result<void>> Segments::remove(Context context, SegmentId id) {
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::segments::lock_graph, context.tenant);
  auto const row = co_await tx.maybe(sql::segments::find, context.tenant, id);
  if (!row) co_return not_found("segment", id.str());
  std::string users;
  auto const campaigns = co_await tx.all(sql::segments::used_by_campaigns, context.tenant, id);
  for (auto const user : campaigns) users += (users.empty() ? "" : ", ") + ("campaign “" + user.text(1) + "”");
  auto const askers = co_await tx.all(sql::segments::asked_for_by, context.tenant, id);
  for (auto const user : askers) users += (users.empty() ? "" : ", ") + ("segment “" + user.text(1) + "”");
  if (!users.empty()) co_return conflict("the segment is in use by " + users + ": take it out there first");
  co_await tx.exec(sql::segments::remove, context.tenant, id, now);
  co_await tx.exec(sql::segments::forget_references, context.tenant, id);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"segment", id.uuid(), "deleted", audit::difference(described(read_segment(*row)), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  jobs::NewJob forgetting;
  forgetting.queue = "segments";
  forgetting.kind = "segment:forget";
  forgetting.key = "segment:forget:" + id.str();
  forgetting.payload["segment_id"] = id.str();
  forgetting.priority = 9;
  std::vector<jobs::NewJob> new_jobs;
  new_jobs.push_back(std::move(forgetting));
  co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

}  // namespace postrider::segments
