#include "postrider/delivery/messages.h"

#include "postrider/audit/audit.h"
#include "postrider/contacts/email_address.h"
#include "sql/identities.h"
#include "sql/messages.h"
#include "sql/sending.h"

#include <boost/json/value.hpp>

namespace postrider::delivery {

namespace {

constexpr auto farthest = std::chrono::hours(24) * 366;

audit::Entry entry_of(MessageId id, char const* action, boost::json::object before, boost::json::object after) {
  return audit::Entry{"message", id.uuid(), action, audit::difference(before, after)};
}

Result<void> check(NewMessage const& wanted, Instant now) {
  std::vector<FieldError> mistakes;
  auto mistake = [&mistakes](char const* pointer, char const* code, char const* message) { mistakes.push_back(FieldError{pointer, code, message}); };
  if (wanted.channel != "email")
    mistake("/channel", "invalid_value", "only email can be sent: sms and push templates can be stored and previewed, but there is no provider for them yet");
  if (wanted.purpose != "transactional" && wanted.purpose != "marketing") mistake("/purpose", "invalid_value", "purpose must be transactional or marketing");
  if (wanted.priority < 1 || wanted.priority > 10) mistake("/priority", "out_of_range", "priority must be from 1 (urgent) to 10 (bulk)");
  if (!wanted.contact && !wanted.email) mistake("/contact_id", "required", "say to whom: contact_id, or email");
  if (wanted.contact && wanted.email) mistake("/email", "invalid_value", "give contact_id or email, not both");
  if (!wanted.template_id && !wanted.content) mistake("/template_id", "required", "say what to send: template_id, or subject with html_body or text_body");
  if (wanted.template_id && wanted.content) mistake("/template_id", "invalid_value", "give template_id or a content of its own, not both");
  if (wanted.content && wanted.content->subject.empty()) mistake("/subject", "required", "a message with a content of its own needs a subject");
  if (wanted.at && *wanted.at > now + farthest) mistake("/scheduled_at", "out_of_range", "scheduled_at must lie within a year");
  if (!mistakes.empty()) return invalid("the message cannot be sent: " + mistakes.front().message, mistakes);
  return {};
}

}  // namespace

Error render_error(content::TemplateError const& error, bool inline_content) {
  constexpr std::string_view variables = "variables.";
  auto const at = error.message.find(variables);
  if (error.fault == content::TemplateFault::unknown_variable && at != std::string::npos) {
    auto const from = at + variables.size();
    auto const end = error.message.find_first_of(" .[,;:'\"`)", from);
    return invalid_field("/variables/" + error.message.substr(from, end == std::string::npos ? end : end - from), "required", "the template needs it: " + error.describe());
  }
  auto const part = error.source == "html" ? "/html_body" : error.source == "text" ? "/text_body" : "/subject";
  return invalid_field(inline_content ? part : "/template_id", std::string(content::name(error.fault)), error.describe());
}

Task<Result<contacts::Contact>> Messages::recipient(Context context, NewMessage const& wanted) {
  if (wanted.contact) {
    auto found = co_await contacts_.find(context.tenant, *wanted.contact);
    if (!found) co_return invalid_field("/contact_id", "invalid_value", "there is no contact with this id");
    if (!found->email) co_return invalid_field("/contact_id", "invalid_value", "this contact has no e-mail address");
    co_return std::move(*found);
  }
  if (!contacts::parse_email(*wanted.email)) co_return invalid_field("/email", "invalid_value", "email must be an e-mail address like ada@example.com");
  contacts::Filter filter;
  filter.email = *wanted.email;
  auto known = co_await contacts_.list(context.tenant, filter, contacts::Order::newest, std::nullopt, 1);
  if (!known.empty()) co_return std::move(known.front());
  if (!wanted.create_contact)
    co_return invalid_field("/email", "invalid_value", "nobody has this address: make a contact first, or leave create_contact at true");
  contacts::Change person;
  person.email = *wanted.email;
  auto made = co_await contacts_.create(context, std::move(person), true);
  if (!made) co_return made.error();
  co_return std::move(made->contact);
}

Task<Result<SenderId>> Messages::sender(TenantId tenant, std::optional<SenderId> wanted) {
  if (!wanted) {
    auto const oldest = co_await default_sender(store_, tenant);
    if (!oldest) co_return invalid_field("/sender_id", "required", "there is no verified sender yet: add one and verify its address");
    co_return *oldest;
  }
  auto const row = co_await store_.maybe(sql::identities::sender, tenant, *wanted);
  if (!row) co_return invalid_field("/sender_id", "invalid_value", "there is no sender with this id");
  if (!row->boolean(5)) co_return invalid_field("/sender_id", "invalid_value", "this sender's address is not verified yet: verify it first");
  co_return *wanted;
}

Task<Result<MessageId>> Messages::send(Context context, NewMessage wanted) {
  auto const now = clock_.now();
  if (auto const good = check(wanted, now); !good) co_return good.error();
  auto const from = co_await sender(context.tenant, wanted.sender);
  if (!from) co_return from.error();
  DirectMessage message;
  if (wanted.template_id) {
    auto const found = co_await templates_.find(context.tenant, *wanted.template_id);
    if (!found) co_return invalid_field("/template_id", "invalid_value", "there is no template with this id");
    if (found->archived_at) co_return invalid_field("/template_id", "invalid_value", "this template is archived: restore it first");
    if (found->channel != wanted.channel) co_return invalid_field("/template_id", "invalid_value", "this is a template for " + found->channel);
    message.version = found->version_id;
  } else {
    wanted.content->channel = wanted.channel;
    auto const kept = co_await content::keep_inline(store_, context.tenant, *wanted.content, now);
    if (!kept) co_return kept.error();
    message.version = *kept;
  }
  auto const contact = co_await recipient(context, wanted);
  if (!contact) co_return contact.error();
  // What cannot be rendered now is better refused than skipped later.
  auto const compiled = co_await templates_.compiled(context.tenant, message.version, false);
  if (!compiled) co_return not_found("template version", message.version.str());
  MessageFacts facts;
  facts.tenant = context.tenant;
  facts.contact = *contact;
  facts.variables = wanted.variables;
  auto const rendered = render_message(ground(), *compiled, facts, false);
  if (!rendered && rendered.error().fault != content::TemplateFault::aborted) co_return render_error(rendered.error(), wanted.content.has_value());
  message.contact = contact->id;
  message.channel = wanted.channel;
  message.purpose = wanted.purpose;
  message.sender = *from;
  message.variables = std::move(wanted.variables);
  message.priority = wanted.priority;
  message.at = wanted.at;
  message.tracking = wanted.tracking;
  auto tx = co_await store_.begin();
  auto const id = co_await queue(tx, context.tenant, std::move(message), ids_, now);
  boost::json::object after;
  after["contact_id"] = contact->id.str();
  after["purpose"] = wanted.purpose;
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(*id, "queued", boost::json::object(), std::move(after)));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return *id;
}

