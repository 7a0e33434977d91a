#include "postrider/segments/condition.h"

#include "postrider/base/reading.h"
#include "postrider/events/event_log.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace postrider::segments {

namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 19> operators{"equals",       "not_equals",       "in",        "not_in",       "contains", "not_contains", "starts_with",
                                                     "ends_with",    "greater_than",     "greater_or_equal", "less_than", "less_or_equal", "between",  "exists",
                                                     "not_exists",   "before",           "after",     "within_last",  "not_within_last"};

struct Own {
  std::string_view name;
  FieldKind kind;
};
constexpr std::array own_fields{Own{"email", FieldKind::text},      Own{"phone", FieldKind::text},     Own{"first_name", FieldKind::text},
                                Own{"last_name", FieldKind::text},  Own{"time_zone", FieldKind::text}, Own{"locale", FieldKind::text},
                                Own{"external_id", FieldKind::text}, Own{"id", FieldKind::uuid},       Own{"lead_id", FieldKind::uuid},
                                Own{"tracking", FieldKind::boolean}, Own{"created_at", FieldKind::instant}, Own{"updated_at", FieldKind::instant}};

bool is_list(Operator op) { return op == Operator::in || op == Operator::not_in; }
bool is_presence(Operator op) { return op == Operator::exists || op == Operator::not_exists; }
bool is_window(Operator op) { return op == Operator::within_last || op == Operator::not_within_last; }
bool is_moment(Operator op) { return op == Operator::before || op == Operator::after; }
bool is_order(Operator op) {
  return op == Operator::greater_than || op == Operator::greater_or_equal || op == Operator::less_than || op == Operator::less_or_equal || op == Operator::between;
}
bool is_search(Operator op) { return op == Operator::contains || op == Operator::not_contains || op == Operator::starts_with || op == Operator::ends_with; }
bool is_equality(Operator op) { return op == Operator::equals || op == Operator::not_equals || is_list(op); }

bool suits(FieldKind kind, Operator op) {
  if (is_presence(op)) return true;
  switch (kind) {
    case FieldKind::json: return true;
    case FieldKind::text: return !is_moment(op) && !is_window(op);
    case FieldKind::uuid:
    case FieldKind::boolean: return is_equality(op);
    case FieldKind::instant: return !is_search(op);
  }
  return false;
}

bool is_key(std::string_view key) {
  if (key.empty() || key.size() > 64 || key.front() == '.' || key.back() == '.' || key.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; });
}

