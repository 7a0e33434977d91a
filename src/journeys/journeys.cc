#include "postrider/journeys/journeys.h"

#include "journeys/record.h"
#include "postrider/audit/audit.h"
#include "postrider/json/names.h"
#include "sql/journeys.h"

namespace postrider::journeys {

namespace {

constexpr std::size_t longest_name = 255, longest_description = 2000;
constexpr int copies_tried = 50;

Error name_taken() {
  auto error = conflict("another journey has this name");
  error.fields.push_back(FieldError{"/name", "duplicate", error.message});
  return error;
}

Error faster() { return conflict("somebody else changed the journey at the same moment: read it again"); }

Error refused(Journey const& journey, std::string const& what) { return conflict("the journey is " + std::string(json::name_of(journey.status)) + ": " + what); }

std::optional<Uuid> author_of(Context const& context) { return context.actor.id.is_nil() ? std::nullopt : std::optional(context.actor.id); }

std::vector<audit::Entry> entry(JourneyId id, std::string_view action, boost::json::object changes) {
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"journey", id.uuid(), action, std::move(changes)});
  return entries;
}

void apply_to(Journey& journey, Change const& change) {
  if (change.name) journey.name = *change.name;
  if (change.description) journey.description = *change.description;
  if (change.definition) journey.definition = *change.definition;
}

Result<void> check_texts(Journey const& journey) {
  if (journey.name.empty() || journey.name.size() > longest_name) return invalid_field("/name", "required", "a journey needs a name of 1 to 255 characters");
  if (journey.description.size() > longest_description) return invalid_field("/description", "too_long", "must have at most 2000 characters");
  return {};
}

// Whole characters only.
std::string cut(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80) --longest;
  text.resize(longest);
  return text;
}

}  // namespace

Task<Result<Journey>> Journeys::create(Context context, Change wanted) {
  Journey j;
  apply_to(j, wanted);
  if (auto const good = check_texts(j); !good) co_return good.error();
  auto const now = clock_.now();
  j.id = ids_.make<JourneyId>();
  j.created_at = j.updated_at = now;
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    co_await tx.exec(sql::journeys::insert, context.tenant, j.id, j.name, j.description, j.definition, author_of(context), now);
    co_await audit::record(tx, context, entry(j.id, "created", audit::difference(boost::json::object(), described(j))), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return name_taken();
  co_return j;
}

Task<Result<Journey>> Journeys::find(TenantId tenant, JourneyId id) {
  auto const row = co_await store_.maybe(sql::journeys::find, tenant, id);
  if (!row) co_return not_found("journey", id.str());
  co_return read_journey(*row);
}

Task<std::vector<Journey>> Journeys::list(TenantId tenant, Filter filter, std::optional<JourneyId> before, int limit) {
  auto const last = before.value_or(*JourneyId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  std::optional<std::string_view> status;
  if (filter.status) status = json::name_of(*filter.status);
  auto const rows = co_await store_.all(sql::journeys::list, tenant, last, status, pattern_of(filter.search), limit);
  std::vector<Journey> all;
  for (auto const row : rows) all.push_back(read_journey(row));
  co_return all;
}

Task<Result<Journey>> Journeys::save(Context context, Journey before, Journey after, std::string_view action, std::optional<std::string> note) {
  auto const now = clock_.now();
  // Later than what is written, also within one microsecond: versions are told apart by it.
  after.updated_at = now > before.updated_at ? now : before.updated_at + Duration(1);
  bool taken = false;
  try {
    auto tx = co_await store_.begin();
    auto const written = co_await tx.all(sql::journeys::update, context.tenant, before.id, before.updated_at, after.name, after.description, json::name_of(after.status),
                                         after.definition, after.version, after.draft_changed, after.activated_at, after.paused_at, after.updated_at);
    if (written.empty()) co_return faster();
    if (note) co_await tx.exec(sql::journeys::insert_version, context.tenant, after.id, after.version, after.definition, *note, author_of(context), now);
    co_await audit::record(tx, context, entry(before.id, action, audit::difference(described(before), described(after))), ids_, now);
    co_await tx.commit();
  } catch (db::UniqueViolation const&) {
    taken = true;
  }
  if (taken) co_return name_taken();
  co_return after;
}

Task<Result<Journey>> Journeys::change(Context context, JourneyId id, Change change, std::optional<Instant> expected) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  Error const outdated{Code::precondition, "the journey was changed meanwhile: read it again, then repeat your change"};
  if (expected && *expected != before->updated_at) co_return outdated;
  if (before->status == JourneyStatus::archived) co_return refused(*before, "restore it first");
  auto after = *before;
  apply_to(after, change);
  if (auto const good = check_texts(after); !good) co_return good.error();
  if (after.version > 0 && after.definition != before->definition) {
    auto const published = co_await version(context.tenant, id, after.version);
    if (!published) co_return published.error();
    after.draft_changed = after.definition != published->definition;
  }
  if (described(after) == described(*before)) co_return *before;
  auto saved = co_await save(context, *before, std::move(after), "updated");
  if (!saved && expected && saved.error().code == Code::conflict && saved.error().fields.empty()) co_return outdated;
  co_return saved;
}

Task<Result<Applied>> Journeys::apply(Context context, Change wanted) {
  if (!wanted.name) co_return invalid_field("/name", "required", "a journey needs a name");
  auto const row = co_await store_.maybe(sql::journeys::named, context.tenant, *wanted.name);
  auto written = row ? change(context, row->id<JourneyId>(0), std::move(wanted), std::nullopt) : create(context, std::move(wanted));
  auto journey = co_await std::move(written);
  if (!journey) co_return journey.error();
  Applied applied;
  applied.journey = std::move(*journey);
  applied.made = !row;
  co_return applied;
}

Task<bool> Journeys::name_is_free(TenantId tenant, std::string name) {
  auto const row = co_await store_.maybe(sql::journeys::named, tenant, name);
  co_return !row;
}

Task<Result<Journey>> Journeys::copy(Context context, JourneyId id, std::optional<std::string> name) {
  auto const original = co_await find(context.tenant, id);
  if (!original) co_return original.error();
  Change wanted;
  wanted.name = name;
  wanted.description = original->description;
  wanted.definition = original->definition;
  auto const stem = cut(original->name, longest_name - 20);
  for (int number = 1; !wanted.name && number <= copies_tried; ++number) {
    auto const next = stem + (number == 1 ? std::string(" (copy)") : " (copy " + std::to_string(number) + ")");
    if (co_await name_is_free(context.tenant, next)) wanted.name = next;
  }
  if (!wanted.name) co_return invalid_field("/name", "required", "it was copied so often that the copy needs a name of its own");
  co_return co_await create(context, std::move(wanted));
}

Task<Result<void>> Journeys::remove(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->version > 0) co_return conflict("a version of the journey was published, which stays on record: archive it instead");
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const gone = co_await tx.all(sql::journeys::remove, context.tenant, id, before->updated_at);
  if (gone.empty()) co_return faster();
  co_await audit::record(tx, context, entry(id, "deleted", audit::difference(described(*before), boost::json::object())), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<Journey>> Journeys::move(Context context, Journey before, JourneyStatus to, std::string_view action) {
  auto after = before;
  after.status = to;
  co_return co_await save(std::move(context), std::move(before), std::move(after), action);
}

Task<Result<void>> Journeys::check_ready(TenantId tenant, boost::json::object definition) {
  auto found = co_await problems(tenant, std::move(definition));
  if (found.empty()) co_return Result<void>();
  auto const first = found.front().message;
  co_return invalid("the journey cannot run: " + first, std::move(found));
}

Task<Result<Journey>> Journeys::publish(Context context, JourneyId id, std::string note) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status == JourneyStatus::archived) co_return refused(*before, "restore it first");
  if (!before->draft_changed) co_return conflict("version " + std::to_string(before->version) + " says what the draft says: there is nothing to publish");
  auto const ready = co_await check_ready(context.tenant, before->definition);
  if (!ready) co_return ready.error();
  auto after = *before;
  ++after.version;
  after.draft_changed = false;
  co_return co_await save(context, *before, std::move(after), "published", std::move(note));
}

