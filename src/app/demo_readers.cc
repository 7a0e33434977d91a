#include "app/demo_readers.h"

#include "app/ticker.h"
#include "sql/demo.h"

#include <map>

namespace postrider::app {

namespace {

constexpr char const* browsers[] = {
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
};
constexpr char const* link_checker = "Barracuda Sentinel (EE)";

// What a reader is like follows from the message's id, so that every demo looks alike.
std::uint32_t dice(MessageId message, std::uint32_t throw_number) {
  std::uint32_t h = 2166136261U ^ (throw_number * 0x9e3779b9U);
  for (auto const byte : message.uuid().bytes) h = (h ^ byte) * 16777619U;
  return (h ^ (h >> 15)) % 1000;
}

class Readers {
 public:
  Readers(db::Store& store, Clock const& clock, TenantId tenant, delivery::Ingest& ingest, delivery::LinkTargets& links)
      : store_(store), clock_(clock), tenant_(tenant), ingest_(ingest), links_(links) {}

  Task<void> turn() {
    auto const rows = co_await store_.all_on(db::Lane::background, sql::demo::fresh_mail, tenant_, seen_);
    for (auto const row : rows) {
      seen_ = row.uuid(0);
      if (!row.is_null(2)) co_await plan(row.id<MessageId>(1), row.id<TemplateVersionId>(2), row.instant(3));
    }
    std::vector<delivery::Fact> due;
    while (!planned_.empty() && planned_.begin()->first <= clock_.now()) {
      due.push_back(std::move(planned_.begin()->second));
      planned_.erase(planned_.begin());
    }
    if (!due.empty()) co_await ingest_.take(tenant_, std::move(due));
  }

 private:
  Task<void> plan(MessageId message, TemplateVersionId version, Instant received) {
    auto const reader = dice(message, 1);
    auto const* const browser = browsers[dice(message, 2) % std::size(browsers)];
    if (reader < 80) add(delivery::FactKind::opened, message, received + std::chrono::milliseconds(300), link_checker);
    if (reader < 480) co_return;  // never looks
    auto const opens = received + std::chrono::milliseconds(2500 + dice(message, 3) * 40);
    add(delivery::FactKind::opened, message, opens, browser);
    if (reader < 820) co_return;
    auto const target = co_await links_.find(tenant_, message, version, static_cast<std::uint16_t>(dice(message, 4) % 2));
    if (!target || !target->url.starts_with("http")) co_return;
    auto& click = add(delivery::FactKind::clicked, message, opens + std::chrono::milliseconds(1000 + dice(message, 5) * 6), browser);
    click.url = target->url;
    click.link_index = static_cast<int>(dice(message, 4) % 2);
    click.links = target->links;
  }

  delivery::Fact& add(delivery::FactKind kind, MessageId message, Instant at, char const* agent) {
    delivery::Fact fact;
    fact.kind = kind;
    fact.provider = "tracking";
    fact.message = message;
    fact.occurred_at = at;
    fact.user_agent = agent;
    fact.ip_address = "198.51.100." + std::to_string(1 + dice(message, 6) % 250);  // RFC 5737: nobody's
    return planned_.emplace(at, std::move(fact))->second;
  }

  db::Store& store_;
  Clock const& clock_;
  TenantId tenant_;
  delivery::Ingest& ingest_;
  delivery::LinkTargets& links_;
  Uuid seen_;
  std::multimap<Instant, delivery::Fact> planned_;
};

}  // namespace

std::unique_ptr<Service> make_demo_readers(db::Store& store, Clock const& clock, Executor executor, TenantId tenant, delivery::Ingest& ingest,
                                           delivery::LinkTargets& links) {
  auto const readers = std::make_shared<Readers>(store, clock, tenant, ingest, links);
  return make_ticker(std::move(executor), "demo_readers", std::chrono::milliseconds(500), [readers] { return readers->turn(); });
}

}  // namespace postrider::app
