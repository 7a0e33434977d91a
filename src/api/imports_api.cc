#include "api/imports_api.h"

#include "api/multipart.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

struct ImportColumnOut {
  int number;
  std::string name;
  std::optional<std::string> field;
  std::string origin;
  std::vector<std::string> samples;
  static constexpr std::string_view json_name = "ImportColumn";
};
BOOST_DESCRIBE_STRUCT(ImportColumnOut, (), (number, name, field, origin, samples))

struct ImportOut {
  ImportId id;
  std::string status;
  std::optional<std::string> phase;
  double progress;
  std::optional<std::string> filename, encoding, delimiter, error;
  std::int64_t bytes_read;
  std::int64_t rows_total, rows_created, rows_updated, rows_unchanged, rows_rejected, rows_suppressed;
  std::int64_t consents_granted, consents_kept;
  std::int64_t contacts_deleted, contacts_restored, contacts_kept;
  std::vector<ImportColumnOut> columns;
  std::vector<std::string> consents;
  std::optional<std::string> consent_source;
  std::vector<std::string> tags;
  std::optional<SegmentId> segment_id;
  bool can_be_undone;
  Instant created_at, updated_at;
  std::optional<Instant> completed_at;
  static constexpr std::string_view json_name = "Import";
};
BOOST_DESCRIBE_STRUCT(ImportOut, (),
                      (id, status, phase, progress, filename, encoding, delimiter, error, bytes_read, rows_total, rows_created, rows_updated, rows_unchanged,
                       rows_rejected, rows_suppressed, consents_granted, consents_kept, contacts_deleted, contacts_restored, contacts_kept, columns, consents,
                       consent_source, tags, segment_id, can_be_undone, created_at, updated_at, completed_at))

struct ImportRowOut {
  std::int64_t row;
  std::string verdict;
  std::optional<std::string> reason, note;
  std::optional<ContactId> contact_id;
  boost::json::object fields;
  static constexpr std::string_view json_name = "ImportRow";
};
BOOST_DESCRIBE_STRUCT(ImportRowOut, (), (row, verdict, reason, note, contact_id, fields))

// What is at work is "running" outside; the phase says with what.
boost::json::value shown(contacts::Import const& i) {
  ImportOut out{};
  out.id = i.id;
  out.status = i.status;
  if (i.status == "receiving") out.phase = "receiving";
  if (i.status == "running") out.phase = "committing";
  if (i.status == "undoing") out.phase = "undoing";
  if (out.phase) out.status = "running";
  out.progress = i.progress();
  out.filename = i.filename;
  out.encoding = i.encoding;
  out.delimiter = i.delimiter;
  out.error = i.error;
  out.bytes_read = i.bytes_read;
  out.rows_total = i.rows_total;
  out.rows_created = i.rows_created;
  out.rows_updated = i.rows_updated;
  out.rows_unchanged = i.rows_unchanged;
  out.rows_rejected = i.rows_rejected;
  out.rows_suppressed = i.rows_suppressed;
  out.consents_granted = i.consents_granted;
  out.consents_kept = i.consents_kept;
  out.contacts_deleted = i.undo_deleted;
  out.contacts_restored = i.undo_restored;
  out.contacts_kept = i.undo_kept;
  for (auto const& c : i.columns) out.columns.push_back(ImportColumnOut{c.number, c.name, c.field, c.origin, c.samples});
  for (auto const& consent : i.request.consents) out.consents.push_back(consent.channel + "." + consent.consent_type);
  out.consent_source = i.request.consent_source;
  out.tags = i.request.tags;
  out.segment_id = i.request.segment;
  out.can_be_undone = i.rows_kept && (i.status == "completed" || i.status == "running");
  out.created_at = i.created_at;
  out.updated_at = i.updated_at;
  out.completed_at = i.completed_at;
  return json::encode(out);
}

class BodyFile : public contacts::FileSource {
 public:
  explicit BodyFile(http::BodyReader& body) : body_(body) {}
  Task<Result<std::string>> next() override { return body_.next(); }

 private:
  http::BodyReader& body_;
};

class FormFile : public contacts::FileSource {
 public:
  explicit FormFile(MultipartFile& form) : form_(form) {}
  Task<Result<std::string>> next() override { return form_.next(); }

 private:
  MultipartFile& form_;
};

class RejectionStream : public http::BodyStream {
 public:
  RejectionStream(contacts::Imports& imports, TenantId tenant, contacts::Import import) : imports_(imports), tenant_(tenant), import_(std::move(import)) {}
  Task<std::optional<std::string>> next() override { return imports_.rejections(tenant_, import_, after_, begun_); }