Task<Result<Journey>> Journeys::open(Context context, Journey before, std::string_view action) {
  auto after = before;
  after.status = JourneyStatus::active;
  after.activated_at = clock_.now();
  after.paused_at.reset();
  std::optional<std::string> note;
  auto runs = before.definition;
  if (before.version == 0) {
    after.version = 1;
    after.draft_changed = false;
    note = "";
  } else {
    auto newest = co_await version(context.tenant, before.id, before.version);
    if (!newest) co_return newest.error();
    runs = std::move(newest->definition);
  }
  auto const ready = co_await check_ready(context.tenant, std::move(runs));
  if (!ready) co_return ready.error();
  co_return co_await save(std::move(context), std::move(before), std::move(after), action, std::move(note));
}

Task<Result<Journey>> Journeys::activate(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status == JourneyStatus::paused) co_return refused(*before, "resume it instead");
  if (before->status != JourneyStatus::draft) co_return refused(*before, "only a draft can be activated");
  co_return co_await open(context, *before, "activated");
}

Task<Result<Journey>> Journeys::resume(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status != JourneyStatus::paused) co_return refused(*before, "only a paused one can be resumed");
  co_return co_await open(context, *before, "resumed");
}

Task<Result<Journey>> Journeys::pause(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status != JourneyStatus::active) co_return refused(*before, "only an active one can be paused");
  auto after = *before;
  after.status = JourneyStatus::paused;
  after.paused_at = clock_.now();
  co_return co_await save(context, *before, std::move(after), "paused");
}

Task<Result<Journey>> Journeys::archive(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status == JourneyStatus::active) co_return refused(*before, "pause it first");
  if (before->status == JourneyStatus::archived) co_return refused(*before, "it is put away already");
  co_return co_await move(context, *before, JourneyStatus::archived, "archived");
}

Task<Result<Journey>> Journeys::restore(Context context, JourneyId id) {
  auto const before = co_await find(context.tenant, id);
  if (!before) co_return before.error();
  if (before->status != JourneyStatus::archived) co_return refused(*before, "only an archived one can be restored");
  co_return co_await move(context, *before, before->activated_at ? JourneyStatus::paused : JourneyStatus::draft, "restored");
}

}  // namespace postrider::journeys
