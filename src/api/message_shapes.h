// How messages look from outside: one description for reading, writing and the OpenAPI document.
#pragma once

#include "postrider/base/clock.h"
#include "postrider/base/id.h"
#include "postrider/db/row.h"
#include "postrider/json/codec.h"

#include <boost/describe.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postrider::api {

struct MessageOut {
  MessageId id;
  std::optional<CampaignId> campaign_id;
  std::optional<ContactId> contact_id;
  std::optional<std::string> to_address;
  std::string channel, purpose, kind, status;
  std::optional<std::string> skip_reason;
  std::int64_t attempt_count, priority;
  std::optional<std::string> provider_message_id;
  std::optional<TemplateVersionId> template_version_id;
  std::optional<SenderId> sender_id;
  std::optional<ProviderId> provider_id;
  std::optional<bool> tracking;
  std::optional<boost::json::object> variables;
  Instant scheduled_at;
  std::optional<Instant> next_attempt_at, sent_at;
  std::optional<std::string> error;
  std::optional<Instant> delivered_at, opened_at, machine_opened_at, clicked_at, bounced_at;
  std::optional<std::string> bounce_class;
  std::optional<Instant> complained_at, unsubscribed_at;
  Instant created_at, updated_at;
  static constexpr std::string_view json_name = "Message";
};
BOOST_DESCRIBE_STRUCT(MessageOut, (),
                      (id, campaign_id, contact_id, to_address, channel, purpose, kind, status, skip_reason, attempt_count, priority, provider_message_id,
                       template_version_id, sender_id, provider_id, tracking, variables, scheduled_at, next_attempt_at, sent_at, error, delivered_at, opened_at,
                       machine_opened_at, clicked_at, bounced_at, bounce_class, complained_at, unsubscribed_at, created_at, updated_at))

struct MessageAttemptOut {
  std::int64_t attempt;
  std::string outcome;
  std::optional<std::string> code, reply;
  Instant started_at;
  std::optional<Instant> finished_at;
  static constexpr std::string_view json_name = "MessageAttempt";
};
BOOST_DESCRIBE_STRUCT(MessageAttemptOut, (), (attempt, outcome, code, reply, started_at, finished_at))

struct MessageEventOut {
  Uuid id;
  std::string type, actor_class;
  std::vector<std::string> class_reasons;
  std::string provider;
  std::optional<std::string> url, ip_address, user_agent;
  Instant occurred_at;
  static constexpr std::string_view json_name = "MessageEvent";
};
BOOST_DESCRIBE_STRUCT(MessageEventOut, (), (id, type, actor_class, class_reasons, provider, url, ip_address, user_agent, occurred_at))

struct MessageDetailOut : MessageOut {
  std::vector<MessageAttemptOut> attempts;
  std::vector<MessageEventOut> events;
  static constexpr std::string_view json_name = "MessageDetail";
};
BOOST_DESCRIBE_STRUCT(MessageDetailOut, (MessageOut), (attempts, events))

// Columns as sql/messages.sql lists them.
MessageOut read_message(db::Row row);
MessageAttemptOut read_attempt(db::Row row);
MessageEventOut read_message_event(db::Row row);

}  // namespace postrider::api
