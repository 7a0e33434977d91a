#include "postrider/segments/segments.h"

#include "postrider/audit/audit.h"
#include "postrider/events/event_log.h"
#include "postrider/jobs/queue.h"
#include "sql/segments.h"

#include <boost/json/object.hpp>

namespace postrider::segments {

namespace {

constexpr auto stale_after = std::chrono::minutes(5);
constexpr std::size_t events_at_once = 2000;

Segment read_segment(db::Row row) {
  Segment s;
  s.id = row.id<SegmentId>(0);
  s.name = row.text(1);
  s.description = row.text(2);
  s.is_dynamic = row.boolean(3);
  if (!row.is_null(4)) s.conditions = row.json(4);
  s.member_count = row.integer(5);
  s.last_calculated_at = row.maybe_instant(6);
  s.calculation_error = row.maybe_text(7);
  s.created_at = row.instant(8);
  s.updated_at = row.instant(9);
  return s;
}

boost::json::object described(Segment const& s) {
  boost::json::object out;
  out["name"] = s.name;
  out["description"] = s.description;
  out["is_dynamic"] = s.is_dynamic;
  out["conditions"] = s.conditions;
  return out;
}

jobs::NewJob calculation(SegmentId id) {
  jobs::NewJob job;
  job.queue = "segments";
  job.kind = "segment:recalculate";
  job.key = "segment:recalculate:" + id.str();
  job.payload["segment_id"] = id.str();
  return job;
}

// A statement made at run time: its texts are kept here while it runs.
struct Made {
  std::string text;
  db::Parameters parameters;
  db::Statement statement(std::string_view name) const { return db::Statement{"segments", name, db::Tag::router, text, text, true}; }
};

Made made_of(std::string const& before, CompiledCondition condition, std::string const& after, db::Parameters first) {
  Made made;
  made.text = before + condition.text + after;
  made.parameters = std::move(first);
  for (auto& parameter : condition.parameters) made.parameters.push_back(std::move(parameter));
  return made;
}

}  // namespace

Task<Result<Segment>> Segments::create(Context context, std::string segment_name, std::string description, bool is_dynamic, boost::json::value conditions) {
  if (is_dynamic) {
    if (conditions.is_null()) co_return invalid_field("/conditions", "required", "a dynamic segment needs conditions");
    if (auto const good = parse_condition(conditions, "/conditions"); !good) co_return good.error();
  } else {
    conditions = nullptr;
  }
  auto const now = clock_.now();
  Segment s;
  s.id = ids_.make<SegmentId>();
  s.name = segment_name;
  s.description = description;
  s.is_dynamic = is_dynamic;
  s.conditions = conditions;
  s.created_at = s.updated_at = now;
  std::optional<Uuid> author;
  if (!context.actor.id.is_nil()) author = context.actor.id;
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::segments::insert, context.tenant, s.id, s.name, s.description, is_dynamic, conditions, author, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"segment", s.id.uuid(), "created", audit::difference(boost::json::object(), described(s))});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    if (is_dynamic) {
      std::vector<jobs::NewJob> new_jobs;
      new_jobs.push_back(calculation(s.id));
      co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, now);
    }
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return conflict("another segment has this name");
  co_return s;
}

Task<Result<Segment>> Segments::change(Context context, SegmentId id, std::optional<std::string> segment_name, std::optional<std::string> description,
                                       std::optional<boost::json::value> conditions, std::optional<Instant> expected) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (expected && *expected != before->updated_at) co_return Error(Code::precondition, "the segment was changed meanwhile: read it again, then repeat your change");
  auto s = *before;
  if (segment_name) s.name = *segment_name;
  if (description) s.description = *description;
  bool recalculate = false;
  if (conditions) {
    if (!s.is_dynamic) co_return invalid_field("/conditions", "read_only", "a static segment has no conditions");
    if (auto const good = parse_condition(*conditions, "/conditions"); !good) co_return good.error();
    s.conditions = *conditions;
    recalculate = true;
  }
  auto const now = clock_.now();
  s.updated_at = now;
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::segments::update, context.tenant, id, s.name, s.description, s.conditions, now);
    std::vector<audit::Entry> entries;
    entries.push_back(audit::Entry{"segment", id.uuid(), "updated", audit::difference(described(*before), described(s))});
    co_await audit::record(tx, context, std::move(entries), ids_, now);
    if (recalculate) {
      std::vector<jobs::NewJob> new_jobs;
      new_jobs.push_back(calculation(id));
      co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, now);
    }
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return conflict("another segment has this name");
  co_return s;
}

