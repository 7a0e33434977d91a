#include "client_sender.h"

namespace postrider::delivery {

namespace {

HttpAnswer::End end_of(http::ClientFailure::Kind kind) {
  switch (kind) {
    case http::ClientFailure::Kind::not_sent: return HttpAnswer::End::not_sent;
    case http::ClientFailure::Kind::maybe_sent: return HttpAnswer::End::unknown;
    case http::ClientFailure::Kind::refused_by_guard: return HttpAnswer::End::refused;
  }
  return HttpAnswer::End::unknown;
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

Task<HttpAnswer> ClientSender::send(HttpCall call) {
  http::ClientRequest request;
  request.method = std::move(call.method);
  request.url = std::move(call.url);
  request.headers = std::move(call.fields);
  request.body = std::move(call.body);
  request.total_time = call.limit;
  request.purpose = purpose_;
  auto const done = co_await client_.send(std::move(request));
  HttpAnswer answer;
  if (!done) {
    answer.end = end_of(done.error().kind);
    answer.trouble = done.error().message;
    co_return answer;
  }
  answer.end = HttpAnswer::End::answered;
  answer.status = done->status;
  for (auto const& [name, value] : done->headers.entries()) answer.fields.emplace_back(lower(name), value);
  answer.body = done->body;
  co_return answer;
}

}  // namespace postrider::delivery
