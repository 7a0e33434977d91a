#include "api/messages_api.h"

#include "api/message_explanation.h"
#include "api/message_shapes.h"
#include "api/row_json.h"
#include "postrider/delivery/identities.h"
#include "sql/messages.h"

#include <boost/describe.hpp>

#include <algorithm>

namespace postrider::api {

namespace {

struct MessageIn {
  std::optional<ContactId> contact_id;
  std::optional<std::string> email;
  json::Defaulted<bool> create_contact = true;
  std::optional<TemplateId> template_id;
  json::Given<std::string> subject, html_body, text_body;
  json::Defaulted<boost::json::object> variables = boost::json::object();
  std::optional<SenderId> sender_id;
  json::Defaulted<std::string> channel = std::string("email");
  json::Defaulted<std::string> purpose = std::string("transactional");
  json::Defaulted<int> priority = 1;
  std::optional<Instant> scheduled_at;
  json::Defaulted<bool> tracking = false;
  static constexpr json::Rule json_rules[] = {json::length("subject", 1, 500), json::range("priority", 1, 10), json::items("variables", 0, 500)};
  static constexpr std::string_view json_name = "MessageInput";
  static constexpr std::string_view json_read_only[] = {"id", "status", "skip_reason", "attempt_count", "provider_message_id", "sent_at", "created_at", "updated_at"};
};
BOOST_DESCRIBE_STRUCT(MessageIn, (),
                      (contact_id, email, create_contact, template_id, subject, html_body, text_body, variables, sender_id, channel, purpose, priority, scheduled_at, tracking))

struct RetryIn {
  json::Defaulted<bool> may_repeat = false;
  static constexpr std::string_view json_name = "MessageRetryInput";
};
BOOST_DESCRIBE_STRUCT(RetryIn, (), (may_repeat))

struct MessageContentOut {
  MessageId id;
  std::string from, to, subject, html, text;
  static constexpr std::string_view json_name = "MessageContent";
};
BOOST_DESCRIBE_STRUCT(MessageContentOut, (), (id, from, to, subject, html, text))

struct InboxMailOut {
  Uuid id;
  std::string to, from, subject, html, text, unsubscribe_url;
  Instant received_at;
  static constexpr std::string_view json_name = "InboxMail";
};
BOOST_DESCRIBE_STRUCT(InboxMailOut, (), (id, to, from, subject, html, text, unsubscribe_url, received_at))

// A filter that takes certain words only.
Result<std::optional<std::string>> query_word(http::Request const& request, std::string_view name, std::vector<std::string> const& words) {
  auto text = query_text(request, name);
  if (!text || !*text || std::ranges::find(words, **text) != words.end()) return text;
  std::string known;
  for (auto const& word : words) known += (known.empty() ? "" : ", ") + word;
  return query_error(name, "invalid_value", "must be one of " + known);
}

constexpr std::size_t created_at_column = 29;

std::vector<std::string> const statuses{"queued", "sending", "sent", "skipped", "failed", "uncertain", "canceled"};
std::vector<std::string> const channels{"email", "sms", "push"};
std::vector<std::string> const kinds{"message", "test", "confirmation"};
std::vector<std::string> const purposes{"marketing", "transactional"};

}  // namespace

std::vector<http::Route> MessagesApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  auto listing = doc("list_messages", "Messages, newest first", "messages").paged();
  listing.query("campaign_id", "Of this campaign").query("contact_id", "To this contact").query("status", "In this state", "string", statuses);
  listing.query("channel", "On this channel", "string", channels).query("purpose", "For this purpose", "string", purposes);
  listing.query("kind", "message, test or confirmation", "string", kinds).query("from", "Made at or after").query("to", "Made before").answers_list<MessageOut>();
  add(get("/messages", right::read, on(this, &MessagesApi::list), listing));
  add(post("/messages", right::send, on(this, &MessagesApi::send),
           doc("send_message", "Send one transactional message; it is durable once answered", "messages").takes<MessageIn>().answers<MessageOut>(202)));
  add(get("/messages/{id}", right::read, on(this, &MessagesApi::show),
          doc("show_message", "One message with its attempts and events", "messages").answers<MessageDetailOut>()));
  add(get("/messages/{id}/explain", right::read, on(this, &MessagesApi::explain),
          doc("explain_message", "Every gate, what it read, its verdict, and the mend", "messages").answers<ExplanationOut>()));
  add(get("/messages/{id}/content", right::read, on(this, &MessagesApi::content),
          doc("show_message_content", "What it says, rendered again", "messages").answers<MessageContentOut>()));
  add(post("/messages/{id}/cancel", right::send, on(this, &MessagesApi::cancel), doc("cancel_message", "Cancel it while it is queued", "messages").answers<MessageOut>(),
           http::BodyKind::none));
  add(post("/messages/{id}/retry", right::send, on(this, &MessagesApi::retry),
           doc("retry_message", "Once more, after it failed, was skipped or became uncertain", "messages").takes<RetryIn>().answers<MessageOut>(202)));
  add(get("/inbox", right::read, on(this, &MessagesApi::inbox), doc("list_inbox", "What the built-in inbox has caught", "messages").paged().answers_list<InboxMailOut>()));
  return all;
}

