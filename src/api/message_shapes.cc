#include "api/message_shapes.h"

#include <boost/json/value.hpp>

namespace postrider::api {

MessageOut read_message(db::Row row) {
  MessageOut m;
  m.id = row.id<MessageId>(0);
  m.campaign_id = row.maybe_id<CampaignId>(1);
  m.contact_id = row.maybe_id<ContactId>(2);
  m.to_address = row.maybe_text(3);
  m.channel = row.text(4);
  m.purpose = row.text(5);
  m.kind = row.text(6);
  m.status = row.text(7);
  m.skip_reason = row.maybe_text(8);
  m.attempt_count = row.integer(9);
  m.priority = row.integer(10);
  m.provider_message_id = row.maybe_text(11);
  m.template_version_id = row.maybe_id<TemplateVersionId>(12);
  m.sender_id = row.maybe_id<SenderId>(13);
  m.provider_id = row.maybe_id<ProviderId>(14);
  if (!row.is_null(15)) m.tracking = row.boolean(15);
  if (!row.is_null(16)) m.variables = row.json(16).as_object();
  m.scheduled_at = row.instant(17);
  m.next_attempt_at = row.maybe_instant(18);
  m.sent_at = row.maybe_instant(19);
  m.error = row.maybe_text(20);
  m.delivered_at = row.maybe_instant(21);
  m.opened_at = row.maybe_instant(22);
  m.machine_opened_at = row.maybe_instant(23);
  m.clicked_at = row.maybe_instant(24);
  m.bounced_at = row.maybe_instant(25);
  m.bounce_class = row.maybe_text(26);
  m.complained_at = row.maybe_instant(27);
  m.unsubscribed_at = row.maybe_instant(28);
  m.created_at = row.instant(29);
  m.updated_at = row.instant(30);
  return m;
}

MessageAttemptOut read_attempt(db::Row row) {
  return MessageAttemptOut{row.integer(0), row.text(1), row.maybe_text(2), row.maybe_text(3), row.instant(4), row.maybe_instant(5)};
}

MessageEventOut read_message_event(db::Row row) {
  MessageEventOut e;
  e.id = row.uuid(0);
  e.type = row.text(1);
  e.actor_class = row.text(2);
  e.provider = row.text(3);
  e.url = row.maybe_text(4);
  e.ip_address = row.maybe_text(5);
  e.user_agent = row.maybe_text(6);
  e.occurred_at = row.instant(7);
  auto const reasons = row.json(8);
  for (auto const& reason : reasons.as_array()) e.class_reasons.emplace_back(reason.as_string());
  return e;
}

}  // namespace postrider::api
