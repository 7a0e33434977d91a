#include "postrider/json/codec.h"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "support/results.h"

using namespace postrider;
namespace bj = boost::json;

namespace json_codec_test {

enum class Channel { email, sms, push };
BOOST_DESCRIBE_ENUM(Channel, email, sms, push)

struct Address {
  std::string street;
  std::optional<std::string> city;
};
BOOST_DESCRIBE_STRUCT(Address, (), (street, city))

struct Wanted {
  std::string name;
  std::optional<int> age;
  bool active = false;
  std::uint8_t small = 0;
  std::int64_t large = 0;
  double score = 0;
  std::vector<Address> addresses;
  std::map<std::string, int> counts;
  Channel channel = Channel::email;
  ContactId contact;
  Instant at{};
  Duration within{};
  bj::value anything;
  bj::object attributes;
  json::Defaulted<int> limit = 50;
  static constexpr json::Rule json_rules[] = {json::length("name", 1, 5), json::range("limit", 1, 500), json::items("addresses", 0, 2)};
  static constexpr std::string_view json_read_only[] = {"id", "created_at"};
};
BOOST_DESCRIBE_STRUCT(Wanted, (),
                      (name, age, active, small, large, score, addresses, counts, channel, contact, at, within, anything, attributes,
                       limit))

struct Patch {
  json::Field<std::string> phone;
  json::Given<std::string> name;
};
BOOST_DESCRIBE_STRUCT(Patch, (), (phone, name))

struct Period {
  int from = 0, to = 0;
};
BOOST_DESCRIBE_STRUCT(Period, (), (from, to))
void validate(Period const& period, json::Problems& problems) {
  if (period.to < period.from) problems.add("to", "invalid_value", "must not lie before from");
}
struct Periods {
  std::vector<Period> periods;
};
BOOST_DESCRIBE_STRUCT(Periods, (), (periods))

struct Node {
  std::string id;
  std::vector<Node> children;
};
BOOST_DESCRIBE_STRUCT(Node, (), (id, children))

struct Base {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))
struct Derived : Base {
  int more = 0;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (more))

struct WithSecret {
  Secret password;
};
BOOST_DESCRIBE_STRUCT(WithSecret, (), (password))

std::string const good = R"({"name":"Ada","age":null,"active":true,"small":255,"large":-9223372036854775808,"score":1,
  "addresses":[{"street":"A","city":"B"},{"street":"C"}],"counts":{"x":1},"channel":"sms",
  "contact":"0198c5a2-7d1e-7000-8000-3f2b1a0c9d8e","at":"2026-11-22T11:00:00+01:00","within":"24h","anything":[1],"attributes":{"k":null}})";

std::string codes(Error const& error) {
  std::string all;
  for (auto const& field : error.fields) all += field.pointer + ":" + field.code + " ";
  return all;
}

}  // namespace json_codec_test

using namespace json_codec_test;

TEST_CASE("json: a complete struct is read, and written back the same") {
  auto const read = json::read<Wanted>(good);
  REQUIRE(read);
  CHECK(read->name == "Ada");
  CHECK_FALSE(read->age);
  CHECK(read->small == 255);
  CHECK(read->large == std::numeric_limits<std::int64_t>::min());
  CHECK(read->score == 1.0);
  REQUIRE(read->addresses.size() == 2);
  CHECK(read->addresses[0].city == "B");
  CHECK_FALSE(read->addresses[1].city);
  CHECK(read->counts.at("x") == 1);
  CHECK(read->channel == Channel::sms);
  CHECK(read->contact.str() == "0198c5a2-7d1e-7000-8000-3f2b1a0c9d8e");
  CHECK(to_rfc3339(read->at) == "2026-11-22T10:00:00Z");
  CHECK(read->within == std::chrono::hours(24));
  CHECK(read->limit == 50);

  auto const again = json::decode<Wanted>(json::encode(*read));
  REQUIRE(again);
  CHECK(json::write(*again) == json::write(*read));
  CHECK(json::encode(*read).at("age").is_null());
  CHECK(json::encode(*read).at("at") == "2026-11-22T10:00:00Z");
  CHECK(json::encode(*read).at("channel") == "sms");
}

TEST_CASE("json: every mistake is reported at once, each by its pointer") {
  auto const read = json::read<Wanted>(R"({"name":"","age":"x","active":1,"small":256,"large":1.5,"score":"a","id":"1","extra/~":1,
    "addresses":[{"street":1,"zip":2},{}],"counts":{"x":"y"},"channel":"fax","contact":"1","at":"2026-11-22T10:00:00","within":"soon",
    "attributes":[],"limit":501})");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::invalid);
  CHECK(codes(read.error()) ==
        "/age:wrong_type /active:wrong_type /small:out_of_range /large:wrong_type /score:wrong_type /addresses/0/street:wrong_type "
        "/addresses/0/zip:unknown_field /addresses/1/street:required /counts/x:wrong_type /channel:invalid_value /contact:invalid_value "
        "/at:invalid_value /within:invalid_value /anything:required /attributes:wrong_type /id:read_only /extra~1~0:unknown_field "
        "/name:too_short /limit:out_of_range ");
  for (auto const& field : read.error().fields)
    if (field.pointer == "/channel") CHECK(field.message == "must be one of: email, sms, push");
}

