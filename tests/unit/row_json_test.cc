#include "api/row_json.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using Kind = api::RowMember::Kind;

TEST_CASE("a row of the database is written as the JSON that a tree of it would be") {
  constexpr api::RowMember members[] = {{"id"}, {"count", Kind::number}, {"open", Kind::boolean}, {"at", Kind::instant}, {"more", Kind::json}, {"name"}};
  db::Rows rows(6);
  std::string const hostile = "quote \" backslash \\ line\r\n tab\t bell\x07 nul-free, emoji \xF0\x9F\x98\x80 </script>";
  for (std::string_view const cell : {"a-1", "-42", "t", "2026-03-02 10:00:00.5+00", R"({"a": [1, "b"]})"}) rows.add_cell(cell);
  rows.add_cell(hostile);
  for (int i = 0; i < 6; ++i) rows.add_null();

  std::string out;
  api::append_row(out, rows[0], members);
  auto const read = boost::json::parse(out).as_object();
  CHECK(read.at("id") == "a-1");
  CHECK(read.at("count") == -42);
  CHECK(read.at("open") == true);
  CHECK(read.at("at") == "2026-03-02T10:00:00.500Z");
  CHECK(boost::json::serialize(read.at("more")) == R"({"a":[1,"b"]})");
  CHECK(std::string(read.at("name").as_string()) == hostile);

  out.clear();
  api::append_row(out, rows[1], members);
  CHECK(out == R"({"id":null,"count":null,"open":null,"at":null,"more":null,"name":null})");
}

TEST_CASE("instants of both databases are spelled as everywhere else") {
  constexpr api::RowMember members[] = {{"at", Kind::instant}};
  for (std::string_view const cell : {"2026-03-02 10:00:00+00", "2026-03-02 10:00:00.5+00", "2026-03-02 10:00:00.000123+00", "2026-03-02 10:00:00.12345+00",
                                      "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.250000Z", "2026-03-02T10:00:00.000001Z", "2026-03-02 12:00:00.5+02"}) {
    db::Rows rows(1);
    rows.add_cell(cell);
    std::string out;
    api::append_row(out, rows[0], members);
    CHECK(out == "{\"at\":\"" + to_rfc3339(rows[0].instant(0)) + "\"}");
  }
}
