#include "campaigns/record.h"

#include "postrider/json/names.h"

namespace postrider::campaigns {

namespace {

template <class T>
std::vector<T> read_ids(boost::json::value const& json) {
  std::vector<T> ids;
  for (auto const& item : json.as_array())
    if (auto const id = T::parse(std::string_view(item.as_string()))) ids.push_back(*id);
  return ids;
}

template <class T>
boost::json::value id_or_null(std::optional<T> const& id) {
  return id ? boost::json::value(id->str()) : boost::json::value(nullptr);
}
boost::json::value time_or_null(std::optional<Instant> const& time) { return time ? boost::json::value(to_rfc3339(*time)) : boost::json::value(nullptr); }
boost::json::value number_or_null(std::optional<std::int64_t> const& number) { return number ? boost::json::value(*number) : boost::json::value(nullptr); }
boost::json::value text_or_null(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

}  // namespace

Campaign read_campaign(db::Row row) {
  Campaign c;
  c.id = row.id<CampaignId>(0);
  c.name = row.text(1);
  c.type = row.text(2);
  c.status = json::named<Status>(row.view(3)).value();
  c.segment_ids = read_ids<SegmentId>(row.json(4));
  c.exclude_segment_ids = read_ids<SegmentId>(row.json(5));
  c.template_id = row.maybe_id<TemplateId>(6);
  c.template_version_id = row.maybe_id<TemplateVersionId>(7);
  c.sender_id = row.maybe_id<SenderId>(8);
  c.schedule = row.json(9).as_object();
  c.throttle_per_minute = row.maybe_integer(10);
  c.priority = static_cast<int>(row.integer(11));
  c.tracking = row.boolean(12);
  c.metadata = row.json(13).as_object();
  c.audience = row.maybe_integer(14);
  c.run_number = static_cast<int>(row.integer(15));
  c.launched_at = row.maybe_instant(16);
  c.completed_at = row.maybe_instant(17);
  c.next_run_at = row.maybe_instant(18);
  c.hold_reason = row.maybe_text(19);
  c.held_for = row.maybe_instant(20);
  c.undo_until = row.maybe_instant(21);
  c.created_at = row.instant(22);
  c.updated_at = row.instant(23);
  return c;
}

boost::json::object described(Campaign const& c) {
  boost::json::object out;
  out["name"] = c.name;
  out["type"] = c.type;
  out["status"] = json::name_of(c.status);
  out["segment_ids"] = array_of(c.segment_ids);
  out["exclude_segment_ids"] = array_of(c.exclude_segment_ids);
  out["template_id"] = id_or_null(c.template_id);
  out["template_version_id"] = id_or_null(c.template_version_id);
  out["sender_id"] = id_or_null(c.sender_id);
  out["schedule"] = c.schedule;
  out["throttle_per_minute"] = number_or_null(c.throttle_per_minute);
  out["priority"] = c.priority;
  out["tracking"] = c.tracking;
  out["metadata"] = c.metadata;
  out["audience"] = number_or_null(c.audience);
  out["run_number"] = c.run_number;
  out["next_run_at"] = time_or_null(c.next_run_at);
  out["hold_reason"] = text_or_null(c.hold_reason);
  return out;
}

}  // namespace postrider::campaigns