Task<Result<void>> Messages::cancel(Context context, MessageId id) {
  auto const row = co_await store_.maybe(sql::messages::find, context.tenant, id);
  if (!row) co_return not_found("message", id.str());
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const changed = co_await tx.exec(sql::messages::cancel, context.tenant, id, "canceled_by_hand", now);
  if (changed == 0) co_return conflict("the message is " + row->text(7) + ": only a queued one can be canceled");
  boost::json::object before, after;
  before["status"] = "queued";
  after["status"] = "canceled";
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(id, "canceled", std::move(before), std::move(after)));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<void>> Messages::retry(Context context, MessageId id, bool may_repeat) {
  auto const row = co_await store_.maybe(sql::messages::find, context.tenant, id);
  if (!row) co_return not_found("message", id.str());
  auto const status = row->text(7);
  if (status != "failed" && status != "uncertain" && status != "skipped")
    co_return conflict("the message is " + status + ": only one that failed, was skipped or is uncertain can be tried again");
  if (status == "uncertain" && row->text(5) == "marketing" && !may_repeat)
    co_return conflict("the message may have arrived already: say may_repeat if getting it twice does no harm");
  auto const now = clock_.now();
  auto tx = co_await store_.begin();
  auto const again = co_await tx.maybe(sql::messages::retry, context.tenant, id, now);
  if (!again) co_return conflict("the address bounced, or the message's campaign was canceled: it cannot be tried again");
  boost::json::object before, after;
  before["status"] = status;
  after["status"] = "queued";
  std::vector<audit::Entry> entries;
  entries.push_back(entry_of(id, "retried", std::move(before), std::move(after)));
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  if (!again->is_null(0)) co_await tx.exec(sql::sending::wake_lane, context.tenant, again->id<LaneId>(0), now);
  tx.announce("sending");
  co_await tx.commit();
  co_return Result<void>();
}

Task<Result<MessageContent>> Messages::content(TenantId tenant, MessageId id) {
  auto const facts = co_await facts_of(store_, tenant, id);
  if (!facts) co_return not_found("message", id.str());
  if (!facts->contact && !facts->to_address) co_return conflict("the person whom this message went to is not stored any more");
  auto const compiled = co_await templates_.compiled(tenant, facts->version, false);
  if (!compiled) co_return conflict("the content of this message is not stored any more");
  auto rendered = render_message(ground(), *compiled, *facts, false);
  if (!rendered) co_return conflict("with today's data it cannot be rendered: " + rendered.error().describe());
  auto envelope = envelope_of(ground(), *facts, std::move(*rendered));
  auto& letter = envelope.letter;
  auto shown = [](Address const& address) { return address.name.empty() ? address.email : address.name + " <" + address.email + ">"; };
  co_return MessageContent{shown(letter.from), shown(letter.to), letter.subject, letter.html, letter.text};
}

}  // namespace postrider::delivery
