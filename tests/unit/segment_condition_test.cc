#include "postrider/segments/compile.h"
#include "postrider/segments/condition.h"
#include "support/results.h"
#include "support/source_tree.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>


#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace postrider;
using namespace postrider::segments;

namespace {

// "pointer code" of every mistake, in order.
std::string mistakes(std::string const& text) {
  auto const parsed = parse_condition(boost::json::parse(text), "/conditions");
  if (parsed) return "";
  std::string all;
  for (auto const& field : parsed.error().fields) all += (all.empty() ? "" : "; ") + field.pointer + " " + field.code;
  return all;
}

std::string nested(int depth) {
  std::string text = R"({"type":"tag","tag":"a"})";
  for (int i = 1; i < depth; ++i) text = R"({"not":)" + text + "}";
  return text;
}

std::string many(std::string const& item, int count) {
  std::string list = "[";
  for (int i = 0; i < count; ++i) list += (i ? "," : "") + item;
  return list + "]";
}

std::string worded(db::Parameter const& parameter) {
  auto const& value = parameter.value();
  if (auto const* const text = std::get_if<std::string>(&value)) return *text;
  if (auto const* const whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (auto const* const real = std::get_if<double>(&value)) return boost::json::serialize(boost::json::value(*real));
  if (auto const* const list = std::get_if<db::TextArray>(&value)) return boost::json::serialize(boost::json::array(list->items.begin(), list->items.end()));
  return "null";
}

}  // namespace

TEST_CASE("segments: a condition is refused with every mistake and where it stands") {
  CHECK(mistakes(R"([])") == "/conditions wrong_type");
  CHECK(mistakes(R"({})") == "/conditions/type required");
  CHECK(mistakes(R"({"type":"weather"})") == "/conditions/type invalid_value");
  CHECK(mistakes(R"({"and":[]})") == "/conditions/and wrong_type");
  CHECK(mistakes(R"({"and":[{"type":"tag","tag":"a"}],"or":[]})") == "/conditions/or unknown_field");
  CHECK(mistakes(R"({"type":"tag","tag":"a","colour/~":1})") == "/conditions/colour~1~0 unknown_field");
  CHECK(mistakes(R"({"or":[{"type":"tag"},{"not":{"type":"segment","segment_id":"x"}},{"type":"consent","channel":"fax","consent_type":"marketing","status":"granted"}]})") ==
        "/conditions/or/0/tag required; /conditions/or/1/not/segment_id invalid_value; /conditions/or/2/channel invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"industry","operator":"is","value":"SaaS"})") == "/conditions/operator invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"industry","operator":"equals"})") == "/conditions/value required");
  CHECK(mistakes(R"({"type":"attribute","field":"industry","operator":"exists","value":1})") == "/conditions/value unknown_field");
  CHECK(mistakes(R"({"type":"attribute","field":"a b","operator":"exists"})") == "/conditions/field invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"attributes.a'b","operator":"exists"})") == "/conditions/field invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"tags","operator":"contains","value":"a"})") == "/conditions/field invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"created_at","operator":"contains","value":"a"})") == "/conditions/operator invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"created_at","operator":"before","value":"yesterday"})") == "/conditions/value invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"first_name","operator":"within_last","value":"3d"})") == "/conditions/operator invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"lead_id","operator":"equals","value":"x"})") == "/conditions/value invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"seen","operator":"within_last","value":"3 days"})") == "/conditions/value invalid_value");
  CHECK(mistakes(R"({"type":"attribute","field":"score","operator":"between","value":[1]})") == "/conditions/value wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"score","operator":"between","value":[1,"a"]})") == "/conditions/value wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"score","operator":"in","value":[1,null,{}]})") == "/conditions/value/1 wrong_type; /conditions/value/2 wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"score","operator":"greater_than","value":true})") == "/conditions/value wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"name","operator":"contains","value":""})") == "/conditions/value wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"name","operator":"equals","value":"a\u0000b"})") == "/conditions/value too_long");
  CHECK(mistakes(R"({"type":"event","event":"Opened!"})") == "/conditions/event invalid_value");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","within":"soon","campaign_id":"x","count":{"at_least":-1}})") ==
        "/conditions/within invalid_value; /conditions/campaign_id invalid_value; /conditions/count/at_least out_of_range");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","count":{}})") == "/conditions/count wrong_type");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","count":{"exactly":2,"at_least":1}})") == "/conditions/count invalid_value");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","count":{"at_least":3,"at_most":2}})") == "/conditions/count out_of_range");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","where":{"plan":[]}})") == "/conditions/where/plan wrong_type");
  CHECK(mistakes(R"({"type":"event","event":"email_opened","where":{"plan":{"operator":"equals","value":1,"more":2}}})") == "/conditions/where/plan/more unknown_field");
}

