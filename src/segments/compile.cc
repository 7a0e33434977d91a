#include "postrider/segments/compile.h"

#include "segments/operand.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace postrider::segments {

namespace {

std::string tag_list(std::string const& tag) {
  boost::json::array list;
  list.emplace_back(tag);
  return boost::json::serialize(list);
}

class Compiler {
 public:
  Compiler(Scope const& scope, db::Dialect dialect, Instant now, int first) : bind_(dialect, first), now_(now) {
    if (scope.range) {
      after_ = id(scope.range->first);
      through_ = id(scope.range->second);
    }
    if (scope.ids) {
      auto const list = bind_(db::text_array(*scope.ids));
      listed_ = bind_.postgres() ? " = any(cast(" + list + " as uuid[]))" : " in (select value from json_each(" + list + "))";
    }
  }

  CompiledCondition whole(Condition const& condition) {
    auto const holds = write(condition, false, true);
    CompiledCondition compiled;
    compiled.text = "select c.id from contacts c" + joins_ + " where c.tenant_id = $1" + scoped("c.id") + " and " + holds;
    compiled.parameters = std::move(bind_.parameters);
    return compiled;
  }

 private:
  // `conjunct`: nothing but `and` stands between here and the top, where the planner turns `exists` into a join by itself.
  std::string write(Condition const& c, bool negated, bool conjunct) {
    switch (c.kind) {
      case Condition::Kind::none: return write(c.parts.front(), !negated, conjunct);
      case Condition::Kind::all: return join(c.parts, negated ? " or " : " and ", negated, conjunct && (!negated || c.parts.size() == 1));
      case Condition::Kind::any: return join(c.parts, negated ? " and " : " or ", negated, conjunct && (negated || c.parts.size() == 1));
      case Condition::Kind::attribute: return turned(Operand(bind_, c, "c.attributes").holds(c, now_), negated);
      case Condition::Kind::tag: return turned(tagged(c), negated);
      case Condition::Kind::segment: return member(c, negated);
      case Condition::Kind::consent: return consent(c, negated);
      case Condition::Kind::event: return event(c, negated, conjunct);
    }
    return "false";
  }

  static std::string turned(std::string const& holds, bool negated) { return negated ? "(" + holds + " is not true)" : holds; }

  std::string join(std::vector<Condition> const& parts, char const* word, bool negated, bool conjunct) {
    std::string text = "(";
    for (auto const& part : parts) text += (text.size() > 1 ? word : "") + write(part, negated, conjunct);
    return text + ")";
  }

  std::string id(db::Parameter parameter) {
    auto const bound = bind_(std::move(parameter));
    return bind_.postgres() ? "cast(" + bound + " as uuid)" : bound;
  }

  std::string scoped(std::string const& column) const {
    std::string text;
    if (!after_.empty()) text += " and " + column + " > " + after_ + " and " + column + " <= " + through_;
    if (!listed_.empty()) text += " and " + column + listed_;
    return text;
  }

  std::string alias(char letter) { return letter + std::to_string(++joined_); }

  std::string tagged(Condition const& c) {
    if (bind_.postgres()) return "(c.tags @> cast(" + bind_(tag_list(c.tag)) + " as jsonb))";
    return "exists (select 1 from json_each(c.tags) t where t.value = " + bind_(c.tag) + ")";
  }

  // At most one row each: their keys are unique.
  std::string member(Condition const& c, bool negated) {
    auto const m = alias('m');
    joins_ += " left join segment_memberships " + m + " on " + m + ".tenant_id = $1 and " + m + ".segment_id = " + id(c.segment) + " and " + m + ".contact_id = c.id";
    return "(" + m + ".contact_id is " + (negated ? "null)" : "not null)");
  }

  std::string consent(Condition const& c, bool negated) {
    auto const r = alias('r');
    joins_ += " left join consent_records " + r + " on " + r + ".tenant_id = $1 and " + r + ".contact_id = c.id and " + r + ".channel = " + bind_(c.channel) + " and " + r +
              ".consent_type = " + bind_(c.consent_type) + " and " + r + ".status = " + bind_(c.status);
    if (c.status == "granted") joins_ += " and (" + r + ".expires_at is null or " + r + ".expires_at > " + bind_.instant(now_) + ")";
    return "(" + r + ".contact_id is " + (negated ? "null)" : "not null)");
  }

  std::string event(Condition const& c, bool negated, bool conjunct) {
    std::string from = "from marketing_events e where e.tenant_id = $1 and e.event_type = " + bind_(c.event);
    if (c.within) {
      auto const since = bind_.instant(now_ - *c.within);
      from += " and e.created_at >= " + since + " and e.occurred_at >= " + since;
    }
    if (c.campaign) from += " and e.campaign_id = " + id(*c.campaign);
    for (auto const& part : c.where) from += " and " + Operand(bind_, part, "e.payload").holds(part, now_);
    bool const any = c.at_least == 1 && !c.at_most;
    bool const none = c.at_least == 0 && c.at_most == 0;
    if (any || none) {
      bool const wanted = any != negated;
      if (conjunct || !listed_.empty()) return (wanted ? "exists (select 1 " : "not exists (select 1 ") + from + " and e.contact_id = c.id)";
      auto const e = alias('e');
      joins_ += " left join (select distinct e.contact_id " + from + " and e.contact_id is not null" + scoped("e.contact_id") + ") " + e + " on " + e + ".contact_id = c.id";
      return "(" + e + ".contact_id is " + (wanted ? "not null)" : "null)");
    }
    // A few by name are asked one by one, when all else about them fits: for them that is less than counting first.
    if (!listed_.empty()) return turned(bounded("(select count(*) " + from + " and e.contact_id = c.id)", c), negated);
    auto const e = alias('e');
    joins_ += " left join (select e.contact_id, count(*) as n " + from + " and e.contact_id is not null" + scoped("e.contact_id") + " group by e.contact_id) " + e + " on " + e +
              ".contact_id = c.id";
    // Where none is not enough, a missing count needs no nought: so the join may be an inner one.
    bool const zero_fits = c.at_least == 0;
    auto const count = zero_fits || negated ? "coalesce(" + e + ".n, 0)" : e + ".n";
    return turned(bounded(count, c), negated);
  }

  std::string bounded(std::string const& count, Condition const& c) {
    if (c.at_least > 0 && c.at_most) return "(" + count + " between " + bind_(c.at_least) + " and " + bind_(*c.at_most) + ")";
    if (c.at_most) return "(" + count + " <= " + bind_(*c.at_most) + ")";
    return "(" + count + " >= " + bind_(c.at_least) + ")";
  }

  Binder bind_;
  Instant now_;
  std::string after_, through_, listed_;
  std::string joins_;
  int joined_ = 0;
};

}  // namespace

CompiledCondition compile(Condition const& condition, Scope const& scope, db::Dialect dialect, Instant now, int first) {
  Compiler compiler(scope, dialect, now, first);
  return compiler.whole(condition);
}

}  // namespace postrider::segments
