#include "contacts/import_records.h"

#include "sql/imports.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace postrider::contacts {

namespace {

boost::json::value shown(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

std::optional<std::string> text_of(boost::json::object const& object, std::string_view key) {
  auto const* const value = object.if_contains(key);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

ImportRequest read_request(boost::json::value const& stored) {
  auto const& object = stored.as_object();
  ImportRequest request;
  for (auto const& consent : object.at("consents").as_array()) {
    std::string const both(consent.as_string());
    auto const dot = both.find('.');
    request.consents.push_back(ConsentForAll{both.substr(0, dot), both.substr(dot + 1)});
  }
  request.consent_source = text_of(object, "consent_source");
  for (auto const& tag : object.at("tags").as_array()) request.tags.emplace_back(tag.as_string());
  if (auto const segment = text_of(object, "segment_id")) request.segment = SegmentId::parse(*segment);
  if (auto const* const bytes = object.if_contains("bytes_expected"); bytes && bytes->is_number()) request.bytes_expected = bytes->to_number<std::uint64_t>();
  for (auto const& [column, field] : object.at("mapping").as_object())
    request.mapping.emplace(column, field.is_string() ? std::optional(std::string(field.as_string())) : std::nullopt);
  return request;
}

std::vector<ImportColumn> read_columns(boost::json::value const& stored) {
  std::vector<ImportColumn> columns;
  for (auto const& item : stored.as_array()) {
    auto const& object = item.as_object();
    ImportColumn column;
    column.number = object.at("number").to_number<int>();
    column.name = object.at("name").as_string();
    column.field = text_of(object, "field");
    column.origin = object.at("origin").as_string();
    for (auto const& sample : object.at("samples").as_array()) column.samples.emplace_back(sample.as_string());
    columns.push_back(std::move(column));
  }
  return columns;
}

constexpr std::array<std::string_view, 5> actors{"user", "api_key", "recipient", "provider", "system"};

}  // namespace

double Import::progress() const {
  auto share = [](std::int64_t done, std::int64_t all) { return all <= 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all)); };
  if (status == "receiving") return share(bytes_read, static_cast<std::int64_t>(request.bytes_expected.value_or(0)));
  if (status == "running") return share(committed_to, last_row);
  if (status == "undoing") return 1.0 - share(undone_to, committed_to);
  return 1.0;
}

Import read_import(db::Row row) {
  Import i;
  i.id = row.id<ImportId>(0);
  i.status = row.text(1);
  i.filename = row.maybe_text(2);
  i.encoding = row.maybe_text(3);
  i.delimiter = row.maybe_text(4);
  i.error = row.maybe_text(5);
  i.columns = read_columns(row.json(6));
  i.request = read_request(row.json(7));
  i.request.filename = i.filename;
  i.bytes_read = row.integer(8);
  i.rows_total = row.integer(9);
  i.rows_created = row.integer(10);
  i.rows_updated = row.integer(11);
  i.rows_unchanged = row.integer(12);
  i.rows_rejected = row.integer(13);
  i.rows_suppressed = row.integer(14);
  i.consents_granted = row.integer(15);
  i.consents_kept = row.integer(16);
  i.undo_deleted = row.integer(17);
  i.undo_restored = row.integer(18);
  i.undo_kept = row.integer(19);
  i.last_row = row.integer(20);
  i.committed_to = row.integer(21);
  i.undone_to = row.integer(22);
  i.rows_kept = row.boolean(23);
  i.created_at = row.instant(24);
  i.updated_at = row.instant(25);
  i.completed_at = row.maybe_instant(26);
  return i;
}

boost::json::object written(ImportRequest const& request) {
  boost::json::object out;
  boost::json::array consents, tags;
  for (auto const& consent : request.consents) consents.emplace_back(consent.channel + "." + consent.consent_type);
  for (auto const& tag : request.tags) tags.emplace_back(tag);
  boost::json::object mapping;
  for (auto const& [column, field] : request.mapping) mapping[column] = shown(field);
  out["consents"] = std::move(consents);
  out["consent_source"] = shown(request.consent_source);
  out["tags"] = std::move(tags);
  out["mapping"] = std::move(mapping);
  if (request.segment) out["segment_id"] = request.segment->str();
  if (request.bytes_expected) out["bytes_expected"] = *request.bytes_expected;
  return out;
}

