#include "support/random_conditions.h"

#include <boost/json/array.hpp>

#include <limits>

namespace postrider::test {

namespace {

namespace json = boost::json;

class Draw {
 public:
  explicit Draw(Random& random) : random_(random) {}
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  template <class List>
  auto const& of(List const& list) {
    return list[below(std::size(list))];
  }

 private:
  Random& random_;
};

// The texts that break careless SQL, careless folding and careless reading of numbers and instants.
std::string const texts[] = {
    "SaaS", "saas", "Retail", "", " ", "a", "A", "ab", "it's", "\"quoted\"", "100%", "a_b", "a%b", "back\\slash", "'; drop table contacts; --", "$1", "{}", "[]", "[1, 2]",
    "[1,2]", "{\"a\": 1}", "null", "true", "false", "TRUE", "5", "05", "5.0", "5.5", "-5", "+5", "1e5", "1E5", ".5", "5.", "0", "-0", "0.1", "1234567890123456", "12345678901234567",
    "999999999999999999999", "Infinity", "NaN", "0x10", "1,000", "MÜLLER", "müller", "Straße", "STRASSE", "ΑΣΣ", "ασς", "İstanbul", "istanbul", "Привет", "привет", "日本語", "😀",
    "e\u0301", "\u00e9", "a\nb", "tab\t", "\x7f", "2026-03-01", "2026-02-29", "2024-02-29", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00+02:00", "2026-03-02T09:59:59.999999Z",
    "2026-03-02 10:00:00Z", "2026-03-02T05:00:00-0500", "2026-03-02T10:00:00", "2026-03-02T10:00:00+02", "2026-03-02T23:59:60Z", "2026-13-01", "0999-01-01", "9999-12-31T23:59:59-23:00",
    "2026-02-28T10:00:00.1234567Z", "2025-03-02", "2026-03-02t10:00:00z", "02.03.2026", "10115"};

json::value number(Draw& draw) {
  static double const reals[] = {0.1, 5.5, -5.0, 5.0, 1e308, 1e-300, -0.0, 1e17, 3.0000000000000004};
  static std::int64_t const wholes[] = {0, 5, -5, 1, 10115, 100, 9007199254740993, 9007199254740992, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(), 1234567890123456};
  if (draw.chance(30)) return json::value(draw.of(reals));
  if (draw.chance(5)) return json::value(std::numeric_limits<std::uint64_t>::max());
  return json::value(draw.of(wholes));
}

json::value scalar(Draw& draw) {
  if (draw.chance(60)) return json::value(draw.of(texts));
  if (draw.chance(80)) return number(draw);
  return json::value(draw.chance(50));
}

json::value anything(Draw& draw) {
  if (draw.chance(75)) return scalar(draw);
  if (draw.chance(20)) return json::value(nullptr);
  if (draw.chance(60)) {
    json::array list;
    for (std::size_t i = draw.below(4); i > 0; --i) list.push_back(scalar(draw));
    return list;
  }
  json::object object;
  object["city"] = scalar(draw);
  if (draw.chance(30)) object["deep"] = json::object{{"x", scalar(draw)}};
  return object;
}

std::string const keys[] = {"industry", "score", "address", "address.city", "address.deep.x", "k-1", "email", "seen", "list", "missing"};
std::string const own[] = {"email", "phone", "first_name", "last_name", "time_zone", "locale", "external_id", "id", "lead_id", "tracking", "created_at", "updated_at"};
std::string const tags[] = {"vip", "VIP", "it's", "100%", "\"q\"", "ü"};
std::string const event_types[] = {"email_opened", "email_clicked", "order.placed"};
std::string const properties[] = {"plan", "amount", "url", "a.b", "a"};
char const* const windows[] = {"90s", "1h", "24h", "3d", "30d", "52w"};

Instant around(Draw& draw, Instant now) {
  static std::int64_t const seconds[] = {0, 1, 89, 90, 91, 3599, 3600, 3601, 86399, 86400, 86401, 250000, 2592000, 5000000};
  return now - std::chrono::seconds(draw.of(seconds)) - std::chrono::microseconds(draw.below(2));
}

std::optional<std::string> maybe_text(Draw& draw) {
  if (draw.chance(25)) return std::nullopt;
  return draw.of(texts);
}

}  // namespace

People random_people(Random& random, Ids& ids, Instant now, int count) {
  Draw draw(random);
  People people;
  for (int i = 0; i < 3; ++i) people.segments.push_back(ids.make<SegmentId>());
  for (int i = 0; i < 2; ++i) people.campaigns.push_back(ids.make<CampaignId>());
  for (int i = 0; i < count; ++i) {
    segments::Facts f;
    auto& c = f.contact;
    c.id = ids.make<ContactId>();
    c.email = maybe_text(draw);
    c.phone = maybe_text(draw);
    c.first_name = maybe_text(draw);
    c.last_name = maybe_text(draw);
    c.time_zone = maybe_text(draw);
    c.locale = maybe_text(draw);
    c.tracking = draw.chance(50);
    c.created_at = around(draw, now);
    c.updated_at = around(draw, now);
    for (auto const& key : keys)
      if (key != "missing" && draw.chance(key == "address.city" ? 20 : 60)) c.attributes[key] = anything(draw);
    for (auto const& tag : tags)
      if (draw.chance(25)) c.tags.push_back(tag);
    for (std::size_t n = draw.below(8); n > 0; --n) {
      segments::Facts::Event e;
      e.type = draw.of(event_types);
      if (draw.chance(60)) e.campaign = draw.of(people.campaigns);
      for (auto const& property : properties)
        if (draw.chance(50)) e.payload[property] = property == "a" ? json::value(json::object{{"b", scalar(draw)}}) : anything(draw);
      e.created_at = around(draw, now);
      e.occurred_at = draw.chance(80) ? e.created_at : e.created_at - std::chrono::hours(30);
      f.events.push_back(std::move(e));
    }
    for (auto const* const channel : {"email", "sms"}) {
      if (draw.chance(40)) continue;
      static std::string const states[] = {"granted", "granted", "denied", "pending"};
      std::optional<Instant> expires;
      if (draw.chance(40)) expires = now + std::chrono::hours(draw.chance(50) ? 1 : -1) * draw.below(2);
      f.consents.push_back(segments::Facts::Consent{channel, draw.chance(70) ? "marketing" : "transactional", draw.of(states), expires});
    }
    for (auto const& segment : people.segments)
      if (draw.chance(40)) f.segments.insert(segment);
    people.facts.push_back(std::move(f));
  }
  return people;
}

namespace {

json::value moment(Draw& draw, Instant now) {
  static std::string const written[] = {"2026-03-01", "2026-03-02", "2024-02-29", "2026-03-02T12:00:00+02:00", "2026-03-02T05:00:00-05:00", "2025-03-02T00:00:00Z", "9999-12-31T23:59:59-23:00"};
  return json::value(draw.chance(50) ? draw.of(written) : to_text(around(draw, now)));
}

// operator and value for a field of this kind.
void comparison(Draw& draw, People const& people, Instant now, segments::FieldKind kind, json::object& leaf) {
  using segments::FieldKind;
  static char const* const equality[] = {"equals", "not_equals", "in", "not_in", "exists", "not_exists"};
  static char const* const order[] = {"greater_than", "greater_or_equal", "less_than", "less_or_equal", "between"};
  static char const* const search[] = {"contains", "not_contains", "starts_with", "ends_with"};
  static char const* const moments[] = {"before", "after", "within_last", "not_within_last"};
  std::string op = draw.of(equality);
  if (kind == FieldKind::text && draw.chance(60)) op = draw.chance(50) ? draw.of(order) : draw.of(search);
  if (kind == FieldKind::json && draw.chance(65)) op = draw.chance(40) ? draw.of(order) : draw.chance(50) ? draw.of(search) : draw.of(moments);
  if (kind == FieldKind::instant && draw.chance(70)) op = draw.chance(40) ? draw.of(order) : draw.of(moments);
  leaf["operator"] = op;
  if (op == "exists" || op == "not_exists") return;
  auto const value = [&]() -> json::value {
    if (op == "within_last" || op == "not_within_last") return json::value(draw.of(windows));
    if (op == "before" || op == "after" || kind == FieldKind::instant) return moment(draw, now);
    if (kind == FieldKind::uuid) return json::value(draw.of(people.facts).contact.id.str());
    if (kind == FieldKind::boolean) return json::value(draw.chance(50));
    bool const searches = op.ends_with("contains") || op.ends_with("with");
    for (;;) {
      auto const drawn = scalar(draw);
      if (searches && (drawn.is_bool() || (drawn.is_number() && (op.ends_with("with") || kind == FieldKind::text)) || drawn == json::value(""))) continue;
      if (drawn.is_bool() && !(op.ends_with("equals") || op.ends_with("in"))) continue;
      return drawn;
    }
  };
  if (op == "in" || op == "not_in") {
    json::array list;
    for (std::size_t n = 1 + draw.below(5); n > 0; --n) list.push_back(value());
    leaf["value"] = std::move(list);
  } else if (op == "between") {
    json::array list;
    list.push_back(value());
    do {
      list.resize(1);
      list.push_back(value());
    } while (list[0].is_number() != list[1].is_number());
    leaf["value"] = std::move(list);
  } else {
    leaf["value"] = value();
  }
}

json::object event_leaf(Draw& draw, People const& people, Instant now) {
  json::object leaf{{"type", "event"}, {"event", draw.of(event_types)}};
  if (draw.chance(60)) leaf["within"] = draw.of(windows);
  if (draw.chance(30)) leaf["campaign_id"] = draw.of(people.campaigns).str();
  if (draw.chance(60)) {
    json::object count;
    auto const low = static_cast<std::int64_t>(draw.below(4));
    if (draw.chance(25)) {
      count["exactly"] = low;
    } else {
      if (draw.chance(60)) count["at_least"] = low;
      if (count.empty() || draw.chance(40)) count["at_most"] = low + static_cast<std::int64_t>(draw.below(3));
    }
    leaf["count"] = std::move(count);
  }
  if (draw.chance(40)) {
    json::object where;
    for (std::size_t n = 1 + draw.below(2); n > 0; --n) {
      auto const& key = draw.of(properties);
      if (draw.chance(50)) {
        where[key] = scalar(draw);
      } else {
        json::object part;
        comparison(draw, people, now, segments::FieldKind::json, part);
        where[key] = std::move(part);
      }
    }
    leaf["where"] = std::move(where);
  }
  return leaf;
}

}  // namespace

json::value random_condition(Random& random, People const& people, Instant now, int depth) {
  Draw draw(random);
  if (depth > 0 && draw.chance(60)) {
    if (draw.chance(25)) return json::object{{"not", random_condition(random, people, now, depth - 1)}};
    json::array parts;
    for (std::size_t n = 1 + draw.below(3); n > 0; --n) parts.push_back(random_condition(random, people, now, depth - 1));
    return json::object{{draw.chance(50) ? "and" : "or", std::move(parts)}};
  }
  switch (draw.below(10)) {
    case 0: return json::object{{"type", "tag"}, {"tag", draw.of(tags)}};
    case 1: return json::object{{"type", "segment"}, {"segment_id", draw.of(people.segments).str()}};
    case 2: {
      static char const* const states[] = {"granted", "denied", "pending"};
      return json::object{{"type", "consent"}, {"channel", draw.chance(70) ? "email" : "sms"}, {"consent_type", draw.chance(70) ? "marketing" : "transactional"}, {"status", draw.of(states)}};
    }
    case 3:
    case 4: return event_leaf(draw, people, now);
    default: break;
  }
  json::object leaf{{"type", "attribute"}};
  auto kind = segments::FieldKind::json;
  if (draw.chance(35)) {
    auto const& field = draw.of(own);
    kind = *segments::own_field(field);
    leaf["field"] = field;
  } else {
    leaf["field"] = "attributes." + draw.of(keys);
  }
  comparison(draw, people, now, kind, leaf);
  return leaf;
}

}  // namespace postrider::test
