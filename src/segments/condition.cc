#include "postrider/segments/condition.h"

#include "postrider/events/event_log.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace postrider::segments {

namespace {

namespace json = boost::json;

constexpr int deepest = 10;
constexpr int most_nodes = 200;
constexpr std::array<std::string_view, 18> operators{"equals",       "not_equals",    "in",        "not_in",     "contains", "not_contains", "starts_with", "ends_with", "greater_than",
                                                     "greater_or_equal", "less_than", "less_or_equal", "between", "exists",   "not_exists",   "before",      "after",     "within_last"};

class Parser {
 public:
  std::vector<FieldError> mistakes;

  Condition parse(json::value const& value, std::string const& at, int depth) {
    Condition c;
    if (++nodes_ > most_nodes) return fail(at, "too_long", "a condition has at most 200 parts");
    if (depth > deepest) return fail(at, "too_long", "conditions nest at most 10 deep");
    auto const* const object = value.if_object();
    if (!object) return fail(at, "wrong_type", "a condition is an object");
    for (auto const& [word, kind] : {std::pair{"and", Condition::Kind::all}, std::pair{"or", Condition::Kind::any}}) {
      auto const* const parts = object->if_contains(word);
      if (!parts) continue;
      only(*object, at, {word});
      c.kind = kind;
      auto const* const list = parts->if_array();
      if (!list || list->empty()) return fail(at + "/" + word, "wrong_type", "needs a list of at least one condition");
      for (std::size_t i = 0; i < list->size(); ++i) c.parts.push_back(parse((*list)[i], at + "/" + word + "/" + std::to_string(i), depth + 1));
      return c;
    }
    if (auto const* const part = object->if_contains("not")) {
      only(*object, at, {"not"});
      c.kind = Condition::Kind::none;
      c.parts.push_back(parse(*part, at + "/not", depth + 1));
      return c;
    }
    auto const type = text(*object, at, "type");
    if (type == "attribute") attribute(*object, at, c);
    else if (type == "event") event(*object, at, c);
    else if (type == "segment") {
      only(*object, at, {"type", "segment_id"});
      c.kind = Condition::Kind::segment;
      auto const id = SegmentId::parse(text(*object, at, "segment_id"));
      if (id) c.segment = *id;
      else fail(at + "/segment_id", "wrong_type", "must be a segment's id");
    } else if (type == "tag") {
      only(*object, at, {"type", "tag"});
      c.kind = Condition::Kind::tag;
      c.tag = text(*object, at, "tag");
    } else if (type == "consent") {
      only(*object, at, {"type", "channel", "consent_type", "status"});
      c.kind = Condition::Kind::consent;
      c.channel = one_of(*object, at, "channel", {"email", "sms", "push"});
      c.consent_type = one_of(*object, at, "consent_type", {"marketing", "transactional"});
      c.status = one_of(*object, at, "status", {"granted", "denied", "pending"});
    } else {
      fail(at + "/type", "invalid_value", "must be attribute, event, segment, tag or consent; or use and, or, not");
    }
    return c;
  }

 private:
  Condition fail(std::string pointer, std::string code, std::string message) {
    mistakes.push_back(FieldError{std::move(pointer), std::move(code), std::move(message)});
    return Condition();
  }

  void only(json::object const& object, std::string const& at, std::initializer_list<std::string_view> known) {
    for (auto const& member : object)
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        fail(at + "/" + std::string(member.key()), "unknown_field", "is not part of this condition");
  }

  std::string text(json::object const& object, std::string const& at, std::string_view key) {
    auto const* const value = object.if_contains(key);
    auto const* const string = value ? value->if_string() : nullptr;
    if (string && !string->empty() && string->size() <= 1000) return std::string(*string);
    fail(at + "/" + std::string(key), value ? "wrong_type" : "required", "must be a text of 1 to 1000 bytes");
    return {};
  }

  std::string one_of(json::object const& object, std::string const& at, std::string_view key, std::initializer_list<std::string_view> known) {
    auto const value = text(object, at, key);
    if (!value.empty() && std::ranges::find(known, value) == known.end()) fail(at + "/" + std::string(key), "invalid_value", "'" + value + "' is not known here");
    return value;
  }

