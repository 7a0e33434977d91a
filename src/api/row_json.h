// Rows of the database as JSON text, without a tree in between: what a list answers fifty or five hundred of at a time. JSON columns
// go out as the bytes the database holds; the rest is escaped and spelled as the codecs would (json/codecs.h).
#pragma once

#include "api/resource.h"
#include "postrider/db/row.h"

#include <span>
#include <string>
#include <string_view>

namespace postrider::api {

struct RowMember {
  enum class Kind { text, number, boolean, instant, json };
  std::string_view name;
  Kind kind = Kind::text;
};

// {"name": value, ...}: the row's columns from the first one on, in the order of the members. Null columns are null.
void append_row(std::string& out, db::Row row, std::span<RowMember const> members);

// The same answer as list_answer's. The first column is the key that the cursor carries; give up to limit + 1 rows.
http::Response rows_answer(http::Request const& request, Page const& page, db::Rows const& rows, std::span<RowMember const> members);

}  // namespace postrider::api