 private:
  contacts::Imports& imports_;
  TenantId tenant_;
  contacts::Import import_;
  std::int64_t after_ = 0;
  bool begun_ = false;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    auto const end = std::min(text.find(separator), text.size());
    auto part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::map<std::string, std::optional<std::string>>> mapping_of(std::string const& text) {
  std::map<std::string, std::optional<std::string>> mapping;
  auto const value = json::parse(text);
  if (!value || !value->is_object()) return query_error("mapping", "wrong_type", "must be a JSON object like {\"E-Mail\":\"email\",\"Notes\":null}");
  for (auto const& member : value->as_object()) {
    if (!member.value().is_null() && !member.value().is_string())
      return query_error("mapping", "wrong_type", "must give each column a field's name or null; '" + std::string(member.key()) + "' has neither");
    std::optional<std::string> field;
    if (member.value().is_string()) field = std::string(member.value().as_string());
    mapping.emplace(std::string(member.key()), std::move(field));
  }
  return mapping;
}

Result<contacts::ImportRequest> request_of(http::Request const& request) {
  contacts::ImportRequest wanted;
  auto filename = query_text(request, "filename", 255);
  if (!filename) return filename.error();
  wanted.filename = std::move(*filename);
  if (auto const* const mapping = request.query.find("mapping")) {
    auto read = mapping_of(*mapping);
    if (!read) return read.error();
    wanted.mapping = std::move(*read);
  }
  for (auto const consents : request.query.all("consent")) {
    for (auto const& consent : split(consents, ',')) {
      auto const dot = consent.find('.');
      if (dot == std::string::npos) return query_error("consent", "invalid_value", "must be a channel and a type, like email.marketing");
      wanted.consents.push_back(contacts::ConsentForAll{consent.substr(0, dot), consent.substr(dot + 1)});
    }
  }
  auto source = query_text(request, "consent_source", 100);
  if (!source) return source.error();
  wanted.consent_source = std::move(*source);
  for (auto const tags : request.query.all("tags"))
    for (auto& tag : split(tags, '|')) wanted.tags.push_back(std::move(tag));
  auto segment = query_id<SegmentId>(request, "segment_id");
  if (!segment) return segment.error();
  wanted.segment = *segment;
  auto const length = request.headers.get("Content-Length");
  if (!length.empty() && request.headers.get("Content-Encoding").empty() && std::ranges::all_of(length, [](unsigned char c) { return std::isdigit(c); }) && length.size() < 16)
    wanted.bytes_expected = std::stoull(std::string(length));
  return wanted;
}

bool may_be_csv(std::string_view type) {
  auto name = type.substr(0, type.find(';'));
  while (name.ends_with(' ')) name.remove_suffix(1);
  for (std::string_view const good : {"", "text/csv", "text/plain", "text/tab-separated-values", "application/csv", "application/vnd.ms-excel", "application/octet-stream"})
    if (http::same_ignoring_case(name, good)) return true;
  return false;
}

}  // namespace

std::vector<http::Route> ImportsApi::routes() {
  std::vector<http::Route> all;
  auto sending = doc("import_contacts", "Stage a CSV file of contacts: every row gets a verdict, nothing is written yet", "imports");
  sending.query("mapping", "JSON object, column name to field (null leaves the column out). Otherwise columns are known by name, and unknown ones become attributes")
      .query("commit", "Commit at once", "boolean").query("consent", "Record this consent for every row, like email.marketing; may be given several times")
      .query("consent_source", "Where that consent was given: its proof").query("tags", "Tags for every contact, separated by |")
      .query("segment_id", "A static segment that every contact joins").query("filename", "Shown in lists").takes_types({"text/csv", "multipart/form-data"}).answers<ImportOut>(202);
  all.push_back(post("/imports", right::write, on(this, &ImportsApi::receive), std::move(sending), http::BodyKind::streamed, largest_file_));
  all.push_back(get("/imports", right::read, on(this, &ImportsApi::list), doc("list_imports", "Imports, newest first", "imports").paged().query("contact_id", "Only those that made or changed this contact").answers_list<ImportOut>()));
  all.push_back(get("/imports/{id}", right::read, on(this, &ImportsApi::show), doc("show_import", "One import: counts, progress and what each column became", "imports").answers<ImportOut>()));
  all.push_back(get("/imports/{id}/rows", right::read, on(this, &ImportsApi::rows),
                    doc("list_import_rows", "Its rows with their verdicts, in the order of the file", "imports").paged()
                        .query("verdict", "Only these", "string", {"create", "update", "unchanged", "reject"}).answers_list<ImportRowOut>()));
  all.push_back(get("/imports/{id}/rejections", right::read, on(this, &ImportsApi::rejections),
                    doc("import_rejections", "Rejected rows as they came, with their row number and the reason", "imports").answer(200, "", "", "text/csv")));
  all.push_back(post("/imports/{id}/commit", right::write, on(this, &ImportsApi::commit), doc("commit_import", "Write the contacts of a staged import", "imports").answers<ImportOut>(202),
                     http::BodyKind::none));
  all.push_back(post("/imports/{id}/undo", right::write, on(this, &ImportsApi::undo), doc("undo_import", "Take back what an import wrote", "imports").answers<ImportOut>(202),
                     http::BodyKind::none));
  all.push_back(del("/imports/{id}", right::write, on(this, &ImportsApi::discard), doc("discard_import", "Remove an import that was not committed, failed, or was undone", "imports").answer(204)));
  return all;
}

