#include "api/row_json.h"

namespace postrider::api {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  constexpr char const* digits = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"': out += '"'; break;
      case '\\': out += '\\'; break;
      case '\n': out += 'n'; break;
      case '\r': out += 'r'; break;
      case '\t': out += 't'; break;
      default:
        out += "u00";
        out += digits[c >> 4];
        out += digits[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_value(std::string& out, db::Row row, std::size_t column, RowMember::Kind kind) {
  switch (kind) {
    case RowMember::Kind::text: append_escaped(out, row.view(column)); break;
    case RowMember::Kind::number:
    case RowMember::Kind::json: out += row.view(column); break;
    case RowMember::Kind::boolean: out += row.boolean(column) ? "true" : "false"; break;
    case RowMember::Kind::instant:
      out += '"';
      out += to_rfc3339(row.instant(column));
      out += '"';
      break;
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

http::Response rows_answer(http::Request const& request, Page const& page, db::Rows const& rows, std::span<RowMember const> members) {
  auto const count = std::min(rows.size(), static_cast<std::size_t>(page.limit));
  std::string body = "{\"items\":[";
  body.reserve(64 + count * 512);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) body += ',';
    append_row(body, rows[i], members);
  }
  body += "],\"next_cursor\":";
  if (rows.size() > count) {
    std::vector<std::string> const key{rows[count - 1].text(0)};
    append_escaped(body, next_cursor(request, page, key));
  } else {
    body += "null";
  }
  body += '}';
  return http::json_response(200, std::move(body));
}

}  // namespace postrider::api