std::string escaped(std::string_view key) {
  std::string out;
  for (char const c : key.substr(0, 100)) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string base) : base_(std::move(base)) {}
  std::vector<FieldError> mistakes;

  Condition parse(json::value const& value, std::string const& at, int depth) {
    Condition c;
    c.pointer = at;
    if (depth > deepest_condition) return fail(at, "too_long", "conditions nest at most 10 deep: put parts side by side, or into a segment of their own");
    auto const* const object = value.if_object();
    if (!object) return fail(at, "wrong_type", "a condition is an object with and, or, not or a type");
    for (auto const& [word, kind] : {std::pair{"and", Condition::Kind::all}, std::pair{"or", Condition::Kind::any}}) {
      auto const* const parts = object->if_contains(word);
      if (!parts) continue;
      only(*object, at, {word});
      c.kind = kind;
      auto const* const list = parts->if_array();
      if (!list || list->empty()) return fail(at + "/" + word, "wrong_type", "needs a list of at least one condition");
      for (std::size_t i = 0; i < list->size() && !too_many_; ++i) c.parts.push_back(parse((*list)[i], at + "/" + word + "/" + std::to_string(i), depth + 1));
      return c;
    }
    if (auto const* const part = object->if_contains("not")) {
      only(*object, at, {"not"});
      c.kind = Condition::Kind::none;
      c.parts.push_back(parse(*part, at + "/not", depth + 1));
      return c;
    }
    if (++leaves_ > most_leaves) {
      too_many_ = true;
      return fail(at, "too_long", "a condition asks at most 100 questions: put some into a segment of their own, and ask for that");
    }
    auto const type = text(*object, at, "type");
    if (type == "attribute") attribute(*object, at, c);
    else if (type == "event") event(*object, at, c);
    else if (type == "segment") segment(*object, at, c);
    else if (type == "tag") tag(*object, at, c);
    else if (type == "consent") consent(*object, at, c);
    else if (!type.empty()) fail(at + "/type", "invalid_value", "must be attribute, event, segment, tag or consent; or use and, or, not");
    return c;
  }

 private:
  Condition fail(std::string const& at, std::string code, std::string message) {
    if (mistakes.size() < 100) mistakes.push_back(FieldError{base_ + at, std::move(code), std::move(message)});
    return Condition();
  }

  void only(json::object const& object, std::string const& at, std::initializer_list<std::string_view> known) {
    std::string names;
    for (auto const name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    for (auto const& member : object)
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        fail(at + "/" + escaped(member.key()), "unknown_field", "is not known here: only " + names + (known.size() == 1 ? " is" : " are"));
  }

  // A text without U+0000, which PostgreSQL cannot hold.
  bool is_text(json::value const& value, bool may_be_empty) {
    auto const* const string = value.if_string();
    return string && string->size() <= longest_text && (may_be_empty || !string->empty()) && string->find('\0') == json::string::npos;
  }

  std::string text(json::object const& object, std::string const& at, std::string_view key) {
    auto const* const value = object.if_contains(key);
    if (value && is_text(*value, false)) return std::string(value->as_string());
    fail(at + "/" + std::string(key), value ? "wrong_type" : "required", "must be a text of 1 to 1000 bytes, without U+0000");
    return {};
  }

  std::string one_of(json::object const& object, std::string const& at, std::string_view key, std::initializer_list<std::string_view> known) {
    auto value = text(object, at, key);
    if (value.empty() || std::ranges::find(known, value) != known.end()) return value;
    std::string names;
    for (auto const name : known) names += (names.empty() ? "" : ", ") + std::string(name);
    fail(at + "/" + std::string(key), "invalid_value", "must be one of " + names);
    return {};
  }

  void segment(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "segment_id"});
    c.kind = Condition::Kind::segment;
    auto const given = text(object, at, "segment_id");
    if (given.empty()) return;
    if (auto const id = SegmentId::parse(given)) c.segment = *id;
    else fail(at + "/segment_id", "invalid_value", "must be a segment's id");
  }

  void tag(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "tag"});
    c.kind = Condition::Kind::tag;
    c.tag = text(object, at, "tag");
  }

  void consent(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "channel", "consent_type", "status"});
    c.kind = Condition::Kind::consent;
    c.channel = one_of(object, at, "channel", {"email", "sms", "push"});
    c.consent_type = one_of(object, at, "consent_type", {"marketing", "transactional"});
    c.status = one_of(object, at, "status", {"granted", "denied", "pending"});
  }

  void attribute(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "field", "operator", "value"});
    c.kind = Condition::Kind::attribute;
    c.field = text(object, at, "field");
    if (c.field.starts_with("attributes.")) {
      c.field.erase(0, 11);
    } else if (auto const own = own_field(c.field)) {
      c.field_kind = *own;
    } else if (c.field == "tags") {
      fail(at + "/field", "invalid_value", "tags are asked for by {\"type\":\"tag\",\"tag\":\"…\"}");
      return;
    }
    if (c.field_kind == FieldKind::json && !c.field.empty() && !is_key(c.field))
      fail(at + "/field", "invalid_value", "must be a contact's own field or an attribute's key: 1 to 64 letters, digits, dots, dashes or underscores");
    comparison(object, at, c);
  }

  // operator and value, of an attribute leaf or a property of an event.
  void comparison(json::object const& object, std::string const& at, Condition& c) {
    auto const word = text(object, at, "operator");
    if (word.empty()) return;
    auto const found = std::ranges::find(operators, word);
    if (found == operators.end()) {
      std::string names;
      for (auto const known : operators) names += (names.empty() ? "" : ", ") + std::string(known);
      fail(at + "/operator", "invalid_value", "must be one of " + names);
      return;
    }
    c.op = static_cast<Operator>(found - operators.begin());
    if (!suits(c.field_kind, c.op)) {
      fail(at + "/operator", "invalid_value", c.field + " is " + described(c.field_kind) + ", for which " + word + " says nothing");
      return;
    }
    auto const* const value = object.if_contains("value");
    if (is_presence(c.op)) {
      if (value && !value->is_null()) fail(at + "/value", "unknown_field", word + " takes no value");
      return;
    }
    if (!value || value->is_null()) {
      fail(at + "/value", "required", word + " needs a value");
      return;
    }
    if (!is_list(c.op) && c.op != Operator::between) {
      if (takes(c, *value, at + "/value")) c.values.push_back(*value);
      return;
    }
    auto const* const list = value->if_array();
    if (c.op == Operator::between && (!list || list->size() != 2)) {
      fail(at + "/value", "wrong_type", "between needs a list of two values, the smaller first");
    } else if (!list || list->empty() || list->size() > longest_list) {
      fail(at + "/value", "wrong_type", word + " needs a list of 1 to 1000 values");
    } else {
      for (std::size_t i = 0; i < list->size(); ++i)
        if (takes(c, (*list)[i], at + "/value/" + std::to_string(i))) c.values.push_back((*list)[i]);
      if (c.op == Operator::between && c.values.size() == 2 && c.values[0].is_number() != c.values[1].is_number())
        fail(at + "/value", "wrong_type", "between needs two numbers or two texts");
    }
  }

  static std::string described(FieldKind kind) {
    switch (kind) {
      case FieldKind::text: return "a text";
      case FieldKind::uuid: return "an id";
      case FieldKind::boolean: return "true or false";
      case FieldKind::instant: return "an instant";
      case FieldKind::json: break;
    }
    return "anything";
  }

  bool takes(Condition const& c, json::value const& value, std::string const& at) {
    auto refuse = [&](char const* code, char const* message) {
      fail(at, code, message);
      return false;
    };
    if (value.is_string() && !is_text(value, true)) return refuse("too_long", "must have at most 1000 bytes, and no U+0000");
    if (value.is_double() && !std::isfinite(value.get_double())) return refuse("out_of_range", "must be a finite number");
    if (is_window(c.op)) {
      auto const duration = value.is_string() ? parse_duration(value.as_string()) : std::nullopt;
      return (duration && duration->count() > 0) || refuse("invalid_value", "must be a duration like 90s, 24h or 30d");
    }
    if (is_moment(c.op) || c.field_kind == FieldKind::instant)
      return (value.is_string() && instant_in(std::string_view(value.as_string()))) ||
             refuse("invalid_value", "must be a date like 2026-03-01 or an instant like 2026-03-01T10:00:00Z");
    if (c.field_kind == FieldKind::uuid) return (value.is_string() && Uuid::parse(std::string_view(value.as_string()))) || refuse("invalid_value", "must be an id");
    if (c.field_kind == FieldKind::boolean) return value.is_bool() || refuse("wrong_type", "must be true or false");
    if (c.op == Operator::starts_with || c.op == Operator::ends_with || (is_search(c.op) && c.field_kind == FieldKind::text))
      return is_text(value, false) || refuse("wrong_type", "must be a text that is not empty");
    if (is_search(c.op)) return value.is_number() || is_text(value, false) || refuse("wrong_type", "must be a number, or a text that is not empty");
    if (is_order(c.op)) return value.is_number() || value.is_string() || refuse("wrong_type", "must be a number or a text");
    return value.is_string() || value.is_number() || value.is_bool() || refuse("wrong_type", "must be a text, a number, true or false");
  }

  void event(json::object const& object, std::string const& at, Condition& c) {
    only(object, at, {"type", "event", "within", "count", "campaign_id", "where"});
    c.kind = Condition::Kind::event;
    c.event = text(object, at, "event");
    if (!c.event.empty() && !events::is_documented(c.event) && !events::is_custom(c.event))
      fail(at + "/event", "invalid_value", "must be an event's name: up to 50 lower-case letters, digits, dots and underscores, a letter first");
    if (object.contains("within")) {
      c.within = parse_duration(text(object, at, "within"));
      if (!c.within || c.within->count() == 0) fail(at + "/within", "invalid_value", "must be a duration like 90s, 24h or 30d");
    }
    if (object.contains("campaign_id")) {
      c.campaign = CampaignId::parse(text(object, at, "campaign_id"));
      if (!c.campaign) fail(at + "/campaign_id", "invalid_value", "must be a campaign's id");
    }
    if (auto const* const bounds = object.if_contains("count")) count(*bounds, at + "/count", c);
    if (auto const* const where = object.if_contains("where")) properties(*where, at + "/where", c);
  }

  void count(json::value const& value, std::string const& at, Condition& c) {
    auto const* const bounds = value.if_object();
    if (!bounds || bounds->empty()) {
      fail(at, "wrong_type", "must be an object like {\"at_least\": 2}, with at_least, at_most or exactly");
      return;
    }
    only(*bounds, at, {"at_least", "at_most", "exactly"});
    auto number = [&](char const* key) -> std::optional<std::int64_t> {
      auto const* const given = bounds->if_contains(key);
      if (!given) return std::nullopt;
      auto const* const whole = given->if_int64();
      if (whole && *whole >= 0 && *whole <= 1'000'000'000) return *whole;
      fail(at + "/" + key, "out_of_range", "must be a whole number from 0 to 1000000000");
      return std::nullopt;
    };
    c.at_least = number("at_least").value_or(0);
    c.at_most = number("at_most");
    if (bounds->contains("exactly")) {
      if (bounds->size() > 1) fail(at, "invalid_value", "exactly stands alone, without at_least and at_most");
      c.at_most = number("exactly");
      c.at_least = c.at_most.value_or(0);
    }
    if (c.at_most && *c.at_most < c.at_least) fail(at, "out_of_range", "at_least must not be greater than at_most");
  }

  void properties(json::value const& value, std::string const& at, Condition& c) {
    auto const* const fields = value.if_object();
    if (!fields || fields->empty() || fields->size() > most_where) {
      fail(at, "wrong_type", "must be an object of 1 to 20 properties of the event, like {\"plan\": \"team\"}");
      return;
    }
    for (auto const& [key, wanted] : *fields) {
      Condition part;
      part.kind = Condition::Kind::attribute;
      part.pointer = at + "/" + escaped(key);
      part.field = key;
      if (!is_key(key)) fail(part.pointer, "invalid_value", "a property's name has 1 to 64 letters, digits, dots, dashes or underscores");
      if (auto const* const object = wanted.if_object()) {
        only(*object, part.pointer, {"operator", "value"});
        comparison(*object, part.pointer, part);
      } else if (takes(part, wanted, part.pointer)) {
        part.values.push_back(wanted);
      }
      c.where.push_back(std::move(part));
    }
  }

  std::string base_;
  int leaves_ = 0;
  bool too_many_ = false;
};

void collect(Condition const& condition, std::vector<std::pair<SegmentId, std::string>>& found) {
  if (condition.kind == Condition::Kind::segment) found.emplace_back(condition.segment, condition.pointer + "/segment_id");
  for (auto const& part : condition.parts) collect(part, found);
}

}  // namespace

std::string_view name(Operator op) { return operators.at(static_cast<std::size_t>(op)); }

std::optional<FieldKind> own_field(std::string_view name) {
  auto const found = std::ranges::find(own_fields, name, &Own::name);
  if (found == own_fields.end()) return std::nullopt;
  return found->kind;
}

Result<Condition> parse_condition(boost::json::value const& json, std::string const& base) {
  Parser parser(base);
  auto condition = parser.parse(json, "", 1);
  if (!parser.mistakes.empty()) return invalid("the conditions cannot be used: " + parser.mistakes.front().message, parser.mistakes);
  return condition;
}

std::vector<std::pair<SegmentId, std::string>> references_of(Condition const& condition) {
  std::vector<std::pair<SegmentId, std::string>> found;
  collect(condition, found);
  return found;
}

}  // namespace postrider::segments
