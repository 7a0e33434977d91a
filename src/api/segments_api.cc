#include "api/segments_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

constexpr std::size_t most_members = 10'000;

struct SegmentIn {
  std::string name;
  json::Defaulted<std::string> description = std::string();
  json::Defaulted<bool> is_dynamic = true;
  std::optional<boost::json::object> conditions;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "SegmentInput";
  static constexpr std::string_view json_read_only[] = {"id", "member_count", "generation", "calculation_ms", "calculation_error", "last_calculated_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SegmentIn, (), (name, description, is_dynamic, conditions))

struct SegmentChangeIn {
  json::Given<std::string> name;
  json::Given<std::string> description;
  json::Given<boost::json::object> conditions;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "SegmentChange";
  static constexpr std::string_view json_read_only[] = {"id", "is_dynamic", "member_count", "generation", "calculation_ms", "calculation_error", "last_calculated_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(SegmentChangeIn, (), (name, description, conditions))

struct SegmentOut {
  SegmentId id;
  std::string name, description;
  bool is_dynamic;
  boost::json::value conditions;
  std::int64_t member_count, generation;
  std::optional<Instant> last_calculated_at;
  std::optional<std::int64_t> calculation_ms;
  std::optional<std::string> calculation_error;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Segment";
};
BOOST_DESCRIBE_STRUCT(SegmentOut, (), (id, name, description, is_dynamic, conditions, member_count, generation, last_calculated_at, calculation_ms, calculation_error, created_at, updated_at))

struct PreviewIn {
  boost::json::object conditions;
  static constexpr std::string_view json_name = "SegmentPreviewInput";
};
BOOST_DESCRIBE_STRUCT(PreviewIn, (), (conditions))

struct PersonOut {
  ContactId id;
  ContactId contact_id;
  std::optional<std::string> email, first_name, last_name;
  std::optional<Instant> added_at;
  static constexpr std::string_view json_name = "SegmentMember";
};
BOOST_DESCRIBE_STRUCT(PersonOut, (), (id, contact_id, email, first_name, last_name, added_at))

struct PreviewOut {
  std::int64_t count;
  bool approximate;
  std::vector<PersonOut> sample;
  static constexpr std::string_view json_name = "SegmentPreview";
};
BOOST_DESCRIBE_STRUCT(PreviewOut, (), (count, approximate, sample))

struct CopyIn {
  std::optional<std::string> name;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 255)};
  static constexpr std::string_view json_name = "SegmentCopyInput";
};
BOOST_DESCRIBE_STRUCT(CopyIn, (), (name))

struct MembersIn {
  json::Defaulted<std::vector<ContactId>> add = std::vector<ContactId>();
  json::Defaulted<std::vector<ContactId>> remove = std::vector<ContactId>();
  static constexpr std::string_view json_name = "SegmentMembersInput";
};
BOOST_DESCRIBE_STRUCT(MembersIn, (), (add, remove))

struct MembersOut {
  std::int64_t added, removed, member_count;
  static constexpr std::string_view json_name = "SegmentMembersChange";
};
BOOST_DESCRIBE_STRUCT(MembersOut, (), (added, removed, member_count))

struct MembershipOut {
  SegmentId segment_id;
  static constexpr std::string_view json_name = "SegmentMembership";
};
BOOST_DESCRIBE_STRUCT(MembershipOut, (), (segment_id))

struct GrowthOut {
  Instant calculated_at;
  std::int64_t generation, member_count, joined, departed, calculation_ms;
  bool whole;
  static constexpr std::string_view json_name = "SegmentGrowth";
};
BOOST_DESCRIBE_STRUCT(GrowthOut, (), (calculated_at, generation, member_count, joined, departed, calculation_ms, whole))

// Every part of the conditions in the order in which they stand, with the pointer to each.
struct FindingOut {
  std::string pointer, question;
  bool holds;
  boost::json::value read;
  static constexpr std::string_view json_name = "SegmentFinding";
};
BOOST_DESCRIBE_STRUCT(FindingOut, (), (pointer, question, holds, read))

struct ExplanationOut {
  SegmentId segment_id;
  ContactId contact_id;
  bool member;
  std::optional<bool> fits;
  bool events_cut;
  std::vector<FindingOut> findings;
  static constexpr std::string_view json_name = "SegmentExplanation";
};
BOOST_DESCRIBE_STRUCT(ExplanationOut, (), (segment_id, contact_id, member, fits, events_cut, findings))

void flatten(segments::Finding const& finding, std::vector<FindingOut>& out) {
  out.push_back(FindingOut{"/conditions" + finding.pointer, finding.question, finding.holds, finding.read});
  for (auto const& part : finding.parts) flatten(part, out);
}

boost::json::value shown(segments::Segment const& s) {
  SegmentOut const out{s.id, s.name, s.description, s.is_dynamic, s.conditions, s.member_count, s.generation, s.last_calculated_at, s.calculation_ms, s.calculation_error, s.created_at, s.updated_at};
  return json::encode(out);
}

PersonOut out_of(segments::Person const& p) { return PersonOut{p.id, p.id, p.email, p.first_name, p.last_name, p.added_at}; }

}  // namespace

std::vector<http::Route> SegmentsApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/segments", right::read, on(this, &SegmentsApi::list_segments), doc("list_segments", "Segments, newest first", "segments").paged().query("search", "A part of the name").answers_list<SegmentOut>()));
  all.push_back(post("/segments", right::write, on(this, &SegmentsApi::create_segment), doc("create_segment", "Add a segment", "segments").takes<SegmentIn>().answers<SegmentOut>(201)));
  all.push_back(post("/segments/preview", right::read, on(this, &SegmentsApi::preview_segment), doc("preview_segment", "How many fit these conditions, and who for example", "segments").takes<PreviewIn>().answers<PreviewOut>()));
  all.push_back(get("/segments/{id}", right::read, on(this, &SegmentsApi::show_segment), doc("show_segment", "One segment", "segments").answers<SegmentOut>()));
  all.push_back(patch("/segments/{id}", right::write, on(this, &SegmentsApi::change_segment), doc("change_segment", "Change a segment", "segments").takes<SegmentChangeIn>().answers<SegmentOut>()));
  all.push_back(del("/segments/{id}", right::write, on(this, &SegmentsApi::remove_segment), doc("delete_segment", "Delete a segment", "segments").answer(204)));
  all.push_back(post("/segments/{id}/recalculate", right::write, on(this, &SegmentsApi::recalculate_segment), doc("recalculate_segment", "Find its members anew, now", "segments").query("whole", "Ask everybody, not only who has changed", "string", {"true"}).answers<SegmentOut>(202), http::BodyKind::none));
  all.push_back(get("/segments/{id}/members", right::read, on(this, &SegmentsApi::list_members), doc("list_segment_members", "Its members", "segments").paged().answers_list<PersonOut>()));
  all.push_back(post("/segments/{id}/copy", right::write, on(this, &SegmentsApi::copy_segment), doc("copy_segment", "The same conditions, or the same people, under another name", "segments").takes<CopyIn>().answers<SegmentOut>(201)));
  all.push_back(get("/segments/{id}/explain", right::read, on(this, &SegmentsApi::explain_segment), doc("explain_segment", "Why a contact is a member, or not", "segments").query("contact_id", "Which contact").answers<ExplanationOut>()));
  all.push_back(get("/segments/{id}/history", right::read, on(this, &SegmentsApi::list_history), doc("list_segment_history", "Its growth, newest first", "segments").paged().answers_list<GrowthOut>()));
  all.push_back(get("/contacts/{id}/segments", right::read, on(this, &SegmentsApi::list_of_contact), doc("list_contact_segments", "The segments that a contact belongs to, as they were last counted", "contacts").answers_list<MembershipOut>()));
  all.push_back(post("/segments/{id}/members", right::write, on(this, &SegmentsApi::change_members), doc("change_segment_members", "Add to and remove from a static segment, up to 10000 at once", "segments").takes<MembersIn>().answers<MembersOut>()));
  all.push_back(put("/segments/{id}/members/{contact_id}", right::write, on(this, &SegmentsApi::put_member), doc("add_segment_member", "Add to a static segment", "segments").answer(204)));
  all.back().body = http::BodyKind::none;
  all.push_back(del("/segments/{id}/members/{contact_id}", right::write, on(this, &SegmentsApi::remove_member), doc("remove_segment_member", "Remove from a static segment", "segments").answer(204)));
  return all;
}

