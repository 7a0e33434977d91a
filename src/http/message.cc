#include "postrider/http/request.h"
#include "postrider/http/response.h"

#include <algorithm>

namespace postrider::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// No overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view text) {
  auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  for (std::size_t i = 0; i < text.size();) {
    auto const first = byte(i);
    std::size_t length = 1;
    std::uint32_t point = first;
    if (first >= 0x80) {
      length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
      if (first < 0xC2 || first > 0xF4) return false;
      point = first & (0x7FU >> length);
      for (std::size_t k = 1; k < length; ++k) {
        if ((byte(i + k) & 0xC0U) != 0x80U) return false;
        point = point << 6 | (byte(i + k) & 0x3FU);
      }
      if ((length == 3 && point < 0x800) || (length == 4 && point < 0x10000)) return false;
      if ((point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string const* Headers::find(std::string_view name) const {
  for (auto const& [key, value] : entries_)
    if (same_ignoring_case(key, name)) return &value;
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  auto const* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (auto const& [key, value] : entries_)
    if (same_ignoring_case(key, name)) values.emplace_back(value);
  return values;
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  add(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](Entry const& entry) { return same_ignoring_case(entry.first, name); });
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      int const high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      int const low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string const* Query::find(std::string_view name) const {
  for (auto const& [key, value] : entries_)
    if (key == name) return &value;
  return nullptr;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (auto const& [key, value] : entries_)
    if (key == name) values.emplace_back(value);
  return values;
}

Result<Query> Query::parse(std::string_view text) {
  std::vector<Entry> entries;
  while (!text.empty()) {
    auto const end = std::min(text.find('&'), text.size());
    auto const pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    auto const equals = std::min(pair.find('='), pair.size());
    auto name = percent_decoded(pair.substr(0, equals), true);
    auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    auto const bad = [](std::optional<std::string> const& part) {
      return !part || part->find('\0') != std::string::npos || !valid_utf8(*part);
    };
    if (bad(name)) return invalid("a name in the query string is not properly percent-encoded UTF-8");
    if (bad(value)) return invalid_field("?" + *name, "invalid_value", "is not properly percent-encoded UTF-8");
    entries.emplace_back(std::move(*name), std::move(*value));
  }
  return Query(std::move(entries));
}

std::string_view Request::parameter(std::string_view name) const {
  for (auto const& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

Response json_response(int status, std::string json) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(json);
  return response;
}

Response text_response(int status, std::string text, std::string_view content_type) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(content_type));
  response.body = std::move(text);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response redirect(std::string_view location, int status) {
  Response response;
  response.status = status;
  response.headers.add("Location", std::string(location));
  return response;
}

}  // namespace postrider::http
