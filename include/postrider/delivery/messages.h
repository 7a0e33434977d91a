// What people and programs do with single messages: send one, cancel it, try it again, look at what it said.
#pragma once

#include "postrider/base/context.h"
#include "postrider/contacts/contacts.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/direct_messages.h"
#include "postrider/delivery/letter.h"

#include <optional>
#include <string>

namespace postrider::delivery {

struct NewMessage {
  std::optional<ContactId> contact = {};
  std::optional<std::string> email = {};          // instead of `contact`
  bool create_contact = true;                     // when nobody has this address yet
  std::optional<TemplateId> template_id = {};
  std::optional<content::InlineContent> content = {};  // instead of `template_id`
  std::optional<SenderId> sender = {};            // nothing: the tenant's oldest verified one
  boost::json::object variables = {};
  std::string channel = "email";
  std::string purpose = "transactional";
  int priority = 1;
  std::optional<Instant> at = {};
  bool tracking = false;
};

// A message as it reads for its recipient.
struct MessageContent {
  std::string from, to, subject, html, text;
};

class Messages {
 public:
  Messages(db::Store& store, Clock const& clock, Ids& ids, contacts::Contacts& contacts, content::Templates& templates, crypto::Tokens const& tokens,
           std::string const& public_url)
      : store_(store), clock_(clock), ids_(ids), contacts_(contacts), templates_(templates), tokens_(tokens), public_url_(public_url) {}

  // Queued, and durable. Fails with invalid: also when the template cannot be rendered with these variables for this person.
  Task<Result<MessageId>> send(Context context, NewMessage wanted);
  // Fails with not_found, conflict: it is not waiting any more.
  Task<Result<void>> cancel(Context context, MessageId id);
  // Once more through gate and provider: what failed, was skipped, or may have been sent. Fails with not_found, conflict: the address bounced,
  // the campaign was canceled, or it may have arrived already and `may_repeat` does not say that twice is all right.
  Task<Result<void>> retry(Context context, MessageId id, bool may_repeat);
  // Rendered again, with today's data. Fails with not_found, conflict: person or content are gone.
  Task<Result<MessageContent>> content(TenantId tenant, MessageId id);

 private:
  LetterGround ground() const { return LetterGround{clock_, tokens_, public_url_}; }
  Task<Result<contacts::Contact>> recipient(Context context, NewMessage const& wanted);
  Task<Result<SenderId>> sender(TenantId tenant, std::optional<SenderId> wanted);

  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
  contacts::Contacts& contacts_;
  content::Templates& templates_;
  crypto::Tokens const& tokens_;
  std::string const& public_url_;
};

// A template that cannot be rendered, as an error that points at the part of the request to blame: "/variables/code", "/html_body", ….
Error render_error(content::TemplateError const& error, bool inline_content);

}  // namespace postrider::delivery
