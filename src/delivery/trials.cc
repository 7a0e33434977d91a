#include "postrider/delivery/trials.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "postrider/delivery/direct_messages.h"
#include "sql/identities.h"
#include "sql/messages.h"

#include <boost/json/value.hpp>

#include <map>
#include <set>

namespace postrider::delivery {

namespace {

constexpr std::size_t gmail_cut = 102 * 1024;
constexpr int test_priority = 2;

content::TemplateChannel channel_of(std::string_view channel) {
  if (channel == "sms") return content::TemplateChannel::sms;
  if (channel == "push") return content::TemplateChannel::push;
  return content::TemplateChannel::email;
}

Error unrenderable(content::TemplateError const& error) {
  auto const part = error.source.starts_with("html") ? "/html_body" : error.source.starts_with("text") ? "/text_body" : "/subject";
  return invalid_field(part, std::string(content::name(error.fault)), error.describe());
}

content::TemplateWarning warning(char const* code, std::string message, char const* part) {
  return content::TemplateWarning{.code = code, .message = std::move(message), .part = part};
}

// What only shows once it is rendered for somebody.
void add_rendered_warnings(Preview& preview, std::string_view channel) {
  auto has = [&preview](std::string_view code) {
    for (auto const& one : preview.warnings)
      if (one.code == code) return true;
    return false;
  };
  auto& rendered = preview.rendered;
  if (channel == "email" && rendered.subject.empty() && !has("missing_subject"))
    preview.warnings.push_back(warning("missing_subject", "for this contact the subject is empty", "subject"));
  if (rendered.html.size() > gmail_cut && !has("too_large"))
    preview.warnings.push_back(warning("too_large", "rendered, the HTML has " + std::to_string(rendered.html.size() / 1024) + " KB: Gmail shows only the first 102", "html"));
  if (channel == "sms" && rendered.text.size() > 160)
    preview.warnings.push_back(warning("several_parts", "longer than 160 bytes: it is sent, and paid for, in several parts", "text"));
}

}  // namespace

Task<Result<Trials::Prepared>> Trials::prepare(TenantId tenant, Trial trial) {
  Prepared ready;
  if (trial.version) {
    ready.compiled = co_await templates_.compiled(tenant, *trial.version, true);
    if (!ready.compiled) co_return not_found("template version", trial.version->str());
  } else {
    content::TemplateSource source{.channel = channel_of(trial.content.channel)};
    source.subject = trial.content.subject;
    source.html_body = trial.content.html_body;
    source.text_body = trial.content.text_body.value_or("");
    auto compiled = content::compile_template(source);
    if (!compiled) co_return compiled.error();
    ready.compiled = std::make_shared<content::CompiledTemplate const>(std::move(*compiled));
  }
  auto& facts = ready.facts;
  facts.tenant = tenant;
  facts.kind = "test";
  facts.channel = trial.content.channel;
  facts.campaign_name = "Preview";
  facts.from_email = "sender@example.com";
  facts.from_name = "Sender";
  facts.variables = std::move(trial.variables);
  if (trial.contact) {
    auto contact = co_await contacts_.find(tenant, *trial.contact);
    if (!contact) co_return invalid_field("/contact_id", "invalid_value", "there is no contact with this id");
    facts.contact = std::move(*contact);
  }
  ready.sender = trial.sender;
  if (!ready.sender) ready.sender = co_await default_sender(store_, tenant);
  if (ready.sender) {
    auto const row = co_await store_.maybe(sql::identities::sender, tenant, *ready.sender);
    if (!row) co_return invalid_field("/sender_id", "invalid_value", "there is no sender with this id");
    facts.from_email = row->text(1);
    facts.from_name = row->text(2);
    facts.reply_to = row->maybe_text(3);
    if (!row->boolean(5)) ready.sender.reset();
  }
  LetterGround const ground{clock_, tokens_, public_url_};
  auto rendered = render_message(ground, *ready.compiled, facts, false);
  if (!rendered) co_return unrenderable(rendered.error());
  ready.rendered = std::move(*rendered);
  co_return ready;
}

Task<Result<Preview>> Trials::preview(TenantId tenant, Trial trial) {
  auto const channel = trial.content.channel;
  auto ready = co_await prepare(tenant, std::move(trial));
  if (!ready) co_return ready.error();
  Preview preview;
  preview.rendered = std::move(ready->rendered);
  // The mark of a test mail belongs to the mail, not to the preview.
  if (preview.rendered.subject.starts_with(test_mark)) preview.rendered.subject.erase(0, test_mark.size());
  preview.text_is_derived = ready->compiled->text_is_derived;
  for (auto const& use : ready->compiled->variables) preview.variables.push_back(use.path);
  preview.warnings = ready->compiled->warnings;
  add_rendered_warnings(preview, channel);
  co_return preview;
}

Task<Result<std::vector<TestMail>>> Trials::send(Context context, Trial trial, std::vector<std::string> to) {
  if (trial.content.channel != "email") co_return invalid_field("/channel", "invalid_value", "only email templates can be sent as a test: there is no provider for others yet");
  if (to.empty()) co_return invalid_field("/to", "required", "say where the test goes: an address, or several");
  if (to.size() > most_test_addresses) co_return invalid_field("/to", "out_of_range", "a test goes to at most " + std::to_string(most_test_addresses) + " addresses");
  bool const chosen_sender = trial.sender.has_value();
  auto const content = trial.content;
  auto const version = trial.version;
  auto const contact = trial.contact;
  auto const variables = trial.variables;
  auto const ready = co_await prepare(context.tenant, std::move(trial));
  if (!ready) co_return ready.error();
  if (!ready->sender)
    co_return invalid_field("/sender_id", "required",
                            chosen_sender ? "this sender's address is not verified yet: verify it first" : "there is no verified sender yet: add one and verify its address");

  std::vector<TestMail> mails;
  std::set<std::string> keys;
  std::vector<std::string> key_of;
  for (auto const& address : to) {
    TestMail mail{.to = address};
    auto const parsed = contacts::parse_email(address);
    key_of.push_back(parsed ? parsed->key : "");
    if (!parsed) {
      mail.reason = "invalid";
      mail.detail = "this is no e-mail address";
    } else if (!keys.insert(parsed->key).second) {
      mail.reason = "duplicate";
      mail.detail = "this address stands in the list already";
    }
    mails.push_back(std::move(mail));
  }
  std::map<std::string, std::string> suppressed;
  for (auto const row : co_await store_.all(sql::messages::suppressed, context.tenant, db::text_array(keys))) suppressed.emplace(row.text(0), row.text(1));
  std::vector<FieldError> refusals;
  std::vector<DirectMessage> messages;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < mails.size(); ++i) {
    if (auto const found = suppressed.find(key_of[i]); !mails[i].reason && found != suppressed.end()) {
      mails[i].reason = "suppressed";
      mails[i].detail = "this address is suppressed (" + found->second + "): lift the suppression first if its owner wants mail";
    }
    if (mails[i].reason) {
      refusals.push_back(FieldError{"/to/" + std::to_string(i), *mails[i].reason == "invalid" ? "invalid_value" : *mails[i].reason, *mails[i].detail});
      continue;
    }
    DirectMessage message;
    if (contact) message.contact = *contact;
    message.to_address = mails[i].to;
    message.kind = "test";
    message.sender = *ready->sender;
    message.variables = variables;
    message.priority = test_priority;
    message.tracking = true;
    messages.push_back(std::move(message));
    places.push_back(i);
  }
  if (messages.empty()) {
    bool const invalid_only = suppressed.empty();
    co_return Error(invalid_only ? Code::invalid : Code::suppressed, "no test was sent: " + refusals.front().message, refusals);
  }

  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto used = version;
  if (!used) {
    auto const kept = co_await content::keep_inline(tx, context.tenant, content, now);
    if (!kept) co_return kept.error();
    used = *kept;
  }
  for (auto& message : messages) message.version = *used;
  boost::json::array sent_to;
  for (auto const place : places) sent_to.emplace_back(mails[place].to);
  boost::json::object after;
  after["to"] = std::move(sent_to);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"template_version", used->uuid(), "test_sent", audit::difference(boost::json::object(), after)});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  auto const queued = co_await queue(tx, context.tenant, std::move(messages), ids_, now);
  co_await tx.commit();
  for (std::size_t i = 0; i < queued.size(); ++i) mails[places[i]].message = queued[i];
  co_return mails;
}

}  // namespace postrider::delivery