TEST_CASE("segments: conditions have limits, and say so") {
  CHECK(mistakes(nested(10)) == "");
  CHECK(mistakes(nested(11)).ends_with(" too_long"));
  CHECK(mistakes(R"({"and":)" + many(R"({"type":"tag","tag":"a"})", 100) + "}") == "");
  CHECK(mistakes(R"({"and":)" + many(R"({"type":"tag","tag":"a"})", 101) + "}") == "/conditions/and/100 too_long");
  CHECK(mistakes(R"({"and":)" + many(R"({"type":"tag","tag":"a"})", 100000) + "}") == "/conditions/and/100 too_long");
  CHECK(mistakes(R"({"type":"attribute","field":"a","operator":"in","value":)" + many("1", 1000) + "}") == "");
  CHECK(mistakes(R"({"type":"attribute","field":"a","operator":"in","value":)" + many("1", 1001) + "}") == "/conditions/value wrong_type");
  CHECK(mistakes(R"({"type":"attribute","field":"a","operator":"equals","value":")" + std::string(1000, 'x') + "\"}") == "");
  CHECK(mistakes(R"({"type":"attribute","field":"a","operator":"equals","value":")" + std::string(1001, 'x') + "\"}") == "/conditions/value too_long");
}

TEST_CASE("segments: an own column's name means the column, attributes.NAME the attribute") {
  auto const own = parse_condition(boost::json::parse(R"({"type":"attribute","field":"email","operator":"exists"})"), "");
  auto const attribute = parse_condition(boost::json::parse(R"({"type":"attribute","field":"attributes.email","operator":"exists"})"), "");
  REQUIRE(own);
  REQUIRE(attribute);
  CHECK(own->field_kind == FieldKind::text);
  CHECK(attribute->field_kind == FieldKind::json);
  CHECK(attribute->field == "email");
}

// The generated SQL, word for word: whoever changes it sees what he changes. POSTRIDER_WRITE_GOLDEN=1 writes it anew.
TEST_CASE("segments: the compiled SQL is the one in tests/golden, and holds no word of the user") {
  char const* const conditions[] = {
      R"({"type":"attribute","field":"industry","operator":"equals","value":"O'Hara"})",
      R"({"type":"attribute","field":"attributes.zip","operator":"equals","value":"10115"})",
      R"({"type":"attribute","field":"active","operator":"equals","value":true})",
      R"({"type":"attribute","field":"score","operator":"not_equals","value":5.5})",
      R"({"type":"attribute","field":"country","operator":"in","value":["IT","DE",7,"8"]})",
      R"({"type":"attribute","field":"email","operator":"ends_with","value":"@Example.NET"})",
      R"({"type":"attribute","field":"address.city","operator":"contains","value":"Köln"})",
      R"({"type":"attribute","field":"list","operator":"contains","value":5})",
      R"({"type":"attribute","field":"score","operator":"greater_than","value":20})",
      R"({"type":"attribute","field":"score","operator":"less_or_equal","value":"20"})",
      R"({"type":"attribute","field":"score","operator":"between","value":[1,9]})",
      R"({"type":"attribute","field":"seen","operator":"before","value":"2026-03-01T10:00:00+02:00"})",
      R"({"type":"attribute","field":"created_at","operator":"not_within_last","value":"30d"})",
      R"({"type":"attribute","field":"lead_id","operator":"not_in","value":["00000000-0000-7000-8000-000000000009"]})",
      R"({"type":"attribute","field":"tracking","operator":"equals","value":false})",
      R"({"type":"attribute","field":"phone","operator":"not_exists"})",
      R"({"type":"tag","tag":"it's"})",
      R"({"not":{"type":"tag","tag":"vip"}})",
      R"({"type":"segment","segment_id":"00000000-0000-7000-8000-000000000009"})",
      R"({"not":{"type":"consent","channel":"email","consent_type":"marketing","status":"denied"}})",
      R"({"type":"consent","channel":"email","consent_type":"marketing","status":"granted"})",
      R"({"type":"event","event":"email_opened","within":"24h","count":{"at_least":2},"campaign_id":"00000000-0000-7000-8000-000000000008"})",
      R"({"type":"event","event":"order.placed","where":{"plan":"team","amount":{"operator":"greater_than","value":100}}})",
      R"({"not":{"type":"event","event":"email_opened","within":"30d"}})",
      R"({"or":[{"type":"event","event":"email_opened"},{"type":"event","event":"email_clicked","count":{"at_most":0}}]})",
      R"({"type":"event","event":"email_clicked","count":{"exactly":3}})",
      R"({"not":{"and":[{"type":"tag","tag":"a"},{"or":[{"type":"tag","tag":"b"},{"not":{"type":"tag","tag":"c"}}]}]}})",
  };
  auto const now = *parse_instant("2026-03-02T10:00:00Z");
  std::ostringstream out;
  for (auto const* const text : conditions) {
    auto const condition = parse_condition(boost::json::parse(text), "/conditions");
    REQUIRE(condition);
    out << text << "\n";
    for (auto const dialect : {db::Dialect::postgres, db::Dialect::sqlite}) {
      auto const compiled = compile(*condition, Scope(), dialect, now, 2);
      out << "  " << (dialect == db::Dialect::postgres ? "postgres: " : "sqlite:   ") << compiled.text << "\n            ";
      for (std::size_t i = 0; i < compiled.parameters.size(); ++i) out << (i ? ", " : "") << "$" << i + 2 << " = " << worded(compiled.parameters[i]);
      out << "\n";
    }
  }
  auto const file = test::source_tree() / "tests/golden/segment_conditions.txt";
  if (std::getenv("POSTRIDER_WRITE_GOLDEN")) std::ofstream(file) << out.str();
  std::ostringstream golden;
  golden << std::ifstream(file).rdbuf();
  CHECK(out.str() == golden.str());
}
