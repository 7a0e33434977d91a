#include "postrider/json/codec.h"

#include "support/results.h"

#include <fstream>

using namespace postrider;

namespace {

std::string refusal(std::string_view text, json::Limits const& limits = {}) {
  auto const read = json::parse(text, limits);
  if (read) return "accepted: " + json::text(*read);
  REQUIRE(read.error().code == Code::invalid);
  REQUIRE(read.error().fields.size() == 1);
  CHECK(read.error().fields[0].code == "malformed_json");
  return read.error().message;
}

long resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long kilobytes = 0;
  while (status >> word)
    if (word == "VmRSS:") status >> kilobytes;
  return kilobytes;
}

}  // namespace

TEST_CASE("json: what RFC 8259 allows is read") {
  for (auto const* text : {"{}", "[]", " [1, 2.5, -0, 1e5, true, null, \"\\u00e4\\ud83d\\ude00\"] \n", "\"x\"", "0", "{\"a\":{\"a\":1}}"})
    CHECK(json::parse(text));
}

TEST_CASE("json: what is not JSON is refused with its place") {
  CHECK_THAT(refusal("{\"a\": 1,\n  \"b\": x}"), Catch::Contains("line 2, column 8"));
  CHECK_THAT(refusal(""), Catch::Contains("ends too early"));
  CHECK_THAT(refusal("{\"a\":"), Catch::Contains("ends too early"));
  CHECK_THAT(refusal("{} x"), Catch::Contains("after its end"));
  CHECK_THAT(refusal("\xEF\xBB\xBF{}"), Catch::Contains("byte order mark"));
  for (auto const* text : {"{'a':1}", "[1,]", "{\"a\":1,}", "[01]", "[+1]", "[.5]", "[1.]", "[NaN]", "[Infinity]", "/*x*/{}", "[\"\t\"]",
                           "[\"\xff\"]", "[\"\xc0\x80\"]", "[\"\\x\"]", "tru", "{\"a\"}", "{1:1}", "[1 2]"})
    CHECK_THAT(refusal(text), Catch::StartsWith("this is not acceptable JSON"));
}

TEST_CASE("json: duplicate keys are refused wherever they stand") {
  CHECK_THAT(refusal(R"({"a":1,"a":1})"), Catch::Contains("'a' is there twice") && Catch::Contains("column 10"));
  CHECK_THAT(refusal(R"({"b":[{"x":{"k":1,"l":2,"\u006b":3}}]})"), Catch::Contains("'k' is there twice"));
  CHECK(json::parse(R"({"a":{"a":1},"b":{"a":1}})"));
}

TEST_CASE("json: NUL, lone surrogates and numbers that cannot be kept are refused") {
  CHECK_THAT(refusal(R"(["a\u0000b"])"), Catch::Contains("U+0000"));
  CHECK_THAT(refusal(R"({"a\u0000":1})"), Catch::Contains("U+0000"));
  CHECK_THAT(refusal(std::string_view("[\"a\0b\"]", 7)), Catch::StartsWith("this is not acceptable JSON"));
  for (auto const* text : {R"(["\ud800"])", R"(["\udc00"])", R"(["\ud800\ud800"])", R"(["\ud800x"])"})
    CHECK_THAT(refusal(text), Catch::StartsWith("this is not"));
  for (auto const* text : {"[1e400]", "[-1e400]", "[1e99999999999]", "[18446744073709551616]", "[-9223372036854775809]"})
    CHECK_THAT(refusal(text), Catch::Contains("too large"));
  CHECK(json::parse("[1e-400, 18446744073709551615, -9223372036854775808, 1.7976931348623157e308]"));
}

TEST_CASE("json: bombs are refused without growing") {
  std::string const deep(100'000, '[');
  std::string deep_objects;
  for (int i = 0; i < 20'000; ++i) deep_objects += "{\"a\":";
  std::string keys = "{";
  for (int i = 0; i < 1'000'000; ++i) keys += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  std::string wide = "[";
  for (int i = 0; i < 1'000'000; ++i) wide += i ? ",[]" : "[]";
  std::string const digits = "[" + std::string(10'000'000, '9') + "]";
  std::string const decimals = "[0." + std::string(10'000'000, '0') + "1e1]";
  auto const before = resident_kilobytes();
  CHECK_THAT(refusal(deep), Catch::Contains("nested deeper than 32"));
  CHECK_THAT(refusal(deep_objects), Catch::Contains("nested deeper than 32"));
  CHECK_THAT(refusal(keys), Catch::Contains("more than 10000 members"));
  CHECK_THAT(refusal(wide), Catch::Contains("more than 500000 values"));
  CHECK_THAT(refusal(digits), Catch::Contains("too large"));
  CHECK(json::parse(decimals));
  CHECK(resident_kilobytes() - before < 64 * 1024);
}
