#include "postrider/contacts/tagging.h"

#include "contacts/contact_record.h"
#include "postrider/audit/audit.h"
#include "postrider/contacts/field_rules.h"
#include "postrider/jobs/queue.h"
#include "sql/tagging.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace postrider::contacts {

namespace {

constexpr int chunk = 500;
constexpr std::size_t most_ids = 10'000;

boost::json::array texts(std::vector<std::string> const& all) { return boost::json::array(all.begin(), all.end()); }

std::vector<std::string> texts_of(boost::json::value const& value) {
  std::vector<std::string> all;
  for (auto const& text : value.as_array()) all.emplace_back(text.as_string());
  return all;
}

template <class T>
void put(boost::json::object& out, std::string_view name, std::optional<T> const& value) {
  if (!value) return;
  if constexpr (std::is_same_v<T, std::string>) out[name] = *value;
  else if constexpr (std::is_same_v<T, Instant>) out[name] = to_text(*value);
  else out[name] = value->str();
}

boost::json::object written(Filter const& f) {
  boost::json::object out;
  put(out, "search", f.search);
  put(out, "email", f.email);
  put(out, "external_id", f.external_id);
  put(out, "tag", f.tag);
  put(out, "segment_id", f.segment);
  put(out, "lead_id", f.lead);
  put(out, "created_from", f.created_from);
  put(out, "created_to", f.created_to);
  return out;
}

Filter filter_of(boost::json::object const& in) {
  Filter f;
  auto text = [&in](std::string_view name) -> std::optional<std::string> {
    auto const* const value = in.if_contains(name);
    if (!value) return std::nullopt;
    return std::string(value->as_string());
  };
  f.search = text("search");
  f.email = text("email");
  f.external_id = text("external_id");
  f.tag = text("tag");
  if (auto const id = text("segment_id")) f.segment = SegmentId::parse(*id);
  if (auto const id = text("lead_id")) f.lead = LeadId::parse(*id);
  if (auto const at = text("created_from")) f.created_from = parse_instant(*at);
  if (auto const at = text("created_to")) f.created_to = parse_instant(*at);
  return f;
}

void check_tags(std::vector<std::string> const& tags, std::string const& where, std::vector<FieldError>& mistakes) {
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (!is_tag(tags[i])) mistakes.push_back(FieldError{where + "/" + std::to_string(i), "invalid_value", "a tag has 1 to 64 bytes and no | or comma"});
}

Tagging read_tagging(db::Row row) {
  Tagging t;
  t.id = row.uuid(0);
  t.status = row.text(1);
  auto const settings = row.json(2);
  t.add = texts_of(settings.at("add"));
  t.remove = texts_of(settings.at("remove"));
  t.total = row.integer(4);
  t.changed = row.integer(5);
  t.unchanged = row.integer(6);
  t.skipped = row.integer(7);
  auto const reasons = row.json(8);
  for (auto const& member : reasons.as_object()) t.skip_reasons[std::string(member.key())] = member.value().to_number<std::int64_t>();
  t.created_at = row.instant(9);
  t.updated_at = row.instant(10);
  t.completed_at = row.maybe_instant(11);
  return t;
}

boost::json::object described_tagging(Tagging const& t) {
  boost::json::object out;
  out["add"] = texts(t.add);
  out["remove"] = texts(t.remove);
  out["total"] = t.total;
  out["status"] = t.status;
  return out;
}

}  // namespace