Task<Result<Segment>> Segments::find(TenantId tenant, SegmentId id) {
  auto const row = co_await store_.maybe(sql::segments::find, tenant, id);
  if (!row) co_return not_found("segment", id.str());
  co_return read_segment(*row);
}

Task<std::vector<Segment>> Segments::list(TenantId tenant, std::optional<SegmentId> before, int limit) {
  auto const last = before.value_or(*SegmentId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::segments::list, tenant, last, limit);
  std::vector<Segment> all;
  for (auto const row : rows) all.push_back(read_segment(row));
  co_return all;
}

Task<Result<void>> Segments::remove(Context context, SegmentId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::segments::remove, context.tenant, id, now);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"segment", id.uuid(), "deleted", audit::difference(described(*before), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<Preview>> Segments::preview(TenantId tenant, boost::json::value conditions) {
  auto const condition = parse_condition(conditions, "/conditions");
  if (!condition) co_return condition.error();
  auto const now = clock_.now();
  db::Parameters first;
  first.emplace_back(tenant);
  auto const counting = made_of("select count(*) from contacts c where c.tenant_id = $1 and ", compile(*condition, store_.dialect(), now, 2), "", first);
  auto const sampling = made_of("select c.id, c.email, c.first_name, c.last_name from contacts c where c.tenant_id = $1 and ",
                                compile(*condition, store_.dialect(), now, 2), " order by c.id desc limit 10", first);
  Preview preview;
  auto const counted = co_await store_.run_on(db::Lane::background, counting.statement("preview_count"), counting.parameters);
  preview.count = counted[0].integer(0);
  auto const sample = co_await store_.run_on(db::Lane::background, sampling.statement("preview_sample"), sampling.parameters);
  for (auto const row : sample) preview.sample.push_back(Person{row.id<ContactId>(0), row.maybe_text(1), row.maybe_text(2), row.maybe_text(3), std::nullopt});
  co_return preview;
}

Task<std::vector<Person>> Segments::members(TenantId tenant, SegmentId id, std::optional<ContactId> before, int limit) {
  auto const last = before.value_or(*ContactId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::segments::members, tenant, id, last, limit);
  std::vector<Person> all;
  for (auto const row : rows) all.push_back(Person{row.id<ContactId>(0), row.maybe_text(1), row.maybe_text(2), row.maybe_text(3), row.instant(4)});
  co_return all;
}

Task<void> Segments::announce_changes(TenantId tenant, SegmentId id, db::Rows const& joined, db::Rows const& left, Instant now, db::Transaction& tx) {
  std::vector<events::Event> happened;
  for (auto const* const rows : {&joined, &left}) {
    for (auto const row : *rows) {
      events::Event event;
      event.id = ids_.make<EventId>();
      event.type = std::string(events::kind::segment_membership_changed);
      event.contact_id = row.id<ContactId>(0);
      event.occurred_at = now;
      event.payload["segment_id"] = id.str();
      event.payload["change"] = rows == &joined ? "joined" : "left";
      happened.push_back(std::move(event));
      if (happened.size() >= events_at_once) {
        co_await events::append(tx, tenant, std::move(happened), now);
        happened.clear();
      }
    }
  }
  co_await events::append(tx, tenant, std::move(happened), now);
}

Task<Result<void>> Segments::put_member(Context context, SegmentId id, ContactId contact, bool member) {
  auto const s = co_await find(context.tenant, id);
  if (!s) co_return s.error();
  if (s->is_dynamic) co_return conflict("the members of a dynamic segment follow from its conditions");
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  db::Rows const none;
  if (member) {
    auto const added = co_await tx.all(sql::segments::add_member, context.tenant, id, contact, now);
    co_await announce_changes(context.tenant, id, added, none, now, tx);
  } else {
    auto const gone = co_await tx.all(sql::segments::remove_member, context.tenant, id, contact);
    co_await announce_changes(context.tenant, id, none, gone, now, tx);
  }
  auto const counted = co_await tx.one(sql::segments::count_members, context.tenant, id);
  co_await tx.exec(sql::segments::calculated, context.tenant, id, counted.integer(0), now, 0);
  boost::json::object changes;
  changes["contact_id"] = contact.str();
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"segment", id.uuid(), member ? "member_added" : "member_removed", std::move(changes)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<Segment>> Segments::request_calculation(Context context, SegmentId id) {
  auto const s = co_await find(context.tenant, id);
  if (!s) co_return s.error();
  if (!s->is_dynamic) co_return conflict("a static segment is not calculated");
  auto tx = co_await store_.begin();
  std::vector<jobs::NewJob> new_jobs;
  new_jobs.push_back(calculation(id));
  co_await jobs::enqueue(tx, context.tenant, std::move(new_jobs), ids_, clock_.now());
  co_await tx.commit();
  co_return *s;
}

Task<Result<Segment>> Segments::recalculate(TenantId tenant, SegmentId id) {
  auto const s = co_await find(tenant, id);
  if (!s) co_return s.error();
  auto const condition = parse_condition(s->conditions, "/conditions");
  if (!condition) co_return condition.error();
  auto const started = clock_.steady();
  auto const now = clock_.now();
  db::Parameters first;
  first.emplace_back(tenant);
  first.emplace_back(id);
  first.emplace_back(now);
  auto const joining = made_of("insert into segment_memberships (tenant_id, segment_id, contact_id, added_at) select c.tenant_id, $2, c.id, $3 from contacts c "
                               "where c.tenant_id = $1 and not exists (select 1 from segment_memberships o where o.tenant_id = $1 and o.segment_id = $2 and "
                               "o.contact_id = c.id) and ",
                               compile(*condition, store_.dialect(), now, 4), " on conflict do nothing returning contact_id", first);
  db::Parameters two;
  two.emplace_back(tenant);
  two.emplace_back(id);
  auto const leaving = made_of("delete from segment_memberships where tenant_id = $1 and segment_id = $2 and not exists (select 1 from contacts c where "
                               "c.tenant_id = $1 and c.id = segment_memberships.contact_id and ",
                               compile(*condition, store_.dialect(), now, 3), ") returning contact_id", two);
  auto tx = co_await store_.begin(db::Lane::background);
  auto const left = co_await tx.run(leaving.statement("leave"), leaving.parameters);
  auto const joined = co_await tx.run(joining.statement("join"), joining.parameters);
  co_await announce_changes(tenant, id, joined, left, now, tx);
  auto const counted = co_await tx.one(sql::segments::count_members, tenant, id);
  auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - started).count();
  co_await tx.exec(sql::segments::calculated, tenant, id, counted.integer(0), now, took);
  co_await tx.commit();
  co_return co_await find(tenant, id);
}

std::map<std::string, jobs::Handler> Segments::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["segment:recalculate"] = [this](jobs::Job const& job) { return run(job); };
  return handlers;
}

Task<jobs::Answer> Segments::run(jobs::Job const& job) {
  auto const id = SegmentId::parse(std::string_view(job.payload.at("segment_id").as_string()));
  auto const done = co_await recalculate(job.tenant, *id);
  if (!done) {
    co_await store_.all_on(db::Lane::background, sql::segments::calculation_failed, job.tenant, *id, done.error().message, clock_.now());
  }
  co_return jobs::Answer(jobs::Done());
}

Task<void> Segments::tick() {
  auto const now = clock_.now();
  auto const rows = co_await store_.all_on(db::Lane::background, sql::segments::stale, now - stale_after);
  for (auto const row : rows) {
    auto tx = co_await store_.begin(db::Lane::background);
    std::vector<jobs::NewJob> new_jobs;
    new_jobs.push_back(calculation(row.id<SegmentId>(1)));
    co_await jobs::enqueue(tx, row.id<TenantId>(0), std::move(new_jobs), ids_, now);
    co_await tx.commit();
  }
}

}  // namespace postrider::segments
