#include "api/engagement_api.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct ReclassifyIn {
  Instant from, to;
  static constexpr std::string_view json_name = "ReclassifyInput";
};
BOOST_DESCRIBE_STRUCT(ReclassifyIn, (), (from, to))

struct ReclassifyOut {
  std::string queue, job_key;
  static constexpr std::string_view json_name = "Reclassification";
};
BOOST_DESCRIBE_STRUCT(ReclassifyOut, (), (queue, job_key))

}  // namespace

std::vector<http::Route> EngagementApi::routes() {
  std::vector<http::Route> all;
  all.push_back(post("/engagement/reclassify", right::admin, on(this, &EngagementApi::reclassify),
                     doc("reclassify_engagement", "Class the opens and clicks of a span of time again: human, machine or unknown", "messages")
                         .takes<ReclassifyIn>()
                         .answers<ReclassifyOut>(202)));
  return all;
}

Task<Result<http::Response>> EngagementApi::reclassify(http::Request& request) {
  auto const wanted = json::read<ReclassifyIn>(request.body);
  if (!wanted) co_return wanted.error();
  auto const key = co_await reclassification_.request(context_of(request), wanted->from, wanted->to);
  if (!key) co_return key.error();
  ReclassifyOut const out{delivery::Reclassification::queue, *key};
  co_return ok(json::encode(out), 202);
}

}  // namespace postrider::api
