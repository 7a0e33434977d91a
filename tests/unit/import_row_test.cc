#include "contacts/import_row.h"
#include "support/results.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::contacts;

namespace {

std::vector<ColumnMapping> mapped(std::vector<std::string> const& header, WantedMapping const& wanted = {}) {
  auto const columns = map_columns(header, wanted);
  REQUIRE(columns);
  return *columns;
}

std::vector<std::string> fields_of(std::vector<ColumnMapping> const& columns) {
  std::vector<std::string> fields;
  for (auto const& column : columns) fields.push_back(column.field().value_or("-"));
  return fields;
}

std::string refusal(std::vector<std::string> const& header, WantedMapping const& wanted = {}) {
  auto const columns = map_columns(header, wanted);
  return columns ? "" : columns.error().message;
}

ImportRow row_of(std::vector<std::string> const& header, std::vector<std::string_view> const& cells) {
  RowReader reader(mapped(header), {});
  return reader.read(2, cells);
}

Contact contact(char const* email) {
  Contact c;
  c.id = *ContactId::parse("00000000-0000-7000-8000-000000000001");
  c.email = email;
  c.first_name = "Jane";
  c.attributes["plan"] = "pro";
  c.tags.emplace_back("vip");
  return c;
}

}  // namespace

TEST_CASE("columns are known by their field's name, by how people head them, and become attributes otherwise") {
  CHECK(fields_of(mapped({"email", "attributes.Plan", "tags", "external_id"})) == std::vector<std::string>{"email", "attributes.Plan", "tags", "external_id"});
  CHECK(fields_of(mapped({"E-Mail", "First Name", "Surname", "Phone Number", "TimeZone"})) ==
        std::vector<std::string>{"email", "first_name", "last_name", "phone", "time_zone"});
  CHECK(fields_of(mapped({"Email Address", "Company Name", "", "Größe", "имя"})) ==
        std::vector<std::string>{"email", "attributes.company_name", "-", "attributes.gr_e", "attributes.column_5"});
  // The field's own name goes before a spelling of it, wherever it stands.
  CHECK(fields_of(mapped({"Mail", "email"})) == std::vector<std::string>{"attributes.mail", "email"});
  CHECK(fields_of(mapped({"id", "email", "created_at", "import_reason"})) == std::vector<std::string>{"-", "email", "-", "-"});
  CHECK(fields_of(mapped({"email", "Plan", "plan"})) == std::vector<std::string>{"email", "attributes.plan", "attributes.plan_2"});
}

TEST_CASE("a mapping overrides names, and leaves columns out with null") {
  WantedMapping const wanted{{"Contact", "email"}, {"Notes", std::nullopt}, {"Tier", "attributes.plan"}};
  CHECK(fields_of(mapped({"Contact", "Notes", "Tier"}, wanted)) == std::vector<std::string>{"email", "-", "attributes.plan"});
  CHECK(refusal({"email"}, {{"Nobody", "email"}}).find("no column 'Nobody'") != std::string::npos);
  CHECK(refusal({"email", "x"}, {{"x", "shoe_size"}}).find("no field 'shoe_size'") != std::string::npos);
}

TEST_CASE("a header that cannot be used says why") {
  CHECK(refusal({"first_name", "plan"}).find("email, external_id or phone") != std::string::npos);
  CHECK(refusal({"email", "email"}).find("column 2") != std::string::npos);
  CHECK(refusal({"email", "attributes.a b"}).find("is no attribute") != std::string::npos);
  CHECK(refusal({"email", "Plan"}, {{"Plan", "email"}}).find("second time") != std::string::npos);
}

TEST_CASE("cells are cleaned as people mean them") {
  auto const row = row_of({"email", "phone", "plan", "zip", "score", "vip", "tags", "tracking"},
                          {" Jane@Example.NET ", "0049 (170) 123-4567", "'=1+1", "01234", "-3.5", "TRUE", "b | a|b|", "no"});
  REQUIRE(row.reason == "");
  CHECK(row.email == "Jane@Example.NET");
  CHECK(row.email_key == "jane@example.net");
  CHECK(row.phone == "+491701234567");
  CHECK(boost::json::parse(row.attributes) == boost::json::parse(R"({"plan":"=1+1","zip":"01234","score":-3.5,"vip":true})"));
  CHECK(row.tags == std::vector<std::string>{"a", "b"});
  CHECK(row.tracking == false);
}

