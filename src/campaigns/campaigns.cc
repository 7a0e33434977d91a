#include "postrider/campaigns/campaigns.h"

#include "campaigns/record.h"
#include "postrider/audit/audit.h"
#include "postrider/json/names.h"
#include "sql/campaigns.h"

namespace postrider::campaigns {

namespace {

void apply(Campaign& c, Change const& change) {
  if (change.name) c.name = *change.name;
  if (change.segment_ids) c.segment_ids = *change.segment_ids;
  if (change.exclude_segment_ids) c.exclude_segment_ids = *change.exclude_segment_ids;
  if (change.template_id) c.template_id = *change.template_id;
  if (change.sender_id) c.sender_id = *change.sender_id;
  if (change.schedule) c.schedule = *change.schedule;
  if (change.throttle_per_minute) c.throttle_per_minute = *change.throttle_per_minute;
  if (change.priority) c.priority = *change.priority;
  if (change.tracking) c.tracking = *change.tracking;
  if (change.metadata) c.metadata = *change.metadata;
}

// What differs and may not, in the state it is in; saying again what is there is no change.
std::vector<FieldError> forbidden_changes(Campaign const& before, Campaign const& after) {
  std::vector<FieldError> all;
  auto ask = [&](bool differs, Part part, char const* pointer) {
    if (!differs || may_edit(before.status, part)) return;
    auto const state = std::string(json::name_of(before.status));
    bool const ended = before.status == Status::completed || before.status == Status::canceled;
    all.push_back(FieldError{pointer, "state",
                             "cannot be changed while the campaign is " + state + ": " +
                                 (ended ? "it has ended; only name and metadata can" : "people are getting it; only name, metadata and throttle_per_minute can")});
  };
  ask(before.segment_ids != after.segment_ids, Part::everything_else, "/segment_ids");
  ask(before.exclude_segment_ids != after.exclude_segment_ids, Part::everything_else, "/exclude_segment_ids");
  ask(before.template_id != after.template_id, Part::everything_else, "/template_id");
  ask(before.sender_id != after.sender_id, Part::everything_else, "/sender_id");
  ask(before.schedule != after.schedule, Part::everything_else, "/schedule");
  ask(before.priority != after.priority, Part::everything_else, "/priority");
  ask(before.tracking != after.tracking, Part::everything_else, "/tracking");
  ask(before.throttle_per_minute != after.throttle_per_minute, Part::throttle, "/throttle_per_minute");
  return all;
}

std::vector<audit::Entry> entry(CampaignId id, std::string_view action, boost::json::object changes) {
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"campaign", id.uuid(), action, std::move(changes)});
  return entries;
}

}  // namespace

// What must be true of every draft: ids that lead somewhere, values in range, a schedule that fits the type.
Task<Result<void>> Campaigns::check_references(TenantId tenant, Campaign const& c) {
  std::vector<FieldError> mistakes;
  auto wrong = [&mistakes](char const* pointer, char const* code, std::string message) { mistakes.push_back(FieldError{pointer, code, std::move(message)}); };
  if (c.name.empty() || c.name.size() > 255) wrong("/name", "required", "a campaign needs a name of 1 to 255 characters");
  if (c.throttle_per_minute && (*c.throttle_per_minute < 1 || *c.throttle_per_minute > 10'000'000))
    wrong("/throttle_per_minute", "out_of_range", "must be from 1 to 10000000, or null for as fast as it goes");
  if (c.priority < 1 || c.priority > 10) wrong("/priority", "out_of_range", "must be from 1 (urgent) to 10 (bulk)");
  auto const schedule = Schedule::parse(c.schedule);
  if (!schedule) {
    for (auto const& field : schedule.error().fields) mistakes.push_back(field);
  } else if (!schedule->empty() && schedule->recurring() != (c.type == "recurring")) {
    wrong("/schedule", "invalid_value", c.type == "recurring" ? "a recurring campaign needs an rrule or a cron line" : "a broadcast goes out once; make the campaign of type recurring for an rrule or a cron line");
  }
  if (c.template_id && !co_await store_.maybe(sql::campaigns::current_version, tenant, *c.template_id))
    wrong("/template_id", "invalid_value", "there is no template with this id");
  if (c.sender_id && !co_await store_.maybe(sql::campaigns::sender, tenant, *c.sender_id)) wrong("/sender_id", "invalid_value", "there is no sender with this id");
  if (mistakes.empty()) co_return Result<void>();
  auto first = mistakes.front().message;
  co_return invalid("the campaign cannot be saved: " + first, std::move(mistakes));
}

