#include "api/message_shapes.h"

#include <boost/json/value.hpp>

namespace postrider::api {

MessageOut read_message(db::Row row) {
  MessageOut m;
  m.id = row.id<MessageId>(0);
  m.campaign_id = row.maybe_id<CampaignId>(1);
  if (auto const contact = row.id<ContactId>(2); !contact.is_nil()) m.contact_id = contact;
  m.channel = row.text(3);
  m.purpose = row.text(4);
  m.kind = row.text(5);
  m.status = row.text(6);
  m.skip_reason = row.maybe_text(7);
  m.attempt_count = row.integer(8);
  m.priority = row.integer(9);
  m.provider_message_id = row.maybe_text(10);
  m.scheduled_at = row.instant(11);
  m.sent_at = row.maybe_instant(12);
  m.error = row.maybe_text(13);
  m.delivered_at = row.maybe_instant(14);
  m.opened_at = row.maybe_instant(15);
  m.machine_opened_at = row.maybe_instant(16);
  m.clicked_at = row.maybe_instant(17);
  m.bounced_at = row.maybe_instant(18);
  m.bounce_class = row.maybe_text(19);
  m.complained_at = row.maybe_instant(20);
  m.unsubscribed_at = row.maybe_instant(21);
  m.created_at = row.instant(22);
  m.updated_at = row.instant(23);
  m.template_version_id = row.maybe_id<TemplateVersionId>(24);
  m.sender_id = row.maybe_id<SenderId>(25);
  m.provider_id = row.maybe_id<ProviderId>(26);
  m.to_address = row.maybe_text(27);
  if (!row.is_null(28)) m.variables = row.json(28).as_object();
  if (!row.is_null(29)) m.tracking = row.boolean(29);
  if (m.status == "queued") m.next_attempt_at = row.instant(30);
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
