#include "postrider/segments/evaluate.h"

#include "segments/comparison.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace postrider::segments {

namespace {

namespace json = boost::json;

json::value text_or_null(std::optional<std::string> const& text) { return text ? json::value(*text) : json::value(nullptr); }

json::value own_value(contacts::Contact const& c, std::string_view field) {
  if (field == "email") return text_or_null(c.email);
  if (field == "phone") return text_or_null(c.phone);
  if (field == "first_name") return text_or_null(c.first_name);
  if (field == "last_name") return text_or_null(c.last_name);
  if (field == "time_zone") return text_or_null(c.time_zone);
  if (field == "locale") return text_or_null(c.locale);
  if (field == "external_id") return text_or_null(c.external_id);
  if (field == "id") return json::value(c.id.str());
  if (field == "lead_id") return c.lead_id ? json::value(c.lead_id->str()) : json::value(nullptr);
  if (field == "tracking") return json::value(c.tracking);
  return json::value(to_text(field == "created_at" ? c.created_at : c.updated_at));
}

std::string described(Condition const& c) {
  std::string text = (c.field_kind == FieldKind::json ? "attributes." : "") + c.field + " " + std::string(name(c.op));
  if (c.values.empty()) return text;
  if (c.values.size() == 1 && c.op != Operator::in && c.op != Operator::not_in) return text + " " + json::serialize(c.values.front());
  return text + " " + json::serialize(json::array(c.values.begin(), c.values.end()));
}

class Evaluator {
 public:
  Evaluator(Facts const& facts, Instant now) : facts_(facts), now_(now) {}

  Finding find(Condition const& c) const {
    Finding f;
    f.pointer = c.pointer;
    for (auto const& part : c.parts) f.parts.push_back(find(part));
    switch (c.kind) {
      case Condition::Kind::all:
        f.question = "and";
        f.holds = std::ranges::all_of(f.parts, &Finding::holds);
        break;
      case Condition::Kind::any:
        f.question = "or";
        f.holds = std::ranges::any_of(f.parts, &Finding::holds);
        break;
      case Condition::Kind::none:
        f.question = "not";
        f.holds = !f.parts.front().holds;
        break;
      case Condition::Kind::attribute:
        f.question = described(c);
        f.read = c.field_kind == FieldKind::json ? value_at(facts_.contact.attributes, c.field) : own_value(facts_.contact, c.field);
        f.holds = holds(c, f.read, now_);
        break;
      case Condition::Kind::event: event(c, f); break;
      case Condition::Kind::segment:
        f.question = "member of segment " + c.segment.str();
        f.holds = facts_.segments.contains(c.segment);
        f.read = f.holds;
        break;
      case Condition::Kind::tag:
        f.question = "tag " + c.tag;
        f.holds = std::ranges::find(facts_.contact.tags, c.tag) != facts_.contact.tags.end();
        f.read = json::array(facts_.contact.tags.begin(), facts_.contact.tags.end());
        break;
      case Condition::Kind::consent: consent(c, f); break;
    }
    return f;
  }

 private:
  void event(Condition const& c, Finding& f) const {
    f.question = "event " + c.event;
    if (c.within) f.question += " within " + to_text(*c.within);
    if (c.campaign) f.question += " of campaign " + c.campaign->str();
    for (auto const& part : c.where) f.question += " where " + described(part).substr(11);
    f.question += c.at_most ? " " + std::to_string(c.at_least) + " to " + std::to_string(*c.at_most) + " times" : " at least " + std::to_string(c.at_least) + " times";
    std::int64_t count = 0;
    std::optional<Instant> newest;
    for (auto const& e : facts_.events) {
      if (e.type != c.event || (c.campaign && e.campaign != c.campaign)) continue;
      if (c.within && (e.created_at < now_ - *c.within || e.occurred_at < now_ - *c.within)) continue;
      if (!std::ranges::all_of(c.where, [&](Condition const& part) { return holds(part, value_at(e.payload, part.field), now_); })) continue;
      ++count;
      newest = std::max(newest.value_or(e.occurred_at), e.occurred_at);
    }
    json::object read;
    read["count"] = count;
    read["newest"] = newest ? json::value(to_rfc3339(*newest)) : json::value(nullptr);
    f.read = std::move(read);
    f.holds = count >= c.at_least && (!c.at_most || count <= *c.at_most);
  }

  void consent(Condition const& c, Finding& f) const {
    f.question = "consent " + c.channel + "." + c.consent_type + " " + c.status;
    for (auto const& given : facts_.consents) {
      if (given.channel != c.channel || given.consent_type != c.consent_type) continue;
      bool const expired = given.status == "granted" && given.expires_at && *given.expires_at <= now_;
      f.read = expired ? "expired" : given.status;
      f.holds = given.status == c.status && !expired;
    }
  }

  Facts const& facts_;
  Instant now_;
};

}  // namespace

Finding evaluate(Condition const& condition, Facts const& facts, Instant now) { return Evaluator(facts, now).find(condition); }

bool fits(Condition const& condition, Facts const& facts, Instant now) { return evaluate(condition, facts, now).holds; }

}  // namespace postrider::segments
