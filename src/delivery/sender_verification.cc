#include "postrider/delivery/sender_verification.h"

#include "postrider/audit/audit.h"
#include "postrider/content/templates.h"
#include "postrider/delivery/direct_messages.h"

#include <boost/json/object.hpp>

namespace postrider::delivery {

namespace {

Uuid address_mark(std::string const& email) { return uuid_from_name("sender address:" + email); }

content::InlineContent letter() {
  content::InlineContent content;
  content.subject = "Verify {{ sender.from_email }} as a sender";
  content.html_body =
      "<!doctype html><html><body style=\"font-family:sans-serif\"><p>Somebody wants to send mail as <strong>{{ sender.from_email }}</strong>.</p>"
      "<p>If that is you, <a href=\"{{ variables.verify_url }}\">open this page and press its button</a>.</p>"
      "<p>If you know nothing of it, do nothing: no mail is sent in this name.</p></body></html>";
  content.text_body =
      "Somebody wants to send mail as {{ sender.from_email }}.\n\nIf that is you, open this page and press its button:\n{{ variables.verify_url }}\n\n"
      "If you know nothing of it, do nothing: no mail is sent in this name.\n";
  return content;
}

}  // namespace

Task<Result<SenderVerification::Sent>> SenderVerification::send(Context context, SenderId id) {
  auto const found = co_await identities_.find_sender(context.tenant, id);
  if (!found) co_return found.error();
  if (found->verified) co_return conflict("the sender is verified already");
  auto const now = clock_.now();
  crypto::SenderToken const token{context.tenant, id, address_mark(found->from_email)};
  auto tx = co_await store_.begin();
  auto const version = co_await content::keep_inline(tx, context.tenant, letter(), now);
  if (!version) co_return version.error();
  DirectMessage mail;
  mail.to_address = found->from_email;
  mail.kind = "confirmation";
  mail.version = *version;
  mail.sender = id;
  mail.variables["verify_url"] = public_url_ + "/verify/" + tokens_.encode(token);
  mail.source = id.uuid();
  mail.visit = found->from_email + " " + to_text(std::chrono::floor<std::chrono::minutes>(now));
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"sender", id.uuid(), "verification_sent", boost::json::object()});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  auto const message = co_await queue(tx, context.tenant, std::move(mail), ids_, now);
  if (!message) {
    Error paced(Code::paced, "a verification mail was sent less than a minute ago: look into the mailbox first");
    paced.retry_after_seconds = 60;
    co_return paced;
  }
  co_await tx.commit();
  co_return Sent(found->from_email, *message);
}

Task<std::optional<Sender>> SenderVerification::sender_of(std::string_view text) {
  auto const token = tokens_.sender(text);
  if (!token) co_return std::nullopt;
  auto const found = co_await identities_.find_sender(token->tenant, token->sender);
  if (!found || address_mark(found->from_email) != token->address) co_return std::nullopt;
  co_return *found;
}

Task<std::optional<Sender>> SenderVerification::confirm(std::string_view text, Context recipient) {
  auto const found = co_await sender_of(text);
  if (!found) co_return std::nullopt;
  if (found->verified) co_return found;
  recipient.tenant = tokens_.sender(text)->tenant;
  SenderChange change;
  change.verified = true;
  auto const saved = co_await identities_.change_sender(recipient, found->id, std::move(change), found->updated_at);
  if (!saved) co_return std::nullopt;
  co_return *saved;
}

}  // namespace postrider::delivery
