#include "api/sending_policy_api.h"

#include "postrider/delivery/sending_policy.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct RateLimitIn {
  std::string name, span;
  std::int64_t limit;
  static constexpr std::string_view json_name = "RateLimitInput";
  static constexpr std::string_view json_read_only[] = {"available"};
};
BOOST_DESCRIBE_STRUCT(RateLimitIn, (), (name, span, limit))

struct RateLimitsIn {
  std::vector<RateLimitIn> items;
  static constexpr json::Rule json_rules[] = {json::items("items", 0, 200)};
  static constexpr std::string_view json_name = "RateLimitsInput";
};
BOOST_DESCRIBE_STRUCT(RateLimitsIn, (), (items))

struct RateLimitOut {
  std::string name, span;
  std::int64_t limit, available;
  static constexpr std::string_view json_name = "RateLimit";
};
BOOST_DESCRIBE_STRUCT(RateLimitOut, (), (name, span, limit, available))

struct PolicyIn {
  json::Defaulted<std::int64_t> max_attempts = std::int64_t{8};
  std::optional<std::int64_t> frequency_messages, frequency_days;
  static constexpr std::string_view json_name = "SendingSettingsInput";
};
BOOST_DESCRIBE_STRUCT(PolicyIn, (), (max_attempts, frequency_messages, frequency_days))

struct PolicyOut {
  std::int64_t max_attempts;
  std::optional<std::int64_t> frequency_messages, frequency_days;
  static constexpr std::string_view json_name = "SendingSettings";
};
BOOST_DESCRIBE_STRUCT(PolicyOut, (), (max_attempts, frequency_messages, frequency_days))

http::Response limits_answer(std::vector<delivery::RateLimit> const& limits) {
  boost::json::array items;
  for (auto const& l : limits) items.push_back(json::encode(RateLimitOut{l.name, l.span, l.limit, l.available}));
  boost::json::object body;
  body["items"] = std::move(items);
  body["next_cursor"] = nullptr;
  return ok(body);
}

http::Response policy_answer(delivery::SendingPolicy const& policy) {
  PolicyOut out{policy.max_attempts, {}, {}};
  if (policy.frequency_messages) out.frequency_messages = *policy.frequency_messages;
  if (policy.frequency_days) out.frequency_days = *policy.frequency_days;
  return ok(json::encode(out));
}

// Beyond what the policy allows anyway, whatever was meant.
int bounded(std::int64_t value) { return static_cast<int>(std::clamp<std::int64_t>(value, -1, 1'000'000)); }

}  // namespace

std::vector<http::Route> SendingPolicyApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/rate-limits", right::read, on(this, &SendingPolicyApi::show_limits),
                    doc("list_rate_limits", "Budgets of the tenant, its channels and providers, and what is left of them", "sending").answers_list<RateLimitOut>()));
  all.push_back(put("/rate-limits", right::admin, on(this, &SendingPolicyApi::put_limits),
                    doc("set_rate_limits", "Set all budgets anew; one that stays keeps what was used of it", "sending").takes<RateLimitsIn>().answers_list<RateLimitOut>()));
  all.push_back(get("/sending-settings", right::read, on(this, &SendingPolicyApi::show_policy),
                    doc("show_sending_settings", "How often a message is tried, and how often one person is written to", "sending").answers<PolicyOut>()));
  all.push_back(put("/sending-settings", right::admin, on(this, &SendingPolicyApi::put_policy),
                    doc("set_sending_settings", "Set how often a message is tried, and how often one person is written to", "sending").takes<PolicyIn>().answers<PolicyOut>()));
  return all;
}

SendingPolicyApi::Answer SendingPolicyApi::show_limits(http::Request& request) {
  auto const limits = co_await delivery::rate_limits(store_, caller(request).context.tenant, clock_.now());
  co_return limits_answer(limits);
}

SendingPolicyApi::Answer SendingPolicyApi::put_limits(http::Request& request) {
  auto const wanted = json::read<RateLimitsIn>(request.body);
  if (!wanted) co_return wanted.error();
  std::vector<delivery::RateLimit> limits;
  for (auto const& one : wanted->items) limits.push_back(delivery::RateLimit{one.name, one.span, one.limit});
  auto const kept = co_await delivery::set_rate_limits(store_, context_of(request), std::move(limits), ids_, clock_.now());
  if (!kept) co_return kept.error();
  co_return limits_answer(*kept);
}

SendingPolicyApi::Answer SendingPolicyApi::show_policy(http::Request& request) {
  auto const policy = co_await delivery::sending_policy(store_, caller(request).context.tenant);
  co_return policy_answer(policy);
}

SendingPolicyApi::Answer SendingPolicyApi::put_policy(http::Request& request) {
  auto const wanted = json::read<PolicyIn>(request.body);
  if (!wanted) co_return wanted.error();
  delivery::SendingPolicy policy;
  policy.max_attempts = bounded(*wanted->max_attempts);
  if (wanted->frequency_messages) policy.frequency_messages = bounded(*wanted->frequency_messages);
  if (wanted->frequency_days) policy.frequency_days = bounded(*wanted->frequency_days);
  auto const kept = co_await delivery::set_sending_policy(store_, context_of(request), policy, ids_, clock_.now());
  if (!kept) co_return kept.error();
  co_return policy_answer(*kept);
}

}  // namespace postrider::api
