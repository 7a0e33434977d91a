#include "delivery/sending/letters.h"

#include "postrider/delivery/letter.h"

namespace postrider::delivery {

Task<std::optional<Envelope>> Letters::render(TenantId tenant, Claimed const& c, Ended& failed) {
  auto const compiled = co_await g_.templates.compiled(tenant, c.version, c.tracking);
  if (!compiled) {
    failed.skip_reason = "template_missing";
    co_return std::nullopt;
  }
  MessageFacts facts;
  facts.tenant = tenant;
  facts.id = c.id;
  facts.kind = c.kind;
  facts.purpose = c.purpose;
  facts.channel = c.channel;
  facts.campaign = c.campaign;
  facts.campaign_name = c.campaign_name;
  facts.version = c.version;
  if (!c.contact.id.is_nil()) facts.contact = c.contact;
  facts.to_address = c.to_address;
  facts.variables = c.variables;
  facts.from_email = c.from_email;
  facts.from_name = c.from_name;
  facts.reply_to = c.reply_to;
  facts.tracking = c.tracking;
  facts.created_at = c.created_at;
  LetterGround const ground{g_.clock, g_.tokens, settings_.public_url};
  auto rendered = render_message(ground, *compiled, facts, true);
  if (!rendered) {
    bool const aborted = rendered.error().fault == content::TemplateFault::aborted;
    failed.skip_reason = aborted ? "aborted_by_template" : "render_failed";
    failed.outcome.reply = rendered.error().describe();
    co_return std::nullopt;
  }
  auto envelope = envelope_of(ground, facts, std::move(*rendered));
  envelope.fence = c.fence;
  co_return envelope;
}

}  // namespace postrider::delivery