ImportsApi::Answer ImportsApi::receive(http::Request& request) {
  auto wanted = request_of(request);
  if (!wanted) co_return wanted.error();
  auto const at_once = query_flag(request, "commit");
  if (!at_once) co_return at_once.error();
  auto const context = context_of(request);
  auto const type = request.headers.get("Content-Type");
  std::optional<MultipartFile> form;
  if (type.size() >= 19 && http::same_ignoring_case(type.substr(0, 19), "multipart/form-data")) {
    auto boundary = MultipartFile::boundary_of(type);
    if (!boundary) co_return invalid("the Content-Type of the form names no boundary");
    form.emplace(*request.stream, std::move(*boundary), "file");
    auto const found = co_await form->find();
    if (!found) co_return found.error();
    if (!wanted->filename) wanted->filename = form->filename();
  } else if (!may_be_csv(type)) {
    co_return http::problem(415, "send the file with Content-Type: text/csv, or as the field 'file' of multipart/form-data");
  }
  std::unique_ptr<contacts::FileSource> file;
  if (form) file = std::make_unique<FormFile>(*form);
  else file = std::make_unique<BodyFile>(*request.stream);
  auto import = co_await imports_.receive(context, std::move(*wanted), *file);
  if (!import) co_return import.error();
  if (at_once->value_or(false)) {
    import = co_await imports_.commit(context, import->id);
    if (!import) co_return import.error();
  }
  auto response = ok(shown(*import), 202);
  response.headers.set("Location", std::string(prefix) + "/imports/" + import->id.str());
  co_return response;
}

ImportsApi::Answer ImportsApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<ImportId> before;
  if (page->after) before = ImportId::parse(page->after->front());
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const found = co_await imports_.list(caller(request).context.tenant, *contact, before, page->limit + 1);
  auto encode = [](contacts::Import const& i) { return shown(i); };
  auto key = [](contacts::Import const& i) { return std::vector<std::string>{i.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ImportsApi::Answer ImportsApi::show(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const import = co_await imports_.find(caller(request).context.tenant, *id);
  if (!import) co_return import.error();
  co_return ok(shown(*import));
}

ImportsApi::Answer ImportsApi::rows(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const verdict = query_text(request, "verdict", 20);
  if (!verdict) co_return verdict.error();
  if (*verdict && **verdict != "create" && **verdict != "update" && **verdict != "unchanged" && **verdict != "reject")
    co_return query_error("verdict", "invalid_value", "must be create, update, unchanged or reject");
  auto const tenant = caller(request).context.tenant;
  auto const import = co_await imports_.find(tenant, *id);
  if (!import) co_return import.error();
  auto const after = page->after ? std::stoll(page->after->front()) : 0;
  auto const found = co_await imports_.rows(tenant, *id, *verdict, after, page->limit + 1);
  bool const written = import->status != "staged" && import->status != "receiving";
  auto encode = [written](contacts::ListedRow const& row) {
    // A contact that is only to be made has an id that says nothing yet.
    auto const contact = row.verdict == "create" && !written ? std::nullopt : row.contact_id;
    ImportRowOut const out{row.row, row.verdict, row.reason, row.note, contact, row.fields};
    return json::encode(out);
  };
  auto key = [](contacts::ListedRow const& row) { return std::vector<std::string>{std::to_string(row.row)}; };
  co_return list_answer(request, *page, found, encode, key);
}

ImportsApi::Answer ImportsApi::rejections(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto import = co_await imports_.find(tenant, *id);
  if (!import) co_return import.error();
  if (!import->rows_kept && import->rows_rejected > 0) co_return conflict("the rows of this import are kept no longer");
  http::Response response;
  response.headers.set("Content-Type", "text/csv; charset=utf-8");
  response.headers.set("Content-Disposition", "attachment; filename=\"rejected-" + import->id.str() + ".csv\"");
  response.stream = std::make_unique<RejectionStream>(imports_, tenant, std::move(*import));
  co_return response;
}

ImportsApi::Answer ImportsApi::commit(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const import = co_await imports_.commit(context_of(request), *id);
  if (!import) co_return import.error();
  co_return ok(shown(*import), 202);
}

ImportsApi::Answer ImportsApi::undo(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const import = co_await imports_.undo(context_of(request), *id);
  if (!import) co_return import.error();
  co_return ok(shown(*import), 202);
}

ImportsApi::Answer ImportsApi::discard(http::Request& request) {
  auto const id = path_id<ImportId>(request, "import");
  if (!id) co_return id.error();
  auto const gone = co_await imports_.discard(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

}  // namespace postrider::api
