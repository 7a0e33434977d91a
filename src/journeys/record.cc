#include "journeys/record.h"

#include "postrider/base/reading.h"
#include "postrider/json/names.h"

namespace postrider::journeys {

Journey read_journey(db::Row row) {
  Journey j;
  j.id = row.id<JourneyId>(0);
  j.name = row.text(1);
  j.description = row.text(2);
  j.status = json::named<JourneyStatus>(row.view(3)).value();
  j.version = static_cast<int>(row.integer(4));
  j.draft_changed = row.boolean(5);
  j.definition = row.json(6).as_object();
  j.created_at = row.instant(7);
  j.updated_at = row.instant(8);
  j.activated_at = row.maybe_instant(9);
  j.paused_at = row.maybe_instant(10);
  return j;
}

Version read_version(db::Row row) {
  Version v;
  v.version = static_cast<int>(row.integer(0));
  v.definition = row.json(1).as_object();
  v.note = row.text(2);
  if (!row.is_null(3)) v.created_by = row.uuid(3);
  v.created_at = row.instant(4);
  return v;
}

boost::json::object described(Journey const& j) {
  boost::json::object out;
  out["name"] = j.name;
  out["description"] = j.description;
  out["status"] = json::name_of(j.status);
  out["version"] = j.version;
  out["definition"] = j.definition;
  return out;
}

std::optional<std::string> pattern_of(std::optional<std::string> const& part) {
  if (!part) return std::nullopt;
  std::string pattern = "%";
  for (char const c : fold(*part)) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace postrider::journeys
