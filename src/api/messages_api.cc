#include "api/messages_api.h"

#include "postrider/delivery/identities.h"
#include "sql/sending.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

boost::json::value text(std::optional<std::string> const& value) { return value ? boost::json::value(*value) : boost::json::value(nullptr); }
boost::json::value time(std::optional<Instant> const& value) { return value ? boost::json::value(to_rfc3339(*value)) : boost::json::value(nullptr); }

// The columns of sql/sending.sql's messages.
boost::json::object message(db::Row row) {
  boost::json::object out;
  auto maybe = [&row](std::size_t column) { return text(row.maybe_text(column)); };
  auto when = [&row](std::size_t column) { return time(row.maybe_instant(column)); };
  out["id"] = row.text(0);
  out["campaign_id"] = maybe(1);
  out["contact_id"] = row.text(2);
  out["channel"] = row.text(3);
  out["purpose"] = row.text(4);
  out["status"] = row.text(5);
  out["skip_reason"] = maybe(6);
  out["attempt_count"] = row.integer(7);
  out["priority"] = row.integer(8);
  out["provider_message_id"] = maybe(9);
  out["scheduled_at"] = when(10);
  out["sent_at"] = when(11);
  out["error"] = maybe(12);
  out["delivered_at"] = when(13);
  out["opened_at"] = when(14);
  out["clicked_at"] = when(15);
  out["bounced_at"] = when(16);
  out["complained_at"] = when(17);
  out["unsubscribed_at"] = when(18);
  out["created_at"] = when(19);
  out["updated_at"] = when(20);
  return out;
}

template <class T>
std::optional<T> after_of(Page const& page) {
  if (!page.after) return std::nullopt;
  return T::parse(page.after->front());
}

}  // namespace

std::vector<http::Route> MessagesApi::routes() {
  std::vector<http::Route> all;
  auto add = [&all](http::Route route) { all.push_back(std::move(route)); };
  add(get("/messages", right::read, on(this, &MessagesApi::list_messages),
          doc("list_messages", "Messages, newest first", "messages").paged().query("campaign_id", "Of this campaign").query("contact_id", "To this contact").query("status", "In this state").query("channel", "On this channel").answer(200)));
  add(get("/messages/{id}", right::read, on(this, &MessagesApi::show_message), doc("show_message", "One message with its attempts and events", "messages").answer(200)));
  add(get("/messages/{id}/explain", right::read, on(this, &MessagesApi::explain_message), doc("explain_message", "Every gate, what it read, and its verdict", "messages").answer(200)));
  add(get("/inbox", right::read, on(this, &MessagesApi::inbox), doc("list_inbox", "What the built-in inbox has caught", "messages").paged().answer(200)));
  return all;
}

MessagesApi::Answer MessagesApi::list_messages(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const campaign = query_id<CampaignId>(request, "campaign_id");
  if (!campaign) co_return campaign.error();
  auto const contact = query_id<ContactId>(request, "contact_id");
  if (!contact) co_return contact.error();
  auto const status = query_text(request, "status");
  if (!status) co_return status.error();
  auto const channel = query_text(request, "channel");
  if (!channel) co_return channel.error();
  auto const tenant = caller(request).context.tenant;
  auto const last = after_of<MessageId>(*page).value_or(*MessageId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  db::Rows rows;
  if (*campaign) rows = co_await store_.all(sql::sending::messages_of_campaign, tenant, *status, *channel, last, page->limit + 1, **campaign);
  else if (*contact) rows = co_await store_.all(sql::sending::messages_of_contact, tenant, *status, *channel, last, page->limit + 1, **contact);
  else rows = co_await store_.all(sql::sending::messages, tenant, *status, *channel, last, page->limit + 1);
  std::vector<boost::json::object> found;
  for (auto const row : rows) found.push_back(message(row));
  auto encode = [](boost::json::object const& m) { return boost::json::value(m); };
  auto key = [](boost::json::object const& m) { return std::vector<std::string>{std::string(m.at("id").as_string())}; };
  co_return list_answer(request, *page, found, encode, key);
}

MessagesApi::Answer MessagesApi::show_message(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::sending::message, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  auto out = message(*row);
  boost::json::array attempts, events;
  for (auto const attempt : co_await store_.all(sql::sending::attempts, tenant, *id)) {
    boost::json::object one;
    one["attempt"] = attempt.integer(0);
    one["outcome"] = attempt.text(1);
    one["code"] = text(attempt.maybe_text(2));
    one["reply"] = text(attempt.maybe_text(3));
    one["started_at"] = time(attempt.maybe_instant(4));
    one["finished_at"] = time(attempt.maybe_instant(5));
    attempts.push_back(std::move(one));
  }
  for (auto const event : co_await store_.all(sql::sending::events_of, tenant, *id)) {
    boost::json::object one;
    one["id"] = event.text(0);
    one["type"] = event.text(1);
    one["actor_class"] = event.text(2);
    one["provider"] = event.text(3);
    one["url"] = text(event.maybe_text(4));
    one["ip_address"] = text(event.maybe_text(5));
    one["user_agent"] = text(event.maybe_text(6));
    one["occurred_at"] = time(event.maybe_instant(7));
    events.push_back(std::move(one));
  }
  out["attempts"] = std::move(attempts);
  out["events"] = std::move(events);
  co_return ok(out);
}

MessagesApi::Answer MessagesApi::explain_message(http::Request& request) {
  auto const id = path_id<MessageId>(request, "message");
  if (!id) co_return id.error();
  auto const tenant = caller(request).context.tenant;
  auto const row = co_await store_.maybe(sql::sending::message, tenant, *id);
  if (!row) co_return not_found("message", id->str());
  boost::json::object out;
  out["id"] = id->str();
  out["status"] = row->text(5);
  out["skip_reason"] = text(row->maybe_text(6));
  boost::json::array decisions;
  for (auto const attempt : co_await store_.all(sql::sending::attempts, tenant, *id)) {
    boost::json::object one;
    one["attempt"] = attempt.integer(0);
    one["decided_at"] = time(attempt.maybe_instant(4));
    one["outcome"] = attempt.text(1);
    one["gates"] = attempt.json(6);
    decisions.push_back(std::move(one));
  }
  if (decisions.empty()) out["detail"] = "it is waiting: no gate has been asked yet";
  out["decisions"] = std::move(decisions);
  co_return ok(out);
}

MessagesApi::Answer MessagesApi::inbox(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  std::optional<Uuid> before;
  if (page->after) before = Uuid::parse(page->after->front());
  auto const found = co_await delivery::demo_inbox(store_, caller(request).context.tenant, before, page->limit + 1);
  auto encode = [](delivery::InboxMail const& m) {
    boost::json::object out;
    out["id"] = m.id.str();
    out["to"] = m.to_address;
    out["from"] = m.from_address;
    out["subject"] = m.subject;
    out["html"] = m.html;
    out["text"] = m.text;
    out["unsubscribe_url"] = m.unsubscribe_url;
    out["received_at"] = to_rfc3339(m.received_at);
    return boost::json::value(out);
  };
  auto key = [](delivery::InboxMail const& m) { return std::vector<std::string>{m.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

}  // namespace postrider::api
