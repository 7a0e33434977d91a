#include "postrider/delivery/direct_messages.h"

#include "postrider/contacts/email_address.h"
#include "sql/messages.h"
#include "sql/sending.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace postrider::delivery {

namespace {

// What a journey brings along lies beside the variables, under names that no variable can have (letter.cc takes it out again).
boost::json::object stored_variables(DirectMessage const& message) {
  auto all = message.variables;
  if (message.journey) {
    all["$journey"] = *message.journey;
    all["$event"] = message.event;
  }
  return all;
}

}  // namespace

LaneId direct_lane(TenantId tenant, SenderId sender, int priority) {
  return LaneId(uuid_from_name("direct:" + tenant.str() + ":" + sender.str() + ":" + std::to_string(priority)));
}

Task<void> open_direct_lane(db::Transaction& tx, TenantId tenant, SenderId sender, int priority, Instant due_at, Instant now) {
  co_await tx.exec(sql::sending::open_direct_lane, tenant, direct_lane(tenant, sender, priority), sender, priority, due_at, now);
}

Task<std::vector<std::optional<MessageId>>> queue(db::Transaction& tx, TenantId tenant, std::vector<DirectMessage> messages, Ids& ids, Instant now) {
  db::Columns rows(16);
  std::map<std::pair<SenderId, int>, Instant> due;  // ordered: lanes are locked in one order
  std::vector<MessageId> made;
  for (auto const& m : messages) {
    auto const id = ids.make<MessageId>();
    auto const at = std::max(m.at.value_or(now), now);
    std::optional<std::string> key;
    if (m.to_address)
      if (auto const address = contacts::parse_email(*m.to_address)) key = address->key;
    rows.add(id, m.channel, m.purpose, m.kind, m.source.value_or(id.uuid()), m.visit, m.contact, m.to_address, key, m.tracking, direct_lane(tenant, m.sender, m.priority),
             m.version, m.sender, m.priority, at, boost::json::serialize(stored_variables(m)));
    auto const [lane, fresh] = due.emplace(std::make_pair(m.sender, m.priority), at);
    if (!fresh) lane->second = std::min(lane->second, at);
    made.push_back(id);
  }
  std::vector<std::optional<MessageId>> queued;
  if (messages.empty()) co_return queued;
  std::set<std::string> written;
  for (auto const row : co_await tx.all(sql::messages::queue, tenant, now, rows)) written.insert(row.text(0));
  for (auto const& id : made) queued.push_back(written.contains(id.str()) ? std::optional<MessageId>(id) : std::nullopt);
  for (auto const& [lane, at] : due) co_await open_direct_lane(tx, tenant, lane.first, lane.second, at, now);
  tx.announce("sending");
  co_return queued;
}

Task<std::optional<MessageId>> queue(db::Transaction& tx, TenantId tenant, DirectMessage message, Ids& ids, Instant now) {
  std::vector<DirectMessage> messages;
  messages.push_back(std::move(message));
  auto const queued = co_await queue(tx, tenant, std::move(messages), ids, now);
  co_return queued.front();
}

Task<std::optional<SenderId>> default_sender(db::Session& session, TenantId tenant) {
  auto const row = co_await session.maybe(sql::messages::default_sender, tenant);
  if (!row) co_return std::nullopt;
  co_return row->id<SenderId>(0);
}

}  // namespace postrider::delivery