Task<Result<Campaign>> Campaigns::create(Context context, std::string type, Change wanted) {
  if (type == "journey" || type == "outreach")
    co_return invalid_field("/type", "not_available", "campaigns of type " + type + " cannot be made yet; broadcast and recurring can");
  if (type != "broadcast" && type != "recurring") co_return invalid_field("/type", "invalid_value", "must be broadcast or recurring");
  Campaign c;
  c.type = std::move(type);
  apply(c, wanted);
  auto const good = co_await check_references(context.tenant, c);
  if (!good) co_return good.error();
  auto const now = clock_.now();
  c.id = ids_.make<CampaignId>();
  c.created_at = c.updated_at = now;
  std::optional<Uuid> author;
  if (!context.actor.id.is_nil()) author = context.actor.id;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::campaigns::insert, context.tenant, c.id, c.name, c.type, array_of(c.segment_ids), array_of(c.exclude_segment_ids), c.template_id, c.sender_id,
                   c.schedule, c.throttle_per_minute, c.priority, c.tracking, c.metadata, author, now);
  co_await audit::record(tx, context, entry(c.id, "created", audit::difference(boost::json::object(), described(c))), ids_, now);
  co_await tx.commit();
  co_return c;
}

Task<Result<Campaign>> Campaigns::find(TenantId tenant, CampaignId id) {
  auto const row = co_await store_.maybe(sql::campaigns::find, tenant, id);
  if (!row) co_return not_found("campaign", id.str());
  co_return read_campaign(*row);
}

Task<std::vector<Campaign>> Campaigns::list(TenantId tenant, Filter filter, std::optional<CampaignId> before, int limit) {
  auto const last = before.value_or(*CampaignId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  auto const rows = co_await store_.all(sql::campaigns::list, tenant, last, filter.status, filter.type, limit);
  std::vector<Campaign> all;
  for (auto const row : rows) all.push_back(read_campaign(row));
  co_return all;
}

Task<Result<Campaign>> Campaigns::change(Context context, CampaignId id, Change change, std::optional<Instant> expected) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  Error const outdated{Code::precondition, "the campaign was changed meanwhile: read it again, then repeat your change"};
  if (expected && *expected != before->updated_at) co_return outdated;
  auto after = *before;
  apply(after, change);
  auto forbidden = forbidden_changes(*before, after);
  if (!forbidden.empty()) {
    auto error = conflict(forbidden.front().pointer.substr(1) + " " + forbidden.front().message);
    error.fields = std::move(forbidden);
    co_return error;
  }
  auto const good = co_await check_references(context.tenant, after);
  if (!good) co_return good.error();
  auto const now = clock_.now();
  if (before->status == Status::scheduled) {
    auto const ready = co_await check_ready(context.tenant, after);
    if (!ready) co_return ready.error();
    if (after.schedule != before->schedule) {
      auto const next = Schedule::parse(after.schedule)->next(now);
      if (!next) co_return invalid_field("/schedule", "out_of_range", "its time has passed; choose a later one");
      after.next_run_at = next->start;
    }
  }
  after.updated_at = version_after(before->updated_at, now);
  auto tx = co_await store_.begin();
  auto const written = co_await tx.all(sql::campaigns::update, context.tenant, id, before->updated_at, after.name, array_of(after.segment_ids),
                                       array_of(after.exclude_segment_ids), after.template_id, after.sender_id, after.schedule, after.throttle_per_minute,
                                       after.priority, after.tracking, after.metadata, after.next_run_at, after.updated_at);
  if (written.empty()) {
    if (expected) co_return outdated;
    co_return conflict("somebody else changed the campaign at the same moment: read it again, then repeat your change");
  }
  if (after.throttle_per_minute != before->throttle_per_minute) {
    co_await tx.exec(sql::campaigns::throttle_lanes, context.tenant, id, after.throttle_per_minute);
    tx.announce("sending");
  }
  co_await audit::record(tx, context, entry(id, "updated", audit::difference(described(*before), described(after))), ids_, now);
  co_await tx.commit();
  co_return after;
}

Task<Result<void>> Campaigns::remove(Context context, CampaignId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const gone = co_await tx.all(sql::campaigns::remove, context.tenant, id, before->updated_at);
  if (gone.empty()) co_return conflict("the campaign is " + std::string(json::name_of(before->status)) + ": what was launched stays on record");
  co_await audit::record(tx, context, entry(id, "deleted", audit::difference(described(*before), boost::json::object())), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<bool> Campaigns::move(db::Transaction& tx, Context const& context, Campaign const& before, Campaign& after, std::string_view action, Instant now) {
  after.updated_at = version_after(before.updated_at, now);
  auto const written = co_await tx.all(sql::campaigns::move, context.tenant, before.id, before.updated_at, json::name_of(after.status), after.template_version_id,
                                       after.audience, after.run_number, after.next_run_at, after.hold_reason, after.held_for, after.undo_until, after.launched_at,
                                       after.completed_at, after.updated_at);
  if (written.empty()) co_return false;
  co_await audit::record(tx, context, entry(before.id, action, audit::difference(described(before), described(after))), ids_, now);
  co_return true;
}

}  // namespace postrider::campaigns
