#include "postrider/delivery/letter.h"

#include "sql/messages.h"

#include <boost/json/value.hpp>

namespace postrider::delivery {

namespace {

// Writes the addresses that tracking puts into a message.
class TrackedAddresses : public content::LinkWriter {
 public:
  TrackedAddresses(LetterGround const& ground, MessageFacts const& facts) : ground_(ground), facts_(facts) {}
  void link(std::uint32_t number, std::string_view target, std::string& out) override {
    crypto::ClickToken token{facts_.tenant, facts_.id, facts_.version, static_cast<std::uint16_t>(number), ""};
    // What is the same for everybody is looked up; what was written for this person travels along, signed.
    if (number >= fixed_.size() || !fixed_[number]) token.target = std::string(target);
    out += ground_.public_url;
    out += "/c/";
    out += ground_.tokens.encode(token);
  }
  void open_pixel(std::string& out) override {
    crypto::OpenToken const token{facts_.tenant, facts_.id};
    out += "<img src=\"" + ground_.public_url + "/o/" + ground_.tokens.encode(token) + ".gif\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">";
  }
  void knows(content::CompiledTemplate const& compiled) {
    for (auto const& link : compiled.links) fixed_.push_back(link.address.has_value());
  }

 private:
  LetterGround const& ground_;
  MessageFacts const& facts_;
  std::vector<bool> fixed_;
};

bool is_real(MessageFacts const& facts) { return facts.kind == "message"; }

std::string unsubscribe_url(LetterGround const& ground, MessageFacts const& facts) {
  crypto::UnsubscribeToken const token{facts.tenant, facts.id, is_real(facts) && facts.contact ? facts.contact->id : ContactId()};
  return ground.public_url + "/u/" + ground.tokens.encode(token);
}

boost::json::value text_or_null(std::optional<std::string> const& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); }

boost::json::object taken(boost::json::object& from, std::string_view name) {
  auto* const found = from.if_contains(name);
  if (!found || !found->is_object()) return {};
  auto object = std::move(found->as_object());
  from.erase(name);
  return object;
}

}  // namespace

boost::json::object roots_of(LetterGround const& ground, content::CompiledTemplate const& compiled, MessageFacts const& facts) {
  boost::json::object root, message, campaign, sender;
  auto person = facts.contact ? *facts.contact : content::sample_contact(compiled);
  // A test mail reads as it does for the person it was tried on, wherever it goes.
  bool const tried_on_somebody = facts.kind == "test" && facts.contact;
  if (facts.to_address && !tried_on_somebody) person.email = *facts.to_address;
  root["contact"] = content::contact_root(person);
  message["id"] = facts.id.str();
  root["message"] = std::move(message);
  campaign["id"] = facts.campaign ? boost::json::value(facts.campaign->str()) : boost::json::value(nullptr);
  campaign["name"] = facts.campaign_name;
  root["campaign"] = std::move(campaign);
  sender["from_email"] = facts.from_email;
  sender["from_name"] = facts.from_name;
  sender["reply_to"] = text_or_null(facts.reply_to);
  root["sender"] = std::move(sender);
  root["variables"] = facts.variables;
  root["journey"] = facts.journey;
  root["event"] = facts.event;
  crypto::PreferencesToken const preferences{facts.tenant, facts.id, is_real(facts) && facts.contact ? facts.contact->id : ContactId()};
  crypto::ViewToken const view{facts.tenant, facts.id};
  root["unsubscribe_url"] = unsubscribe_url(ground, facts);
  root["preferences_url"] = ground.public_url + "/p/" + ground.tokens.encode(preferences);
  root["view_url"] = ground.public_url + "/view/" + ground.tokens.encode(view);
  return root;
}

content::TemplateResult<content::Rendered> render_message(LetterGround const& ground, content::CompiledTemplate const& compiled, MessageFacts const& facts,
                                                          bool links) {
  auto const root = roots_of(ground, compiled, facts);
  content::RenderContext const context(root);
  TrackedAddresses addresses(ground, facts);
  addresses.knows(compiled);
  content::TemplateRenderOptions options{.clock = ground.clock};
  if (links && facts.tracking) options.links = &addresses;
  if (facts.contact && facts.contact->time_zone) options.time_zone = *facts.contact->time_zone;
  auto rendered = content::render_template(compiled, context, options);
  if (rendered && facts.kind == "test") rendered->subject.insert(0, test_mark);
  return rendered;
}

Envelope envelope_of(LetterGround const& ground, MessageFacts const& facts, content::Rendered rendered) {
  Envelope envelope;
  envelope.id = facts.id;
  envelope.tenant = facts.tenant;
  if (facts.campaign) envelope.campaign = *facts.campaign;
  envelope.transactional = facts.purpose == "transactional";
  envelope.date = facts.created_at;
  auto& letter = envelope.letter;
  letter.from = Address{facts.from_email, facts.from_name};
  if (facts.to_address) {
    letter.to = Address{*facts.to_address};
  } else if (facts.contact) {
    auto name = facts.contact->first_name.value_or("");
    if (facts.contact->last_name) name += (name.empty() ? "" : " ") + *facts.contact->last_name;
    letter.to = Address{facts.contact->email.value_or(""), name};
  }
  if (facts.reply_to) letter.reply_to = Address{*facts.reply_to};
  letter.subject = std::move(rendered.subject);
  letter.html = std::move(rendered.html);
  letter.text = std::move(rendered.text);
  letter.auto_submitted = facts.kind == "confirmation";
  auto const source = facts.campaign ? facts.campaign->str() : facts.kind == "message" ? std::string("direct") : facts.kind;
  letter.feedback_id = source + ":" + facts.tenant.str() + ":" + facts.purpose + ":postrider";
  // A test shows what recipients of a campaign would get, headers too.
  if (!envelope.transactional || facts.kind == "test") {
    letter.unsubscribe_url = unsubscribe_url(ground, facts);
    letter.list_id = "<" + facts.tenant.str() + "." + facts.from_email.substr(facts.from_email.rfind('@') + 1) + ">";
  }
  return envelope;
}

Task<std::optional<MessageFacts>> facts_of(db::Session& session, TenantId tenant, MessageId message) {
  db::TextArray ids;
  ids.items.push_back(message.str());
  auto const rows = co_await session.all(sql::messages::facts, tenant, ids);
  if (rows.empty()) co_return std::nullopt;
  auto const row = rows[0];
  MessageFacts facts;
  facts.tenant = tenant;
  facts.id = row.id<MessageId>(0);
  facts.campaign = row.maybe_id<CampaignId>(2);
  facts.campaign_name = row.maybe_text(3).value_or("");
  if (!row.is_null(4)) facts.version = row.id<TemplateVersionId>(4);
  if (!row.is_null(5)) facts.variables = row.json(5).as_object();
  facts.journey = taken(facts.variables, "$journey");
  facts.event = taken(facts.variables, "$event");
  facts.created_at = row.instant(6);
  facts.kind = row.text(7);
  facts.purpose = row.text(8);
  facts.to_address = row.maybe_text(9);
  facts.from_email = row.maybe_text(10).value_or("");
  facts.from_name = row.maybe_text(11).value_or("");
  facts.reply_to = row.maybe_text(12);
  facts.tracking = !row.is_null(13) && row.boolean(13);
  facts.channel = row.text(14);
  if (!row.is_null(15)) {
    facts.contact = contacts::read_contact(row, 15);
    facts.contact->lead = contacts::read_lead(row, 29);
  }
  if (facts.contact && !facts.contact->tracking) facts.tracking = false;
  co_return facts;
}

}  // namespace postrider::delivery
