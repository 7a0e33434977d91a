// What one message says to one person: the names its template sees, its content, and its envelope. Sending, previews, test sends,
// the console's view and the web version all come through here, so that what was looked at is what goes out.
#pragma once

#include "postrider/content/templates.h"
#include "postrider/crypto/tokens.h"
#include "postrider/delivery/provider.h"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace postrider::delivery {

struct MessageFacts {
  TenantId tenant;
  MessageId id;
  std::string kind = "message";  // message; test: a template tried out; confirmation: proves that an address is somebody's
  std::string purpose = "transactional";
  std::string channel = "email";
  std::optional<CampaignId> campaign = {};
  std::string campaign_name = {};
  TemplateVersionId version;
  std::optional<contacts::Contact> contact = {};  // nothing: the made-up person of previews
  std::optional<std::string> to_address = {};     // goes there instead of the contact's own address
  boost::json::object variables = {};
  boost::json::object journey = {}, event = {};  // of messages that a journey sends
  std::string from_email, from_name;
  std::optional<std::string> reply_to = {};
  bool tracking = false;
  Instant created_at = {};
};

// What the subject of a test mail begins with.
inline constexpr std::string_view test_mark = "[Test] ";

struct LetterGround {
  Clock const& clock;
  crypto::Tokens const& tokens;
  std::string const& public_url;  // base of the links in mail
};

// The roots of the template: contact, campaign, sender, message, variables and the three addresses. A test or a confirmation unsubscribes
// nobody, whoever clicks in it.
boost::json::object roots_of(LetterGround const& ground, content::CompiledTemplate const& compiled, MessageFacts const& facts);

// With `links`, links and the open pixel are those of a sent message; without, targets stand as they are.
content::TemplateResult<content::Rendered> render_message(LetterGround const& ground, content::CompiledTemplate const& compiled, MessageFacts const& facts,
                                                          bool links);

// Ready for a provider, but for fence and DKIM key. `rendered` is consumed.
Envelope envelope_of(LetterGround const& ground, MessageFacts const& facts, content::Rendered rendered);

// What the ledger knows of a message, whatever its state; `tracking` tells how it was or will be sent. Nothing when there is none.
Task<std::optional<MessageFacts>> facts_of(db::Session& session, TenantId tenant, MessageId message);

}  // namespace postrider::delivery