boost::json::array written(std::vector<ImportColumn> const& columns) {
  boost::json::array all;
  for (auto const& column : columns) {
    boost::json::array samples;
    for (auto const& sample : column.samples) samples.emplace_back(sample);
    boost::json::object out;
    out["number"] = column.number;
    out["name"] = column.name;
    out["field"] = shown(column.field);
    out["origin"] = column.origin;
    out["samples"] = std::move(samples);
    all.push_back(std::move(out));
  }
  return all;
}

boost::json::object written_actor(Context const& context) {
  boost::json::object out;
  out["kind"] = actors[static_cast<std::size_t>(context.actor.kind)];
  if (!context.actor.id.is_nil()) out["id"] = context.actor.id.str();
  if (!context.request_id.empty()) out["request_id"] = context.request_id;
  if (!context.ip_address.empty()) out["ip_address"] = context.ip_address;
  if (!context.user_agent.empty()) out["user_agent"] = context.user_agent;
  return out;
}

Context read_actor(TenantId tenant, boost::json::value const& stored) {
  auto const& object = stored.as_object();
  Context context;
  context.tenant = tenant;
  auto const kind = std::ranges::find(actors, std::string_view(object.at("kind").as_string()));
  context.actor.kind = static_cast<ActorKind>(kind - actors.begin());
  if (auto const id = text_of(object, "id")) context.actor.id = Uuid::parse(*id).value_or(Uuid());
  context.request_id = text_of(object, "request_id").value_or("");
  context.ip_address = text_of(object, "ip_address").value_or("");
  context.user_agent = text_of(object, "user_agent").value_or("");
  return context;
}

std::optional<std::string> tags_text(std::vector<std::string> const& tags) {
  if (tags.empty()) return std::nullopt;
  boost::json::array array;
  for (auto const& tag : tags) array.emplace_back(tag);
  return boost::json::serialize(array);
}

Task<Facts> load_facts(db::Transaction& tx, TenantId tenant, std::span<ImportRow const> rows) {
  db::TextArray emails, externals, phones, leads;
  for (auto const& row : rows) {
    if (row.verdict == Verdict::reject) continue;
    if (row.email_key) emails.items.push_back(*row.email_key);
    if (row.external_id) externals.items.push_back(*row.external_id);
    if (row.phone && !row.email_key && !row.external_id) phones.items.push_back(*row.phone);
    if (row.lead_id) leads.items.push_back(row.lead_id->str());
  }
  // All that has something to look for, in one round trip.
  struct Question {
    db::Statement const& statement;
    db::TextArray& keys;
  };
  std::array const questions{Question{sql::imports::known_by_email, emails}, Question{sql::imports::known_by_external_id, externals},
                             Question{sql::imports::known_by_phone, phones}, Question{sql::imports::suppressed_addresses, emails},
                             Question{sql::imports::known_leads, leads}};
  std::vector<db::Call> calls;
  for (auto const& question : questions) {
    if (question.keys.items.empty()) continue;
    calls.push_back(db::Call{question.statement, db::Parameters()});
    calls.back().parameters.emplace_back(tenant);
    calls.back().parameters.emplace_back(question.keys);
  }
  Facts facts;
  if (calls.empty()) co_return facts;
  auto const answers = co_await tx.run_all(std::move(calls));
  std::unordered_set<ContactId> seen;
  std::size_t next = 0;
  for (auto const& question : questions) {
    if (question.keys.items.empty()) continue;
    auto const& rows = answers[next++];
    if (&question.statement == &sql::imports::suppressed_addresses) {
      for (auto const row : rows) facts.suppressed.emplace(row.text(0), row.text(1));
    } else if (&question.statement == &sql::imports::known_leads) {
      for (auto const row : rows) facts.leads.insert(row.id<LeadId>(0));
    } else {
      for (auto const row : rows)
        if (seen.insert(row.id<ContactId>(0)).second) facts.add(read_contact(row), row.maybe_text(14));
    }
  }
  co_return facts;
}

jobs::NewJob import_job(std::string_view kind, ImportId id) {
  jobs::NewJob job;
  job.queue = import_queue;
  job.kind = kind;
  job.key = std::string(kind) + ":" + id.str();
  job.payload["import_id"] = id.str();
  job.max_attempts = 20;
  return job;
}

}  // namespace postrider::contacts
