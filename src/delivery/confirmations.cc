#include "postrider/delivery/confirmations.h"

#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/content/recipient_texts.h"
#include "postrider/delivery/direct_messages.h"
#include "sql/identities.h"

#include <boost/json/value.hpp>

namespace postrider::delivery {

namespace {

constexpr Duration usual_validity = std::chrono::hours(24 * 7);

struct Wishes {
  std::optional<TemplateId> template_id = {};
  std::optional<SenderId> sender = {};
  Duration valid_for = usual_validity;
  std::string brand;
};

Wishes wishes_of(identity::Tenant const& tenant) {
  Wishes wishes;
  wishes.brand = tenant.settings.brand.value_or(identity::Brand()).name.value_or(tenant.name);
  auto const own = tenant.settings.double_opt_in.value_or(identity::DoubleOptIn());
  wishes.template_id = own.template_id;
  wishes.sender = own.sender_id;
  wishes.valid_for = own.valid_for.value_or(usual_validity);
  return wishes;
}

// The words are ours; what comes from the tenant goes in as variables, so that each part escapes it as it must.
content::InlineContent built_in(content::RecipientTexts const& texts) {
  auto with = [](std::string_view text) {
    return content::said(text, {{"brand", "{{ variables.brand }}"}, {"time", "{{ variables.valid_until }}"}});
  };
  content::InlineContent mail;
  mail.subject = with(texts.mail_subject);
  auto const lead = with(texts.mail_lead);
  auto const expiry = with(texts.mail_expiry);
  mail.html_body = "<!doctype html><html lang=\"" + std::string(texts.language) +
                   "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"></head>"
                   "<body style=\"margin:0;padding:24px;background:#f6f7f9;color:#1a1d21;font:16px/1.5 sans-serif\">"
                   "<div style=\"max-width:34em;margin:0 auto;padding:28px;background:#ffffff;border:1px solid #dfe3e8;border-radius:12px\">"
                   "<p style=\"margin:0 0 16px;color:#5b6470;font-size:14px\">{{ variables.brand }}</p><p style=\"margin:0 0 20px\">" +
                   lead +
                   "</p><p style=\"margin:0 0 20px\"><a href=\"{{ variables.confirm_url }}\" style=\"display:inline-block;padding:12px 20px;"
                   "background:#1f5fd0;color:#ffffff;text-decoration:none;border-radius:8px;font-weight:bold\">" +
                   std::string(texts.mail_button) + "</a></p><p style=\"margin:0 0 8px;color:#5b6470;font-size:14px\">" + expiry +
                   "</p><p style=\"margin:0;color:#5b6470;font-size:14px\">" + std::string(texts.mail_ignore) + "</p></div></body></html>";
  mail.text_body = lead + "\n\n{{ variables.confirm_url }}\n\n" + expiry + "\n" + std::string(texts.mail_ignore) + "\n";
  return mail;
}

}  // namespace

Task<Result<Asked>> Confirmations::ask(Context context, ContactId contact, std::string channel, std::string type, consent::Proof proof) {
  auto const tenant = co_await identity_.tenant(context.tenant);
  if (!tenant) co_return tenant.error();
  auto const wishes = wishes_of(*tenant);
  auto const person = co_await contacts_.find(context.tenant, contact);
  if (!person) co_return person.error();
  std::optional<TemplateVersionId> version;
  if (wishes.template_id) {
    auto const own = co_await templates_.find(context.tenant, *wishes.template_id);
    if (own && own->channel == "email") version = own->version_id;
    else log::warn("double_opt_in_template_missing", log::field("tenant", context.tenant), log::field("template", *wishes.template_id));
  }
  std::optional<SenderId> sender;
  if (wishes.sender) {
    auto const row = co_await store_.maybe(sql::identities::sender, context.tenant, *wishes.sender);
    if (row && row->boolean(5)) sender = wishes.sender;
  }
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  if (!sender) sender = co_await default_sender(tx, context.tenant);
  if (!sender) co_return conflict("there is no verified sender to send the confirmation from: add one and verify its address");
  auto const asked = co_await consent::ask(tx, context, contact, std::move(channel), std::move(type), std::move(proof), wishes.valid_for, ids_, now);
  if (!asked) co_return asked.error();
  Asked out;
  out.opt_in = *asked;
  if (asked->confirmed_at) co_return out;
  if (!version) {
    auto const locale = person->locale.value_or("");
    auto const kept = co_await content::keep_inline(tx, context.tenant, built_in(content::recipient_texts(locale, "")), now);
    if (!kept) co_return kept.error();
    version = *kept;
  }
  crypto::ConfirmToken const token{context.tenant, contact, asked->id};
  auto until = to_rfc3339(std::chrono::floor<std::chrono::minutes>(asked->expires_at));
  DirectMessage mail;
  mail.contact = contact;
  mail.kind = "confirmation";
  mail.version = *version;
  mail.sender = *sender;
  mail.source = asked->id;
  mail.variables["confirm_url"] = public_url_ + "/confirm/" + tokens_.encode(token);
  mail.variables["brand"] = wishes.brand;
  mail.variables["valid_until"] = until.substr(0, 10) + " " + until.substr(11, 5) + " UTC";
  out.message = co_await queue(tx, context.tenant, std::move(mail), ids_, now);
  co_await tx.commit();
  metrics::counter("postrider_delivery_confirmations_total", "Confirmation mails queued for double opt-in").add();
  co_return out;
}

}  // namespace postrider::delivery
