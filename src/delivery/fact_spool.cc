#include "postrider/delivery/fact_spool.h"

#include "postrider/base/metrics.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fstream>
#include <map>

namespace postrider::delivery {

namespace {

constexpr std::size_t facts_at_a_time = 1000;

std::string text_at(boost::json::object const& object, char const* key) {
  auto const* const value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

int number_at(boost::json::object const& object, char const* key) {
  auto const* const value = object.if_contains(key);
  return value && value->is_int64() ? static_cast<int>(value->as_int64()) : 0;
}

}  // namespace

std::string spool_line(TenantId tenant, Fact const& fact) {
  boost::json::object line;
  line["tenant"] = tenant.str();
  line["click"] = fact.kind == FactKind::clicked;
  line["id"] = fact.provider_event_id;
  if (fact.message) line["message"] = fact.message->str();
  line["at"] = to_text(fact.occurred_at);
  line["url"] = fact.url;
  if (fact.link_index) line["link"] = *fact.link_index;
  line["links"] = fact.links;
  line["ip"] = fact.ip_address;
  line["agent"] = fact.user_agent;
  line["method"] = fact.method;
  line["detail"] = fact.detail;
  return boost::json::serialize(line);
}

std::optional<SpooledFact> spooled_fact(std::string_view text) {
  boost::system::error_code wrong;
  auto const parsed = boost::json::parse(boost::json::string_view(text.data(), text.size()), wrong);
  if (wrong || !parsed.is_object()) return std::nullopt;
  auto const& line = parsed.as_object();
  auto const tenant = TenantId::parse(text_at(line, "tenant"));
  auto const at = parse_instant(text_at(line, "at"));
  if (!tenant || !at) return std::nullopt;
  SpooledFact found;
  found.tenant = *tenant;
  auto& fact = found.fact;
  auto const* const click = line.if_contains("click");
  fact.kind = click && click->is_bool() && click->as_bool() ? FactKind::clicked : FactKind::opened;
  fact.provider = "tracking";
  fact.provider_event_id = text_at(line, "id");
  fact.message = MessageId::parse(text_at(line, "message"));
  fact.occurred_at = *at;
  fact.url = text_at(line, "url");
  if (line.contains("link")) fact.link_index = number_at(line, "link");
  fact.links = number_at(line, "links");
  fact.ip_address = text_at(line, "ip");
  fact.user_agent = text_at(line, "agent");
  fact.method = text_at(line, "method");
  if (auto const* const detail = line.if_contains("detail"); detail && detail->is_object()) fact.detail = detail->as_object();
  return found;
}

bool FactSpool::keep(TenantId tenant, Fact fact) {
  auto count = [](char const* outcome) { metrics::counter("postrider_delivery_spooled_facts_total", "Opens and clicks while the database was away", {{"outcome", outcome}}).add(); };
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  auto const file = folder_ / "tracking.spool";
  auto const size = std::filesystem::file_size(file, error);
  if (!error && size > most_bytes) {
    count("lost");
    return false;
  }
  fact.provider_event_id = ids_.next().str();
  std::ofstream out(file, std::ios::app | std::ios::binary);
  out << spool_line(tenant, fact) << '\n';
  out.flush();
  count(out ? "kept" : "lost");
  return static_cast<bool>(out);
}

Task<int> FactSpool::replay(Ingest& ingest) {
  auto const fresh = folder_ / "tracking.spool", moved = folder_ / "tracking.replay";
  std::error_code error;
  // What an earlier replay did not finish comes first; only then is there room for the next file.
  if (!std::filesystem::exists(moved, error)) {
    if (!std::filesystem::exists(fresh, error)) co_return 0;
    std::filesystem::rename(fresh, moved, error);
    if (error) co_return 0;
  }
  int taken = 0;
  std::map<TenantId, std::vector<Fact>> waiting;
  std::ifstream in(moved, std::ios::binary);
  std::string line;
  bool more = true;
  while (more) {
    more = static_cast<bool>(std::getline(in, line));
    if (more)
      if (auto found = spooled_fact(line)) waiting[found->tenant].push_back(std::move(found->fact));
    for (auto& [tenant, facts] : waiting) {
      if (facts.empty() || (more && facts.size() < facts_at_a_time)) continue;
      auto const result = co_await ingest.take(tenant, std::exchange(facts, std::vector<Fact>()));
      taken += result.stored;
    }
  }
  in.close();
  std::filesystem::remove(moved, error);
  co_return taken;
}

}  // namespace postrider::delivery
