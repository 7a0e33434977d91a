// Contacts as the API takes and shows them.
#pragma once

#include "api/resource.h"
#include "postrider/contacts/contacts.h"

#include <boost/describe.hpp>

namespace postrider::api {

struct ContactIn {
  json::Field<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  json::Field<LeadId> lead_id;
  json::Given<boost::json::object> attributes;
  json::Given<std::vector<std::string>> tags;
  json::Given<bool> tracking;
  static constexpr json::Rule json_rules[] = {json::length("email", 0, 254), json::length("phone", 0, 20), json::length("first_name", 0, 200),
                                              json::length("last_name", 0, 200), json::length("locale", 0, 35), json::length("external_id", 0, 200)};
  static constexpr std::string_view json_name = "ContactInput";
  static constexpr std::string_view json_read_only[] = {"id", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(ContactIn, (), (email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking))

struct ContactOut {
  ContactId id;
  std::optional<std::string> email, phone, first_name, last_name, time_zone, locale, external_id;
  std::optional<LeadId> lead_id;
  boost::json::object attributes;
  std::vector<std::string> tags;
  bool tracking;
  Instant created_at;
  Instant updated_at;
  static constexpr std::string_view json_name = "Contact";
};
BOOST_DESCRIBE_STRUCT(ContactOut, (), (id, email, phone, first_name, last_name, time_zone, locale, external_id, lead_id, attributes, tags, tracking, created_at, updated_at))

struct ContactCountOut {
  std::int64_t count;
  bool is_exact;
  static constexpr std::string_view json_name = "ContactCount";
};
BOOST_DESCRIBE_STRUCT(ContactCountOut, (), (count, is_exact))

// What contacts::Contacts::export_of gathers: a section for each kind of row.
struct ContactExportOut {
  boost::json::object contact;
  boost::json::array consents, consent_history, suppressions, segments, messages, message_events, events, journeys, journey_steps, changes, imports;
  static constexpr std::string_view json_name = "ContactExport";
};
BOOST_DESCRIBE_STRUCT(ContactExportOut, (),
                      (contact, consents, consent_history, suppressions, segments, messages, message_events, events, journeys, journey_steps, changes, imports))

struct HappeningOut {
  Uuid id;
  std::string kind, type;
  Instant occurred_at;
  std::optional<CampaignId> campaign_id;
  std::optional<MessageId> message_id;
  std::optional<std::string> channel, subject, note, actor, ip_address;
  boost::json::value properties;
  static constexpr std::string_view json_name = "TimelineItem";
};
BOOST_DESCRIBE_STRUCT(HappeningOut, (), (id, kind, type, occurred_at, campaign_id, message_id, channel, subject, note, actor, ip_address, properties))

struct ContactFilterIn {
  std::optional<std::string> search, email, external_id, tag;
  std::optional<SegmentId> segment_id;
  std::optional<LeadId> lead_id;
  std::optional<Instant> created_from, created_to;
  static constexpr std::string_view json_name = "ContactFilter";
};
BOOST_DESCRIBE_STRUCT(ContactFilterIn, (), (search, email, external_id, tag, segment_id, lead_id, created_from, created_to))

struct TaggingIn {
  json::Defaulted<std::vector<std::string>> add = std::vector<std::string>();
  json::Defaulted<std::vector<std::string>> remove = std::vector<std::string>();
  std::optional<std::vector<ContactId>> contact_ids;
  std::optional<ContactFilterIn> filter;
  static constexpr json::Rule json_rules[] = {json::items("contact_ids", 1, 10'000)};
  static constexpr std::string_view json_name = "TaggingInput";
};
BOOST_DESCRIBE_STRUCT(TaggingIn, (), (add, remove, contact_ids, filter))

struct TaggingOut {
  Uuid id;
  std::string status;
  std::vector<std::string> add, remove;
  std::int64_t total, changed, unchanged, skipped;
  std::map<std::string, std::int64_t> skip_reasons;
  Instant created_at, updated_at;
  std::optional<Instant> completed_at;
  static constexpr std::string_view json_name = "Tagging";
};
BOOST_DESCRIBE_STRUCT(TaggingOut, (), (id, status, add, remove, total, changed, unchanged, skipped, skip_reasons, created_at, updated_at, completed_at))

}  // namespace postrider::api
