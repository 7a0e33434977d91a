// Boost.JSON's parser with the refusals it lacks: duplicate keys, NUL, numbers beyond double or 64 bits, and too many values.
#include "postrider/json/codec.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include <cmath>
#include <set>

namespace postrider::json {

namespace {

namespace bj = boost::json;

enum class Refusal { none, nul, number, values, members, duplicate };

struct Builder {
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  explicit Builder(Limits const& l, bool keys) : limits(l), track_keys(keys) {}

  bool refuse(Refusal why, bj::error_code& ec) {
    refusal = why;
    ec = bj::error::syntax;
    return false;
  }
  bool value(bj::error_code& ec) { return ++values <= limits.values || refuse(Refusal::values, ec); }
  bool clean(bj::string_view s, bj::error_code& ec) { return s.find('\0') == bj::string_view::npos || refuse(Refusal::nul, ec); }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code& ec) {
    open.push_back(0);
    if (track_keys) keys.emplace_back();
    return value(ec);
  }
  bool on_object_end(std::size_t n, bj::error_code&) {
    stack.push_object(n);
    open.pop_back();
    if (track_keys) keys.pop_back();
    return true;
  }
  bool on_array_begin(bj::error_code& ec) { return value(ec); }
  bool on_array_end(std::size_t n, bj::error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code& ec) {
    if (track_keys) key.append(s.data(), s.size());
    stack.push_chars(s);
    return clean(s, ec);
  }
  bool on_key(bj::string_view s, std::size_t, bj::error_code& ec) {
    ++key_count;
    if (++open.back() > limits.members) return refuse(Refusal::members, ec);
    stack.push_key(s);
    if (track_keys) {
      key.append(s.data(), s.size());
      if (!keys.back().insert(key).second) return refuse(Refusal::duplicate, ec);
      key.clear();
    }
    return clean(s, ec);
  }
  bool on_string_part(bj::string_view s, std::size_t, bj::error_code& ec) {
    stack.push_chars(s);
    return clean(s, ec);
  }
  bool on_string(bj::string_view s, std::size_t, bj::error_code& ec) {
    stack.push_string(s);
    return clean(s, ec) && value(ec);
  }
  bool on_number_part(bj::string_view s, bj::error_code&) {
    note_number(s);
    return true;
  }
  bool on_int64(std::int64_t i, bj::string_view, bj::error_code& ec) {
    fraction = false;
    stack.push_int64(i);
    return value(ec);
  }
  bool on_uint64(std::uint64_t u, bj::string_view, bj::error_code& ec) {
    fraction = false;
    stack.push_uint64(u);
    return value(ec);
  }
  bool on_double(double d, bj::string_view s, bj::error_code& ec) {
    note_number(s);
    // A whole number that needs a double has lost digits.
    if (!std::isfinite(d) || !std::exchange(fraction, false)) return refuse(Refusal::number, ec);
    stack.push_double(d);
    return value(ec);
  }
  bool on_bool(bool b, bj::error_code& ec) {
    stack.push_bool(b);
    return value(ec);
  }
  bool on_null(bj::error_code& ec) {
    stack.push_null();
    return value(ec);
  }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

  void note_number(bj::string_view s) { fraction = fraction || s.find_first_of(".eE") != bj::string_view::npos; }

  Limits limits;
  bool track_keys;
  bj::value_stack stack;
  Refusal refusal = Refusal::none;
  std::size_t values = 0, key_count = 0;
  bool fraction = false;
  std::vector<std::size_t> open;
  std::string key;
  std::vector<std::set<std::string>> keys;
};

std::string reason(Refusal refusal, bj::error_code const& ec, Limits const& limits, std::string const& key) {
  switch (refusal) {
    case Refusal::nul: return "strings must not hold the character U+0000";
    case Refusal::number: return "a number is too large to be kept exactly";
    case Refusal::values: return "there are more than " + std::to_string(limits.values) + " values";
    case Refusal::members: return "an object has more than " + std::to_string(limits.members) + " members";
    case Refusal::duplicate: return "the member '" + key.substr(0, 100) + "' is there twice";
    case Refusal::none: break;
  }
  if (ec == bj::error::too_deep) return "it is nested deeper than " + std::to_string(limits.depth) + " levels";
  if (ec == bj::error::incomplete) return "it ends too early";
  if (ec == bj::error::extra_data) return "there is something after its end";
  if (ec == bj::error::exponent_overflow) return "a number is too large to be kept exactly";
  return ec.message();
}

Error malformed(std::string_view text, std::size_t at, std::string const& why) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return invalid_field("", "malformed_json", "this is not acceptable JSON: " + why + " (line " + std::to_string(line) + ", column " +
                                                 std::to_string(column) + ")");
}

// Keys that survived into the tree: fewer than were read means that one was there twice.
std::size_t keys_in(bj::value const& value) {
  std::size_t count = 0;
  if (auto const* object = value.if_object()) {
    count = object->size();
    for (auto const& member : *object) count += keys_in(member.value());
  } else if (auto const* array = value.if_array()) {
    for (auto const& element : *array) count += keys_in(element);
  }
  return count;
}

Result<bj::value> build(std::string_view text, Limits const& limits, bool track_keys) {
  bj::parse_options options;
  options.max_depth = limits.depth;
  bj::basic_parser<Builder> parser(options, limits, track_keys);
  bj::error_code ec;
  auto& builder = parser.handler();
  builder.stack.reset();
  auto const used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size()) ec = bj::error::extra_data;
  if (ec) return malformed(text, used, reason(builder.refusal, ec, limits, builder.key));
  auto value = builder.stack.release();
  // Objects drop duplicates silently; only when that happened is the text read again to find the place.
  if (!track_keys && keys_in(value) != builder.key_count) return build(text, limits, true);
  return value;
}

// `line_end` is a line's end and the indentation of the value that is being written.
void write_lines(bj::value const& value, std::string const& line_end, std::string& out) {
  auto const inner = line_end + "  ";
  char const* between = "";
  if (auto const* const object = value.if_object(); object && !object->empty()) {
    out += '{';
    for (auto const& member : *object) {
      out += between + inner + bj::serialize(bj::string_view(member.key())) + ": ";
      write_lines(member.value(), inner, out);
      between = ",";
    }
    out += line_end + '}';
  } else if (auto const* const array = value.if_array(); array && !array->empty()) {
    out += '[';
    for (auto const& item : *array) {
      out += between + inner;
      write_lines(item, inner, out);
      between = ",";
    }
    out += line_end + ']';
  } else {
    out += bj::serialize(value);
  }
}

}  // namespace

Result<bj::value> parse(std::string_view text, Limits const& limits) {
  if (text.starts_with("\xEF\xBB\xBF")) return malformed(text, 0, "it begins with a byte order mark; send plain UTF-8");
  return build(text, limits, false);
}

std::string text(bj::value const& value) { return bj::serialize(value); }

std::string lines(bj::value const& value) {
  std::string out;
  write_lines(value, "\n", out);
  out += '\n';
  return out;
}

}  // namespace postrider::json
