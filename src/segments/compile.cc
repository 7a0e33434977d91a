#include "postrider/segments/condition.h"

#include <boost/json/serialize.hpp>

#include <array>
#include <algorithm>

namespace postrider::segments {

namespace {

constexpr std::array<std::string_view, 10> own_columns{"email", "phone", "first_name", "last_name", "time_zone", "locale", "external_id", "lead_id", "created_at", "updated_at"};

bool is_own(std::string_view field) { return std::ranges::find(own_columns, field) != own_columns.end(); }
bool is_time(std::string_view field) { return field == "created_at" || field == "updated_at"; }

// Nothing of the user's gets into the text: names come from the list above, all else is a parameter.
class Compiler {
 public:
  Compiler(db::Dialect dialect, Instant now, int first) : postgres_(dialect == db::Dialect::postgres), now_(now), next_(first) {}
  db::Parameters parameters;

  std::string write(Condition const& c) {
    switch (c.kind) {
      case Condition::Kind::all: return join(c.parts, " and ");
      case Condition::Kind::any: return join(c.parts, " or ");
      case Condition::Kind::none: return "(not coalesce(" + write(c.parts.front()) + ", false))";
      case Condition::Kind::attribute: return attribute(c);
      case Condition::Kind::event: return event(c);
      case Condition::Kind::segment:
        return "exists (select 1 from segment_memberships m where m.tenant_id = $1 and m.segment_id = " + bind(c.segment) + " and m.contact_id = c.id)";
      case Condition::Kind::tag:
        if (postgres_) return "(c.tags @> jsonb_build_array(cast(" + bind(c.tag) + " as text)))";
        return "exists (select 1 from json_each(c.tags) where value = " + bind(c.tag) + ")";
      case Condition::Kind::consent:
        return "exists (select 1 from consent_records r where r.tenant_id = $1 and r.contact_id = c.id and r.channel = " + bind(c.channel) +
               " and r.consent_type = " + bind(c.consent_type) + " and r.status = " + bind(c.status) + ")";
    }
    return "false";
  }

 private:
  std::string bind(db::Parameter parameter) {
    parameters.push_back(std::move(parameter));
    return "$" + std::to_string(next_++);
  }

  std::string join(std::vector<Condition> const& parts, char const* word) {
    std::string text = "(";
    for (auto const& part : parts) text += (text.size() > 1 ? word : "") + ("coalesce(" + write(part) + ", false)");
    return text + ")";
  }

  // The value as text; null when it is missing.
  std::string value_of(std::string const& field) {
    if (is_own(field)) return postgres_ && (field == "lead_id") ? "cast(c.lead_id as text)" : "c." + field;
    if (postgres_) return "(c.attributes ->> cast(" + bind(field) + " as text))";
    return "(c.attributes ->> " + bind("$.\"" + field + "\"") + ")";
  }

  static std::string text_of(boost::json::value const& value) {
    if (value.is_string()) return std::string(value.as_string());
    return boost::json::serialize(value);
  }

  std::string instant_or_null(std::string const& text) {
    auto instant = parse_instant(text);
    if (!instant) instant = parse_instant(text + "T00:00:00Z");
    if (!instant) return "null";
    auto const bound = bind(*instant);
    return postgres_ ? "cast(" + bound + " as timestamptz)" : bound;
  }

  std::string equals(std::string const& field, boost::json::value const& value) {
    auto const left = value_of(field);
    if (is_time(field)) return "(" + left + " = " + instant_or_null(text_of(value)) + ")";
    if (value.is_number()) return numeric(left, "=", value);
    if (value.is_bool() && !postgres_ && !is_own(field)) return "(" + left + " = " + bind(value.as_bool() ? 1 : 0) + ")";
    if (!postgres_) return "(cast(" + left + " as text) = " + bind(text_of(value)) + ")";
    return "(" + left + " = " + bind(text_of(value)) + ")";
  }

  // Only what looks like a number is compared as one.
  std::string numeric(std::string const& left, char const* sign, boost::json::value const& value) {
    auto const right = bind(value.to_number<double>());
    if (postgres_) {
      auto const text = "cast(" + left + " as text)";
      return "(case when " + text + " ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$' then cast(" + text + " as double precision) " + sign + " cast(" + right +
             " as double precision) else false end)";
    }
    return "(case when typeof(" + left + ") in ('integer', 'real') then " + left + " " + sign + " " + right + " else false end)";
  }

