// Files for import tests, and the usual ways through an import.
#pragma once

#include "postrider/contacts/contacts.h"
#include "postrider/contacts/imports.h"
#include "support/results.h"
#include "support/store_test.h"

#include <boost/json/value.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace postrider::test {

using namespace contacts;

// A text that comes in small pieces; `cut` breaks off instead of ending.
class TextFile : public FileSource {
 public:
  explicit TextFile(std::string text, bool cut = false, std::size_t piece = 1000) : text_(std::move(text)), cut_(cut), piece_(piece) {}
  Task<Result<std::string>> next() override {
    auto piece = text_.substr(at_, piece_);
    at_ += piece.size();
    if (piece.empty() && cut_) co_return invalid("the connection ended in the middle of the body");
    co_return piece;
  }

 private:
  std::string text_;
  bool cut_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

// Several batches and chunks, out of a handful of rows.
inline ImportLimits small() {
  ImportLimits limits;
  limits.batch = 3;
  limits.chunk = 2;
  return limits;
}

inline Task<Import> staged(TestStore& t, Imports& imports, std::string text, ImportRequest request = ImportRequest()) {
  TextFile file(std::move(text), false, 20);
  auto const import = co_await imports.receive(t.context(), std::move(request), file);
  REQUIRE(import);
  co_return *import;
}

inline Task<Import> committed(TestStore& t, Imports& imports, std::string text, ImportRequest request = ImportRequest()) {
  auto const import = co_await staged(t, imports, std::move(text), std::move(request));
  auto const begun = co_await imports.commit(t.context(), import.id);
  REQUIRE(begun);
  auto const done = co_await imports.commit_now(t.tenant, import.id);
  REQUIRE(done);
  REQUIRE(done->status == "completed");
  co_return *done;
}

inline jobs::Job job_of(TestStore& t, ImportId id) {
  jobs::Job job;
  job.tenant = t.tenant;
  job.payload["import_id"] = id.str();
  return job;
}

inline Task<Import> undone(TestStore& t, Imports& imports, ImportId id) {
  auto const begun = co_await imports.undo(t.context(), id);
  REQUIRE(begun);
  auto const handlers = imports.job_handlers();
  auto const job = job_of(t, id);
  co_await handlers.at("contacts:import_undo")(job);
  auto const done = co_await imports.find(t.tenant, id);
  REQUIRE(done);
  REQUIRE(done->status == "undone");
  co_return *done;
}

inline Task<std::string> rejections(TestStore& t, Imports& imports, Import import) {
  std::string out;
  std::int64_t after = 0;
  bool begun = false;
  for (;;) {
    auto const piece = co_await imports.rejections(t.tenant, import, after, begun);
    if (!piece) break;
    out += *piece;
  }
  co_return out;
}

inline ImportRequest with_consent() {
  ImportRequest request;
  request.consents.push_back(ConsentForAll{"email", "marketing"});
  request.consent_source = "signup form";
  return request;
}

inline Task<Contact> added(TestStore& t, Contacts& contacts, std::string email, std::string first_name) {
  Change change;
  change.email = email;
  change.first_name = first_name;
  boost::json::object attributes;
  attributes["plan"] = "free";
  change.attributes = attributes;
  auto const saved = co_await contacts.create(t.context(), change, false);
  REQUIRE(saved);
  co_return saved->contact;
}

// The only cell of a query.
inline Task<std::string> cell(TestStore& t, std::string sql) {
  auto const rows = co_await t.query(std::move(sql));
  co_return rows.at(0).at(0);
}

using Cells = std::vector<std::vector<std::string>>;

}  // namespace postrider::test