TEST_CASE("json: a patch tells absent from null from a value") {
  auto const none = json::read<Patch>("{}");
  REQUIRE(none);
  CHECK(none->phone.absent());
  CHECK(none->name.absent());
  CHECK(json::write(*none) == "{}");
  auto const null = json::read<Patch>(R"({"phone":null})");
  REQUIRE(null);
  CHECK(null->phone.is_null());
  CHECK(null->phone.over("old") == std::nullopt);
  CHECK(json::write(*null) == R"({"phone":null})");
  auto const value = json::read<Patch>(R"({"phone":"1","name":"n"})");
  REQUIRE(value);
  CHECK(*value->phone == "1");
  CHECK(value->name.over("old") == "n");
  auto const refused = json::read<Patch>(R"({"name":null})");
  REQUIRE_FALSE(refused);
  CHECK(codes(refused.error()) == "/name:wrong_type ");
}

TEST_CASE("json: a struct's own validate speaks of its members wherever the struct stands") {
  auto const read = json::read<Periods>(R"({"periods":[{"from":1,"to":2},{"from":2,"to":1}]})");
  REQUIRE_FALSE(read);
  CHECK(codes(read.error()) == "/periods/1/to:invalid_value ");
}

TEST_CASE("json: a body with thousands of mistakes lists a hundred") {
  std::string body = "{\"periods\":[";
  for (int i = 0; i < 5000; ++i) body += i ? ",1" : "1";
  auto const read = json::read<Periods>(body + "]}");
  REQUIRE_FALSE(read);
  CHECK(read.error().fields.size() == 100);
  CHECK(read.error().fields.back().code == "too_many_errors");
}

TEST_CASE("json: integers may be written with a fraction of zero, and are range checked") {
  CHECK(json::read<std::int32_t>("5.0").value() == 5);
  CHECK(json::read<std::int32_t>("1e3").value() == 1000);
  CHECK_FALSE(json::read<std::int32_t>("2147483648"));
  CHECK_FALSE(json::read<std::uint32_t>("-1"));
  CHECK(json::read<std::uint64_t>("18446744073709551615").value() == 18446744073709551615ULL);
  CHECK_FALSE(json::read<std::int64_t>("9223372036854775808"));
  CHECK_FALSE(json::read<std::int64_t>("1e300"));
  CHECK_FALSE(json::read<bool>("1"));
}

TEST_CASE("json: inherited members, structs that hold themselves, and secrets") {
  auto const derived = json::read<Derived>(R"({"id":"a","more":2})");
  REQUIRE(derived);
  CHECK(json::write(*derived) == R"({"id":"a","more":2})");
  CHECK(json::read<Node>(R"({"id":"a","children":[{"id":"b","children":[]}]})")->children[0].id == "b");
  CHECK(json::read<WithSecret>(R"({"password":"p"})")->password.reveal() == "p");
}

TEST_CASE("json: a string over a million bytes is too long") {
  auto const read = json::read<Address>("{\"street\":\"" + std::string(1'000'001, 'x') + "\"}");
  REQUIRE_FALSE(read);
  CHECK(codes(read.error()) == "/street:too_long ");
}

TEST_CASE("json: names of enumerators") {
  CHECK(json::name_of(Channel::push) == "push");
  CHECK(json::named<Channel>("sms") == Channel::sms);
  CHECK_FALSE(json::named<Channel>("SMS"));
  CHECK(json::name_of(static_cast<Channel>(9)).empty());
}

TEST_CASE("json: the schema comes from the same description") {
  json::Schemas schemas;
  CHECK(json::text(schemas.request<Wanted>()) == R"({"$ref":"#/components/schemas/Wanted"})");
  auto const all = schemas.named();
  auto const& wanted = all.at("Wanted").as_object();
  CHECK(wanted.at("additionalProperties") == false);
  auto const& properties = wanted.at("properties").as_object();
  CHECK(json::text(properties.at("name")) == R"({"type":"string","minLength":1,"maxLength":5})");
  CHECK(json::text(properties.at("age")) == R"({"type":["integer","null"],"format":"int32"})");
  CHECK(json::text(properties.at("limit")) == R"({"type":"integer","format":"int32","minimum":1,"maximum":500,"default":50})");
  CHECK(json::text(properties.at("channel")) == R"({"$ref":"#/components/schemas/Channel"})");
  CHECK(json::text(properties.at("addresses")) == R"({"type":"array","items":{"$ref":"#/components/schemas/Address"},"maxItems":2})");
  CHECK(json::text(all.at("Channel")) == R"({"type":"string","enum":["email","sms","push"]})");
  CHECK(json::text(wanted.at("required")) ==
        R"(["name","active","small","large","score","addresses","counts","channel","contact","at","within","anything","attributes"])");
  CHECK(json::text(all.at("Address").at("required")) == R"(["street"])");

  json::Schemas answers;
  answers.answer<Wanted>();
  answers.answer<Patch>();
  CHECK(json::text(answers.named().at("Address").at("required")) == R"(["street","city"])");
  CHECK_FALSE(answers.named().at("Patch").as_object().contains("required"));
  CHECK(answers.answer_name<Node>() == "Node");
  CHECK(
      json::text(json::schema<Address>()) ==
      R"({"type":"object","properties":{"street":{"type":"string"},"city":{"type":["string","null"]}},"required":["street"],"additionalProperties":false})");
}
