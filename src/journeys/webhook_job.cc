// Calls a webhook that a journey waits for, and leaves the answer with its execution.
#include "postrider/base/fail_point.h"
#include "postrider/journeys/engine.h"
#include "sql/journey_engine.h"

#include <boost/json/serialize.hpp>

namespace postrider::journeys {

namespace {

POSTRIDER_DECLARE_FAIL_POINT(before_call, "journeys.webhook.before_call");
POSTRIDER_DECLARE_FAIL_POINT(after_call, "journeys.webhook.after_call");

}  // namespace

std::map<std::string, jobs::Handler> Engine::job_handlers() {
  std::map<std::string, jobs::Handler> handlers;
  handlers["journey:webhook"] = [this](jobs::Job const& job) { return call_webhook(job); };
  return handlers;
}

Task<jobs::Answer> Engine::call_webhook(jobs::Job const& job) {
  auto const execution = ExecutionId::parse(std::string_view(job.payload.at("execution_id").as_string()));
  auto const visit = job.payload.at("visit").to_number<int>();
  http::ClientRequest request;
  request.method = "POST";
  request.url = std::string(job.payload.at("url").as_string());
  request.body = boost::json::serialize(job.payload.at("body"));
  request.headers.emplace_back("Content-Type", "application/json");
  // The receiver may see a call twice (it answered, and we died before we knew): the key is the same then.
  request.headers.emplace_back("Idempotency-Key", job.key);
  request.purpose = "journey_webhook";
  POSTRIDER_FAIL_POINT("journeys.webhook.before_call");
  auto const answer = co_await http_.send(std::move(request));
  POSTRIDER_FAIL_POINT("journeys.webhook.after_call");
  boost::json::object order;
  if (!answer) {
    order["refused"] = visit;
    order["why"] = answer.error().message;
  } else if (answer->status < 200 || answer->status > 299) {
    order["refused"] = visit;
    order["why"] = "the webhook answered " + std::to_string(answer->status);
  } else {
    order["answered"] = visit;
  }
  co_await store_.exec(sql::journey_engine::answer_of_webhook, job.tenant, *execution, visit, order, clock_.now());
  store_.announce("journeys");
  co_return jobs::Done();
}

}  // namespace postrider::journeys
