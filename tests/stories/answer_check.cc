#include "stories/answer_check.h"

#include "postrider/base/clock.h"
#include "postrider/base/id.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cctype>

namespace postrider::test {

namespace bj = boost::json;

namespace {

class Walk {
 public:
  Walk(bj::object const& schemas, std::vector<std::string>& found) : schemas_(schemas), found_(found) {}

  void check(bj::value const& value, bj::object const& schema, std::string const& where) {
    if (auto const* ref = schema.if_contains("$ref")) {
      std::string const name(ref->get_string().subview(sizeof("#/components/schemas/") - 1));
      auto const* target = schemas_.if_contains(name);
      if (!target) return say(where, "the document has no schema " + name);
      return check(value, target->as_object(), where);
    }
    for (auto const* choice : {"anyOf", "oneOf"})
      if (auto const* choices = schema.if_contains(choice)) return check_choices(value, choices->as_array(), where);
    if (auto const* type = schema.if_contains("type"); type && !fits(value, *type))
      return say(where, bj::serialize(value).substr(0, 60) + " is not of type " + bj::serialize(*type));
    if (auto const* values = schema.if_contains("enum"))
      if (!value.is_null() && std::ranges::find(values->as_array(), value) == values->as_array().end())
        say(where, bj::serialize(value) + " is none of " + bj::serialize(*values));
    if (value.is_string()) check_string(value.get_string(), schema, where);
    if (value.is_array())
      if (auto const* items = schema.if_contains("items"))
        for (std::size_t i = 0; i < value.get_array().size(); ++i) check(value.get_array()[i], items->as_object(), where + "/" + std::to_string(i));
    if (value.is_object()) check_object(value.get_object(), schema, where);
  }

 private:
  void say(std::string const& where, std::string const& what) { found_.push_back((where.empty() ? std::string("/") : where) + ": " + what); }

  static bool is(bj::value const& value, std::string_view type) {
    if (type == "null") return value.is_null();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    if (type == "number") return value.is_number();
    if (type == "array") return value.is_array();
    return type == "object" && value.is_object();
  }

  static bool fits(bj::value const& value, bj::value const& type) {
    if (type.is_string()) return is(value, std::string_view(type.get_string()));
    return std::ranges::any_of(type.as_array(), [&](bj::value const& each) { return is(value, std::string_view(each.as_string())); });
  }

  void check_choices(bj::value const& value, bj::array const& choices, std::string const& where) {
    for (auto const& choice : choices) {
      std::vector<std::string> ignored;
      Walk(schemas_, ignored).check(value, choice.as_object(), where);
      if (ignored.empty()) return;
    }
    say(where, "fits none of the documented forms");
  }

  void check_string(bj::string const& text, bj::object const& schema, std::string const& where) {
    auto const* format = schema.if_contains("format");
    if (!format) return;
    std::string_view const view(text);
    if (format->as_string() == "uuid" && !Uuid::parse(view)) say(where, "is no UUID: " + std::string(view));
    if (format->as_string() == "date-time" && (!parse_instant(view) || !view.ends_with('Z'))) say(where, "is no UTC time: " + std::string(view));
  }

  void check_object(bj::object const& object, bj::object const& schema, std::string const& where) {
    auto const* properties = schema.if_contains("properties");
    auto const* others = schema.if_contains("additionalProperties");
    if (auto const* required = schema.if_contains("required"))
      for (auto const& name : required->as_array())
        if (!object.contains(name.as_string())) say(where, "lacks " + std::string(name.as_string()));
    for (auto const& member : object) {
      std::string const name(member.key());
      if (auto const* known = properties ? properties->as_object().if_contains(member.key()) : nullptr) check(member.value(), known->as_object(), where + "/" + name);
      else if (others && others->is_object()) check(member.value(), others->as_object(), where + "/" + name);
      else if (properties && !(others && others->is_bool() && others->get_bool())) say(where, "has " + name + ", which the document does not know");
    }
  }

  bj::object const& schemas_;
  std::vector<std::string>& found_;
};

}  // namespace

std::vector<std::string> AnswerCheck::differences(std::string_view method, std::string_view pattern, int status, std::string_view media_type,
                                                  bj::value const& body) const {
  std::vector<std::string> found;
  std::string path(pattern);
  for (std::size_t at; (at = path.find("...}")) != std::string::npos;) path.erase(at, 3);
  std::string verb(method == "HEAD" ? "GET" : method);
  std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto const* route = openapi_.at("paths").as_object().if_contains(path);
  auto const* operation = route ? route->as_object().if_contains(verb) : nullptr;
  if (!operation) return {"the document does not know " + std::string(method) + " " + path};
  auto const& answers = operation->at("responses").as_object();
  auto const* answer = answers.if_contains(std::to_string(status));
  if (!answer && status >= 400) answer = answers.if_contains("default");
  if (!answer) return {"the document does not know the status " + std::to_string(status)};
  auto const* content = answer->as_object().if_contains("content");
  if (!content) {
    if (status == 204 && !media_type.empty()) found.push_back("204 has no body");
    return found;  // that every body has a schema is a test of its own
  }
  std::string const type(media_type.substr(0, media_type.find(';')));
  auto const* media = content->as_object().if_contains(type);
  if (!media) return {"the document does not know the media type '" + type + "' for " + std::to_string(status)};
  if (type.ends_with("json")) Walk(openapi_.at("components").at("schemas").as_object(), found).check(body, media->at("schema").as_object(), "");
  return found;
}

}  // namespace postrider::test
