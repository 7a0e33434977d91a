// JSON of requests: what is taken is written the same again, and decoding names every mistake.
#include "fuzz/target.h"
#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/json/codec.h"

#include <boost/describe.hpp>

#include <map>

namespace postrider::fuzz {

namespace {

struct Inner {
  std::string name;
  std::optional<std::int64_t> count;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, count))
struct Outer {
  std::string text;
  std::optional<bool> yes;
  std::optional<double> number;
  std::optional<ContactId> id;
  std::optional<Instant> at;
  std::optional<Duration> span;
  std::optional<std::vector<Inner>> list;
  std::optional<std::map<std::string, std::string>> names;
  std::optional<boost::json::object> any;
  static constexpr json::Rule json_rules[] = {json::length("text", 1, 200), json::range("number", -1e6, 1e6)};
};
BOOST_DESCRIBE_STRUCT(Outer, (), (text, yes, number, id, at, span, list, names, any))

}  // namespace

void feed(std::string_view bytes) {
  auto const value = json::parse(bytes);
  if (!value) return;
  auto const written = json::text(*value);
  auto const again = json::parse(written);
  require(again.has_value() && *again == *value, "what was written is read the same");
  auto const lines = json::parse(json::lines(*value));
  require(lines.has_value() && *lines == *value, "what was written on lines is read the same");
  auto const decoded = json::decode<Outer>(*value);
  if (!decoded) {
    require(!decoded.error().fields.empty() && decoded.error().fields.size() <= 101, "mistakes are named, and not without end");
    return;
  }
  auto const encoded = json::encode(*decoded);
  auto const round = json::decode<Outer>(encoded);
  require(round.has_value() && json::encode(*round) == encoded, "what was encoded is decoded the same");
}

std::vector<Pattern> patterns() {
  return {{"[", "1,", "1]"},       {"", "[", ""},        {"{", "\"a\":1,", ""},  {"\"", "\\u00e9", "\""}, {"\"", "\xc3\xa9", "\""},
          {"", "9", ""},           {"0.", "0", "1"},     {"", " ", "1"},         {"[", "{},", "{}]"},      {R"({"text":"x","list":[)", "{},", "{}]}"},
          {R"({"text":")", "x", "\"}"}, {R"({"text":"x","names":)" , "[]", ""}};
}

}  // namespace postrider::fuzz
