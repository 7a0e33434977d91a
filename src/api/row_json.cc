#include "api/row_json.h"

#include <algorithm>

namespace postrider::api {

namespace {

bool plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_escaped(std::string& out, std::string_view text) {
  constexpr char const* digits = "0123456789abcdef";
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (plain(text[i])) continue;
    auto const c = static_cast<unsigned char>(text[i]);
    out.append(text, written, i - written);
    written = i + 1;
    out += '\\';
    switch (c) {
      case '"': out += '"'; break;
      case '\\': out += '\\'; break;
      case '\b': out += 'b'; break;
      case '\f': out += 'f'; break;
      case '\n': out += 'n'; break;
      case '\r': out += 'r'; break;
      case '\t': out += 't'; break;
      default:
        out += "u00";
        out += digits[c >> 4];
        out += digits[c & 15];
    }
  }
  out.append(text, written, text.size() - written);
  out += '"';
}

// PostgreSQL's "2026-11-26 06:32:48.123456+00" and SQLite's "2026-11-26T06:32:48.123456Z" have their digits in the same places; what is
// spelled otherwise is read and written again.
void append_instant(std::string& out, db::Row row, std::size_t column) {
  auto text = row.view(column);
  auto const ended = [&text](std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
  };
  bool const utc = ended("+00") || ended("Z");
  out += '"';
  if (!utc || text.size() < 19 || text.size() > 26 || text[4] != '-' || text[13] != ':') {
    out += to_rfc3339(row.instant(column));
  } else {
    out.append(text, 0, 10);
    out += 'T';
    out.append(text, 11, 8);
    // Whole seconds, milliseconds or microseconds, as to_rfc3339 spells them; PostgreSQL leaves out zeros at the end.
    auto fraction = text.size() > 20 ? text.substr(20) : std::string_view();
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    if (!fraction.empty()) {
      out += '.';
      out += fraction;
      out.append((fraction.size() > 3 ? 6 : 3) - fraction.size(), '0');
    }
    out += 'Z';
  }
  out += '"';
}

void append_value(std::string& out, db::Row row, std::size_t column, RowMember::Kind kind) {
  switch (kind) {
    case RowMember::Kind::text: append_escaped(out, row.view(column)); break;
    case RowMember::Kind::number:
    case RowMember::Kind::json: out += row.view(column); break;
    case RowMember::Kind::boolean: out += row.boolean(column) ? "true" : "false"; break;
    case RowMember::Kind::instant: append_instant(out, row, column); break;
  }
}

}  // namespace

void append_row(std::string& out, db::Row row, std::span<RowMember const> members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    out += i == 0 ? "{\"" : ",\"";
    out += members[i].name;
    out += "\":";
    if (row.is_null(i)) out += "null";
    else append_value(out, row, i, members[i].kind);
  }
  out += '}';
}

http::Response row_answer(db::Row row, std::span<RowMember const> members) {
  std::string body;
  body.reserve(1024);
  append_row(body, row, members);
  return http::json_response(200, std::move(body));
}

http::Response list_of_rows(db::Rows const& rows, std::size_t limit, std::span<RowMember const> members, std::string_view cursor) {
  auto const count = std::min(rows.size(), limit);
  std::string body;
  body.reserve(64 + count * 640);
  body += "{\"items\":[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    append_row(body, rows[i], members);
  }
  body += "],\"next_cursor\":";
  if (cursor.empty()) body += "null";
  else append_escaped(body, cursor);
  body += '}';
  return http::json_response(200, std::move(body));
}

}  // namespace postrider::api