  std::string compare(Condition const& c, char const* sign, boost::json::value const& value) {
    if (is_time(c.field) || c.op == "before" || c.op == "after") return moment(c.field, sign, text_of(value));
    if (value.is_number()) return numeric(value_of(c.field), sign, value);
    auto const left = value_of(c.field);
    if (postgres_) return "(" + left + " collate \"C\" " + sign + " " + bind(text_of(value)) + ")";
    return "(cast(" + left + " as text) " + sign + " " + bind(text_of(value)) + ")";
  }

  // Attributes hold times as text: RFC 3339 in UTC and plain dates sort like the times they mean.
  std::string moment(std::string const& field, char const* sign, std::string const& text) {
    if (is_time(field)) return "(c." + field + " " + sign + " " + instant_or_null(text) + ")";
    auto const left = value_of(field);
    auto const right = bind(text);
    return postgres_ ? "(" + left + " collate \"C\" " + sign + " " + right + ")" : "(cast(" + left + " as text) " + std::string(sign) + " " + right + ")";
  }

  std::string like(std::string const& field, std::string const& before, boost::json::value const& value, std::string const& after) {
    std::string pattern;
    for (char const ch : text_of(value)) {
      if (ch == '%' || ch == '_' || ch == '\\') pattern += '\\';
      pattern += ch;
    }
    auto const left = is_time(field) ? "cast(c." + field + " as text)" : value_of(field);
    return "(lower(" + left + ") like lower(" + bind(before + pattern + after) + ") escape '\\')";
  }

  std::string attribute(Condition const& c) {
    auto const missing = [this, &c] { return "(" + value_of(c.field) + " is null)"; };
    auto const not_or_missing = [&](std::string const& held) { return "(" + missing() + " or not coalesce(" + held + ", false))"; };
    if (c.op == "exists") return "(" + value_of(c.field) + " is not null)";
    if (c.op == "not_exists") return missing();
    auto const& value = c.values.front();
    if (c.op == "equals") return equals(c.field, value);
    if (c.op == "not_equals") return not_or_missing(equals(c.field, value));
    if (c.op == "in" || c.op == "not_in") {
      std::string any = "(";
      for (auto const& item : c.values) any += (any.size() > 1 ? " or " : "") + equals(c.field, item);
      any += ")";
      return c.op == "in" ? any : not_or_missing(any);
    }
    if (c.op == "contains") return like(c.field, "%", value, "%");
    if (c.op == "not_contains") return not_or_missing(like(c.field, "%", value, "%"));
    if (c.op == "starts_with") return like(c.field, "", value, "%");
    if (c.op == "ends_with") return like(c.field, "%", value, "");
    if (c.op == "greater_than" || c.op == "after") return compare(c, ">", value);
    if (c.op == "greater_or_equal") return compare(c, ">=", value);
    if (c.op == "less_than" || c.op == "before") return compare(c, "<", value);
    if (c.op == "less_or_equal") return compare(c, "<=", value);
    if (c.op == "between") return "(" + compare(c, ">=", c.values[0]) + " and " + compare(c, "<=", c.values[1]) + ")";
    auto const since = to_text(now_ - parse_duration(value.as_string()).value_or(Duration(0)));
    auto const within = "(" + moment(c.field, ">=", since) + " and " + moment(c.field, "<=", to_text(now_)) + ")";
    return c.op == "within_last" ? within : not_or_missing(within);
  }

  std::string event(Condition const& c) {
    std::string from = "from marketing_events e where e.tenant_id = $1 and e.contact_id = c.id and e.event_type = " + bind(c.event);
    if (c.within) from += " and e.created_at >= " + bind(now_ - *c.within);
    if (c.campaign) from += " and e.campaign_id = " + bind(*c.campaign);
    for (auto const& [key, value] : c.where) {
      if (postgres_) from += " and e.payload ->> cast(" + bind(key) + " as text) = " + bind(value);
      else {
        auto const path = bind("$.\"" + key + "\"");
        from += " and cast(e.payload ->> " + path + " as text) = " + bind(value);
      }
    }
    if (!c.at_most && c.at_least.value_or(1) == 1) return "exists (select 1 " + from + ")";
    std::string text = "((select count(*) " + from + ")";
    if (c.at_least && c.at_most) return text + " between " + bind(*c.at_least) + " and " + bind(*c.at_most) + ")";
    if (c.at_most) return text + " <= " + bind(*c.at_most) + ")";
    return text + " >= " + bind(*c.at_least) + ")";
  }

  bool postgres_;
  Instant now_;
  int next_;
};

}  // namespace

CompiledCondition compile(Condition const& condition, db::Dialect dialect, Instant now, int first) {
  Compiler compiler(dialect, now, first);
  CompiledCondition compiled;
  compiled.text = compiler.write(condition);
  compiled.parameters = std::move(compiler.parameters);
  return compiled;
}

}  // namespace postrider::segments