  static bool is_scalar(json::value const& value) { return value.is_string() || value.is_number() || value.is_bool(); }

  void attribute(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "field", "operator", "value"});
    c.kind = Condition::Kind::attribute;
    c.field = text(object, at, "field");
    if (c.field.starts_with("attributes.")) c.field = c.field.substr(11);
    c.op = text(object, at, "operator");
    if (c.op.empty()) return;
    if (std::ranges::find(operators, c.op) == operators.end() && c.op != "not_within_last") {
      fail(at + "/operator", "invalid_value", "there is no operator '" + c.op + "'");
      return;
    }
    auto const* const value = object.if_contains("value");
    if (c.op == "exists" || c.op == "not_exists") return;
    if (!value || value->is_null()) {
      fail(at + "/value", "required", "operator " + c.op + " needs a value");
      return;
    }
    bool const list = c.op == "in" || c.op == "not_in" || c.op == "between";
    if (list) {
      auto const* const array = value->if_array();
      if (!array || array->empty() || array->size() > 1000 || !std::ranges::all_of(*array, is_scalar) || (c.op == "between" && array->size() != 2)) {
        fail(at + "/value", "wrong_type", c.op == "between" ? "between needs a list of two values" : "needs a list of 1 to 1000 texts, numbers or booleans");
        return;
      }
      for (auto const& item : *array) c.values.push_back(item);
      return;
    }
    if (!is_scalar(*value)) {
      fail(at + "/value", "wrong_type", "must be a text, a number or a boolean");
      return;
    }
    if ((c.op == "within_last" || c.op == "not_within_last") && (!value->is_string() || !parse_duration(value->as_string()))) {
      fail(at + "/value", "invalid_value", "must be a duration like 24h or 30d");
      return;
    }
    c.values.push_back(*value);
  }

  void event(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "event", "within", "count", "campaign_id", "where"});
    c.kind = Condition::Kind::event;
    c.event = text(object, at, "event");
    if (!c.event.empty() && !events::is_documented(c.event) && !events::is_custom(c.event)) fail(at + "/event", "invalid_value", "is no name of an event");
    if (object.contains("within")) {
      c.within = parse_duration(text(object, at, "within"));
      if (!c.within) fail(at + "/within", "invalid_value", "must be a duration like 24h or 30d");
    }
    if (object.contains("campaign_id")) {
      c.campaign = CampaignId::parse(text(object, at, "campaign_id"));
      if (!c.campaign) fail(at + "/campaign_id", "wrong_type", "must be a campaign's id");
    }
    if (auto const* const count = object.if_contains("count")) {
      auto const* const bounds = count->if_object();
      if (!bounds) {
        fail(at + "/count", "wrong_type", "must be an object like {\"at_least\": 2}");
      } else {
        only(*bounds, at + "/count", {"at_least", "at_most", "exactly"});
        for (auto const& [key, value] : *bounds) {
          auto const* const number = value.if_int64();
          if (!number || *number < 0) fail(at + "/count/" + std::string(key), "out_of_range", "must be a whole number from 0");
          else {
            if (key != "at_most") c.at_least = *number;
            if (key != "at_least") c.at_most = *number;
          }
        }
      }
    }
    if (auto const* const where = object.if_contains("where")) {
      auto const* const fields = where->if_object();
      if (!fields || fields->size() > 20) {
        fail(at + "/where", "wrong_type", "must be an object of at most 20 values");
        return;
      }
      for (auto const& [key, value] : *fields) {
        if (!is_scalar(value)) fail(at + "/where/" + std::string(key), "wrong_type", "must be a text, a number or a boolean");
        else c.where.emplace_back(key, value.is_string() ? std::string(value.as_string()) : json::serialize(value));
      }
    }
  }

  int nodes_ = 0;
};

}  // namespace

Result<Condition> parse_condition(boost::json::value const& json, std::string const& base) {
  Parser parser;
  auto condition = parser.parse(json, base, 1);
  if (!parser.mistakes.empty()) return invalid("the conditions cannot be used: " + parser.mistakes.front().message, parser.mistakes);
  return condition;
}

}  // namespace postrider::segments