TEST_CASE("a rejected row names every mistake") {
  auto const row = row_of({"email", "time_zone", "phone"}, {"nobody", "Mars/Olympus", "12"});
  CHECK(row.verdict == Verdict::reject);
  CHECK(row.reason.find("email:") != std::string::npos);
  CHECK(row.reason.find("time_zone:") != std::string::npos);
  CHECK(row.reason.find("phone:") != std::string::npos);
  CHECK(row.cells == "nobody,Mars/Olympus,12");
  CHECK(row_of({"email", "plan"}, {"", "pro"}).reason.find("nobody can tell who it is") != std::string::npos);
  CHECK(row_of({"email", "plan"}, {"a@x.net"}).reason.find("has 1 field, but the header has 2") != std::string::npos);
  CHECK(row_of({"email"}, {"a@x.net", "", " "}).reason == "");
  CHECK(row_of({"email", "first_name"}, {"a@x.net", std::string(201, 'x')}).reason.find("at most 200 bytes") != std::string::npos);
}

TEST_CASE("verdicts follow from what is known") {
  std::vector<std::string> const header{"email", "external_id", "first_name", "attributes.plan", "tags"};
  auto decided = [&header](std::vector<std::string_view> const& cells, Facts const& facts) {
    auto row = row_of(header, cells);
    auto const update = decide(row, facts);
    CHECK(update.has_value() == (row.verdict == Verdict::update));
    return row;
  };
  Facts facts;
  auto known = contact("jane@example.net");
  known.external_id = "7";
  facts.add(known, "jane@example.net");
  auto other = contact("bob@example.net");
  other.id = *ContactId::parse("00000000-0000-7000-8000-000000000002");
  facts.add(other, "bob@example.net");

  CHECK(decided({"new@example.net", "", "A", "", ""}, facts).verdict == Verdict::create);
  CHECK(decided({"JANE@example.net", "", "Jane", "pro", "vip"}, facts).verdict == Verdict::unchanged);
  CHECK(decided({"jane@example.net", "", "", "", ""}, facts).verdict == Verdict::unchanged);
  CHECK(decided({"jane@example.net", "", "Joan", "", ""}, facts).verdict == Verdict::update);
  CHECK(decided({"jane@example.net", "", "", "free", ""}, facts).verdict == Verdict::update);
  CHECK(decided({"jane@example.net", "", "", "", "new"}, facts).verdict == Verdict::update);
  // The external_id tells who it is; the address moves with her.
  CHECK(decided({"moved@example.net", "7", "", "", ""}, facts).verdict == Verdict::update);
  CHECK(decided({"bob@example.net", "7", "", "", ""}, facts).reason.find("two different contacts") != std::string::npos);
  facts.earlier_email.emplace("new@example.net", 5);
  CHECK(decided({"new@example.net", "", "", "", ""}, facts).reason.find("row 5") != std::string::npos);
  facts.earlier_contact.emplace(known.id, 6);
  CHECK(decided({"", "7", "x", "", ""}, facts).reason.find("same contact as row 6") != std::string::npos);
  facts.suppressed.emplace("gone@example.net", "complaint");
  auto const gone = decided({"gone@example.net", "", "", "", ""}, facts);
  CHECK(gone.verdict == Verdict::create);
  CHECK(gone.note.find("stays so") != std::string::npos);
}

TEST_CASE("a change remembers what it overwrites, and nothing else") {
  Facts facts;
  facts.add(contact("jane@example.net"), "jane@example.net");
  auto row = row_of({"email", "first_name", "last_name", "attributes.plan", "attributes.size", "tags"}, {"jane@example.net", "Jane", "Doe", "free", "9", "vip|new"});
  auto const update = decide(row, facts);
  REQUIRE(update);
  CHECK(boost::json::value(update->before) == boost::json::parse(R"({"last_name":null,"attributes":{"plan":"pro","size":null},"tags":["new"]})"));
  CHECK(update->after.last_name == "Doe");
  CHECK(update->after.tags == std::vector<std::string>{"new", "vip"});
}