MessagesApi::Answer MessagesApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const campaign = query_id<CampaignId>(request, "campaign_id");
  if (!campaign) co_return campaign.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const status = query_word(request, "status", statuses);
  if (!status) co_return status.error();
  auto const channel = query_word(request, "channel", channels);
  if (!channel) co_return channel.error();
  auto const kind = query_word(request, "kind", kinds);
  if (!kind) co_return kind.error();
  auto const purpose = query_word(request, "purpose", purposes);
  if (!purpose) co_return purpose.error();
  auto const from = query_instant(request, "from");
  if (!from) co_return from.error();
  auto const to = query_instant(request, "to");
  if (!to) co_return to.error();
  auto const tenant = caller(request).context.tenant;
  std::string before = "9999-12-31T23:59:59.999999Z", before_id = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  if (page->after && page->after->size() == 2) {
    before = page->after->at(0);
    before_id = page->after->at(1);
  }
  auto const limit = page->limit + 1;
  db::Rows rows;
  // Planned for these very filters: a plan for all of them would read everything for a status that is rare.
  bool const filtered = *status || *channel || *kind || *purpose || *from || *to;
  auto of_campaign = sql::messages::list_of_campaign, of_all = sql::messages::list;
  of_campaign.dynamic = of_all.dynamic = filtered;
  if (*contact) {
    rows = co_await store_.all(sql::messages::list_of_contact, tenant, before, before_id, limit, *status, *channel, *kind, *purpose, *from, *to, **contact, *campaign);
  } else if (*campaign) {
    rows = co_await store_.all(of_campaign, tenant, before, before_id, limit, *status, *channel, *kind, *purpose, *from, *to, **campaign);
  } else {
    rows = co_await store_.all(of_all, tenant, before, before_id, limit, *status, *channel, *kind, *purpose, *from, *to);
  }
  auto key = [](db::Row m) { return std::vector<std::string>{to_text(m.instant(created_at_column)), m.text(0)}; };
  co_return rows_answer(request, *page, rows, row_members<MessageOut>, key);
}

MessagesApi::Answer MessagesApi::answer_with(TenantId tenant, MessageId id, int status) {
  auto const row = co_await store_.maybe(sql::messages::find, tenant, id);
  if (!row) co_return not_found("message", id.str());
  auto response = ok(json::encode(read_message(*row)), status);
  if (status == 202) response.headers.set("Location", std::string(prefix) + "/messages/" + id.str());
  co_return response;
}

MessagesApi::Answer MessagesApi::send(http::Request& request) {
  auto wanted = json::read<MessageIn>(request.body);
  if (!wanted) co_return wanted.error();
  delivery::NewMessage message;
  message.contact = wanted->contact_id;
  message.email = wanted->email;
  message.create_contact = *wanted->create_contact;
  message.template_id = wanted->template_id;
  if (wanted->subject || wanted->html_body || wanted->text_body) {
    auto& content = message.content.emplace();
    content.subject = wanted->subject.over("");
    content.html_body = wanted->html_body.over("");
    if (wanted->text_body) content.text_body = *wanted->text_body;
  }
  message.sender = wanted->sender_id;
  message.variables = *wanted->variables;
  message.channel = *wanted->channel;
  message.purpose = *wanted->purpose;
  message.priority = *wanted->priority;
  message.at = wanted->scheduled_at;
  message.tracking = *wanted->tracking;
  auto const id = co_await messages_.send(context_of(request), std::move(message));
  if (!id) co_return id.error();
  co_return co_await answer_with(caller(request).context.tenant, *id, 202);
}

MessagesApi::Answer MessagesApi::show(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::messages::find, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  MessageDetailOut out;
  static_cast<MessageOut&>(out) = read_message(*row);
  for (auto const attempt : co_await store_.all(sql::messages::attempts, tenant, *id)) out.attempts.push_back(read_attempt(attempt));
  for (auto const event : co_await store_.all(sql::messages::events, tenant, *id)) out.events.push_back(read_message_event(event));
  co_return ok(json::encode(out));
}

MessagesApi::Answer MessagesApi::explain(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::messages::find, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  std::vector<DecisionFacts> decisions;
  auto const attempts = co_await store_.all(sql::messages::attempts, tenant, *id);
  for (auto const attempt : attempts) {
    auto const trace = attempt.json(6);  // of erased people nothing is left
    decisions.push_back(DecisionFacts{read_attempt(attempt), trace.is_array() ? trace.as_array() : boost::json::array()});
  }
  auto const waiting = co_await delivery::waiting_for(store_, tenant, *id, clock_.now());
  co_return ok(json::encode(explained(read_message(*row), decisions, waiting)));
}

MessagesApi::Answer MessagesApi::content(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const said = co_await messages_.content(caller(request).context.tenant, *id);
  if (!said) co_return said.error();
  MessageContentOut const out{*id, said->from, said->to, said->subject, said->html, said->text};
  co_return ok(json::encode(out));
}

MessagesApi::Answer MessagesApi::cancel(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const done = co_await messages_.cancel(context_of(request), *id);
  if (!done) co_return done.error();
  co_return co_await answer_with(caller(request).context.tenant, *id, 200);
}

MessagesApi::Answer MessagesApi::retry(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const wanted = json::read<RetryIn>(request.body.empty() ? std::string_view("{}") : std::string_view(request.body));
  if (!wanted) co_return wanted.error();
  auto const done = co_await messages_.retry(context_of(request), *id, *wanted->may_repeat);
  if (!done) co_return done.error();
  co_return co_await answer_with(caller(request).context.tenant, *id, 202);
}

MessagesApi::Answer MessagesApi::inbox(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<Uuid> before;
  if (page->after) before = Uuid::parse(page->after->front());
  auto const found = co_await delivery::demo_inbox(store_, caller(request).context.tenant, before, page->limit + 1);
  auto encode = [](delivery::InboxMail const& m) {
    return json::encode(InboxMailOut{m.id, m.to_address, m.from_address, m.subject, m.html, m.text, m.unsubscribe_url, m.received_at});
  };
  auto key = [](delivery::InboxMail const& m) { return std::vector<std::string>{m.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

}  // namespace postrider::api