SegmentsApi::Answer SegmentsApi::list_segments(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const search = query_text(request, "search");
  if (!search) co_return search.error();
  auto const found = co_await segments_.list(caller(request).context.tenant, last_id<SegmentId>(*page), page->limit + 1, *search);
  auto encode = [](segments::Segment const& s) { return shown(s); };
  auto key = [](segments::Segment const& s) { return std::vector<std::string>{s.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

SegmentsApi::Answer SegmentsApi::create_segment(http::Request& request) {
  auto wanted = json::read<SegmentIn>(request.body);
  if (!wanted) co_return wanted.error();
  boost::json::value conditions;
  if (wanted->conditions) conditions = *wanted->conditions;
  auto const s = co_await segments_.create(context_of(request), wanted->name, *wanted->description, *wanted->is_dynamic, std::move(conditions));
  if (!s) co_return s.error();
  co_return with_etag(created("/segments/" + s->id.str(), shown(*s)), s->updated_at);
}

SegmentsApi::Answer SegmentsApi::show_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const s = co_await segments_.find(caller(request).context.tenant, *id);
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

SegmentsApi::Answer SegmentsApi::change_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto wanted = json::read<SegmentChangeIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const before = co_await segments_.find(caller(request).context.tenant, *id);
  if (!before) co_return before.error();
  std::optional<std::string> name, description;
  std::optional<boost::json::value> conditions;
  if (wanted->name) name = *wanted->name;
  if (wanted->description) description = *wanted->description;
  if (wanted->conditions) conditions = boost::json::value(*wanted->conditions);
  auto const s = co_await segments_.change(context_of(request), *id, name, description, conditions, expected_version(request, before->updated_at));
  if (!s) co_return s.error();
  co_return with_etag(ok(shown(*s)), s->updated_at);
}

SegmentsApi::Answer SegmentsApi::remove_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const gone = co_await segments_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

SegmentsApi::Answer SegmentsApi::preview_segment(http::Request& request) {
  auto wanted = json::read<PreviewIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const found = co_await segments_.preview(caller(request).context.tenant, wanted->conditions);
  if (!found) co_return found.error();
  PreviewOut out;
  out.count = found->count;
  out.approximate = found->approximate;
  for (auto const& person : found->sample) out.sample.push_back(out_of(person));
  co_return ok(json::encode(out));
}

SegmentsApi::Answer SegmentsApi::recalculate_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const whole = query_text(request, "whole");
  if (!whole) co_return whole.error();
  if (*whole && **whole != "true") co_return query_error("whole", "invalid_value", "must be true, or left out");
  auto const s = co_await segments_.request_calculation(context_of(request), *id, whole->has_value());
  if (!s) co_return s.error();
  co_return ok(shown(*s), 202);
}

SegmentsApi::Answer SegmentsApi::list_members(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const s = co_await segments_.find(tenant, *id);
  if (!s) co_return s.error();
  auto const found = co_await segments_.members(tenant, *id, last_id<ContactId>(*page), page->limit + 1);
  auto encode = [](segments::Person const& p) { return json::encode(out_of(p)); };
  auto key = [](segments::Person const& p) { return std::vector<std::string>{p.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

SegmentsApi::Answer SegmentsApi::list_of_contact(http::Request& request) {
  auto const id = path_id<ContactId>(request, "contact");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const contact = co_await contacts_.find(tenant, *id);
  if (!contact) co_return contact.error();
  auto const found = co_await segments_.of_contact(tenant, *id);
  boost::json::array items;
  for (auto const& segment : found) items.push_back(json::encode(MembershipOut{segment}));
  boost::json::object body;
  body["items"] = std::move(items);
  body["next_cursor"] = nullptr;
  co_return ok(body);
}

SegmentsApi::Answer SegmentsApi::set_member(http::Request& request, bool member) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const contact = path_id<ContactId>(request, "contact", "contact_id");
  if (!contact) co_return contact.error();
  auto const known = co_await contacts_.find(caller(request).context.tenant, *contact);
  if (!known) co_return known.error();
  segments::MembersChange change;
  (member ? change.add : change.remove).push_back(*contact);
  auto const done = co_await segments_.change_members(context_of(request), *id, std::move(change));
  if (!done) co_return done.error();
  co_return no_content();
}

SegmentsApi::Answer SegmentsApi::put_member(http::Request& request) { return set_member(request, true); }

SegmentsApi::Answer SegmentsApi::remove_member(http::Request& request) { return set_member(request, false); }

SegmentsApi::Answer SegmentsApi::change_members(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto wanted = json::read<MembersIn>(request.body);
  if (!wanted) co_return wanted.error();
  segments::MembersChange change;
  change.add = *wanted->add;
  change.remove = *wanted->remove;
  if (change.add.empty() && change.remove.empty()) co_return invalid_field("/add", "required", "name contacts to add or to remove");
  if (change.add.size() > most_members) co_return invalid_field("/add", "too_long", "at most 10000 at once");
  if (change.remove.size() > most_members) co_return invalid_field("/remove", "too_long", "at most 10000 at once");
  auto const done = co_await segments_.change_members(context_of(request), *id, std::move(change));
  if (!done) co_return done.error();
  MembersOut const out(done->added, done->removed, done->member_count);
  co_return ok(json::encode(out));
}

SegmentsApi::Answer SegmentsApi::copy_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto wanted = json::read<CopyIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const s = co_await segments_.copy(context_of(request), *id, wanted->name);
  if (!s) co_return s.error();
  co_return with_etag(created("/segments/" + s->id.str(), shown(*s)), s->updated_at);
}

SegmentsApi::Answer SegmentsApi::explain_segment(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  if (!*contact) co_return query_error("contact_id", "required", "say which contact");
  auto const found = co_await segments_.explain(caller(request).context.tenant, *id, **contact);
  if (!found) co_return found.error();
  ExplanationOut out;
  out.segment_id = *id;
  out.contact_id = **contact;
  out.member = found->member;
  out.events_cut = found->events_cut;
  if (found->finding) {
    out.fits = found->finding->holds;
    flatten(*found->finding, out.findings);
  }
  co_return ok(json::encode(out));
}

SegmentsApi::Answer SegmentsApi::list_history(http::Request& request) {
  auto const id = path_id<SegmentId>(request, "segment");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  auto const s = co_await segments_.find(tenant, *id);
  if (!s) co_return s.error();
  std::optional<std::pair<Instant, std::int64_t>> before;
  if (page->after && page->after->size() == 2)
    if (auto const at = parse_instant((*page->after)[0])) before.emplace(*at, std::atoll((*page->after)[1].c_str()));
  auto const found = co_await segments_.history(tenant, *id, before, page->limit + 1);
  auto encode = [](segments::Growth const& g) {
    return json::encode(GrowthOut{g.calculated_at, g.generation, g.member_count, g.joined, g.departed, g.calculation_ms, g.whole});
  };
  auto key = [](segments::Growth const& g) { return std::vector<std::string>{to_text(g.calculated_at), std::to_string(g.generation)}; };
  co_return list_answer(request, *page, found, encode, key);
}

}  // namespace postrider::api