Task<Result<Tagging>> Taggings::start(Context context, TagChange wanted) {
  std::vector<FieldError> mistakes;
  check_tags(wanted.add, "/add", mistakes);
  check_tags(wanted.remove, "/remove", mistakes);
  if (wanted.add.empty() && wanted.remove.empty()) mistakes.push_back(FieldError{"/add", "required", "name at least one tag to add or to remove"});
  if (wanted.add.size() > most_tags) mistakes.push_back(FieldError{"/add", "too_long", "a contact has at most 100 tags"});
  if (wanted.ids && (wanted.ids->empty() || wanted.ids->size() > most_ids))
    mistakes.push_back(FieldError{"/contact_ids", "out_of_range", "give 1 to 10000 ids, or a filter"});
  if (!mistakes.empty()) co_return invalid("tags cannot be changed: " + mistakes.front().message, mistakes);
  boost::json::object settings;
  settings["add"] = texts(wanted.add);
  settings["remove"] = texts(wanted.remove);
  std::int64_t total = 0;
  if (wanted.ids) {
    std::set<ContactId> const once(wanted.ids->begin(), wanted.ids->end());
    boost::json::array ids;
    for (auto const& id : once) ids.emplace_back(id.str());
    total = static_cast<std::int64_t>(ids.size());
    settings["contact_ids"] = std::move(ids);
  } else {
    settings["filter"] = written(wanted.filter);
    auto const count = co_await contacts_.count(context.tenant, wanted.filter, 1'000'000'000);
    total = count.contacts;
  }
  auto const now = clock_.now();
  auto const id = ids_.next();
  boost::json::object actor;
  actor["kind"] = static_cast<int>(context.actor.kind);
  actor["id"] = context.actor.id.str();
  actor["request_id"] = context.request_id;
  auto tx = co_await store_.begin();
  co_await tx.exec(sql::tagging::insert, context.tenant, id, settings, total, actor, now);
  jobs::NewJob job;
  job.queue = "contacts";
  job.kind = "contacts:tag";
  job.key = "contacts:tag:" + id.str();
  job.payload["tagging_id"] = id.str();
  std::vector<jobs::NewJob> queued;
  queued.push_back(std::move(job));
  co_await jobs::enqueue(tx, context.tenant, std::move(queued), ids_, now);
  auto const row = co_await tx.one(sql::tagging::find, context.tenant, id);
  auto tagging = read_tagging(row);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"tagging", id, "created", audit::difference(boost::json::object(), described_tagging(tagging))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return tagging;
}

Task<Result<Tagging>> Taggings::find(TenantId tenant, Uuid id) {
  auto const row = co_await store_.maybe(sql::tagging::find, tenant, id);
  if (!row) co_return not_found("tagging", id.str());
  co_return read_tagging(*row);
}

Task<Result<Tagging>> Taggings::cancel(Context context, Uuid id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const stopped = co_await tx.exec(sql::tagging::cancel, context.tenant, id, now);
  if (stopped == 0) co_return conflict("it has ended already");
  auto const row = co_await tx.one(sql::tagging::find, context.tenant, id);
  auto after = read_tagging(row);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"tagging", id, "canceled", audit::difference(described_tagging(*before), described_tagging(after))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return after;
}

std::map<std::string, jobs::Handler> Taggings::job_handlers() {
  std::map<std::string, jobs::Handler> all;
  all["contacts:tag"] = [this](jobs::Job const& job) { return step(job); };
  return all;
}

// One chunk. How far it came is kept with what it did, so that doing it again after a crash does nothing twice.
Task<jobs::Answer> Taggings::step(jobs::Job const& job) {
  auto const id = *Uuid::parse(job.payload.at("tagging_id").as_string());
  auto const row = co_await store_.maybe(sql::tagging::find, job.tenant, id);
  if (!row || row->text(1) != "running") co_return jobs::Done();
  auto const settings = row->json(2).as_object();
  auto const actor = row->json(12).as_object();
  Context context;
  context.tenant = job.tenant;
  context.actor.kind = static_cast<ActorKind>(actor.at("kind").to_number<int>());
  context.actor.id = *Uuid::parse(actor.at("id").as_string());
  context.request_id = std::string(actor.at("request_id").as_string());
  auto const after = row->maybe_id<ContactId>(3);

  std::vector<ContactId> wanted;
  if (auto const* const ids = settings.if_contains("contact_ids")) {
    for (auto const& text : ids->as_array()) {
      auto const one = *ContactId::parse(text.as_string());
      if (after && one <= *after) continue;
      wanted.push_back(one);
      if (wanted.size() == static_cast<std::size_t>(chunk)) break;
    }
  } else {
    std::optional<std::vector<std::string>> place;
    if (after) place = std::vector<std::string>(1, after->str());
    auto const filter = filter_of(settings.at("filter").as_object());
    auto const page = co_await contacts_.list(job.tenant, filter, Order::oldest, place, chunk, db::Lane::background);
    for (auto const& contact : page) wanted.push_back(contact.id);
  }
  bool const last = wanted.size() < static_cast<std::size_t>(chunk);
  auto const add = texts_of(settings.at("add"));
  auto const remove = texts_of(settings.at("remove"));
  auto const now = clock_.now();
  auto tx = co_await store_.begin(db::Lane::background);
  auto const known = co_await tx.all(sql::tagging::lock_contacts, job.tenant, db::text_array(wanted));
  std::int64_t changed = 0, unchanged = 0, too_many = 0;
  db::Columns rows(3);
  std::vector<audit::Entry> entries;
  for (auto const contact : known) {
    auto const before = contact.json(1);
    std::set<std::string> tags;
    for (auto const& tag : before.as_array()) tags.emplace(tag.as_string());
    for (auto const& tag : remove) tags.erase(tag);
    tags.insert(add.begin(), add.end());
    boost::json::array const now_there(tags.begin(), tags.end());
    if (now_there == before.as_array()) {
      ++unchanged;
      continue;
    }
    if (tags.size() > most_tags) {
      ++too_many;
      continue;
    }
    ++changed;
    rows.add(contact.text(0), boost::json::serialize(now_there), std::max(now, contact.instant(2) + Duration(1)));
    boost::json::object old_tags, new_tags;
    old_tags["tags"] = before;
    new_tags["tags"] = now_there;
    entries.push_back(audit::Entry{"contact", contact.uuid(0), "updated", audit::difference(old_tags, new_tags)});
  }
  if (changed > 0) co_await tx.all(sql::tagging::set_tags, job.tenant, rows);
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  auto reasons = row->json(8).as_object();
  auto count_reason = [&reasons](std::string_view name, std::int64_t more) {
    auto const* const had = reasons.if_contains(name);
    if (more > 0) reasons[name] = (had ? had->to_number<std::int64_t>() : 0) + more;
  };
  auto const missing = static_cast<std::int64_t>(wanted.size() - known.size());
  count_reason("not_found", missing);
  count_reason("too_many_tags", too_many);
  std::optional<ContactId> reached = after;
  if (!wanted.empty()) reached = wanted.back();
  std::optional<Instant> ended;
  if (last) ended = now;
  auto const moved = co_await tx.exec(sql::tagging::advance, job.tenant, id, reached, changed, unchanged, missing + too_many, reasons, last ? "completed" : "running",
                                      now, ended, after);
  if (moved > 0) co_await tx.commit();
  if (last || moved == 0) co_return jobs::Done();
  co_return jobs::Snooze(Duration(0));
}

}  // namespace postrider::contacts
