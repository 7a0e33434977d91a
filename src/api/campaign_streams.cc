#include "api/campaign_streams.h"

#include <boost/asio/this_coro.hpp>

namespace postrider::api {

namespace {

constexpr auto turn = std::chrono::seconds(1);
constexpr int most_turns = 600;
constexpr int silence = 15;  // turns

}  // namespace

void ProgressStream::stop() {
  stopped_ = true;
  if (stopping_) stopping_->notify();
}

Task<std::optional<std::string>> ProgressStream::next() {
  if (!stopping_) {
    auto const executor = co_await boost::asio::this_coro::executor;
    stopping_ = std::make_unique<Signal>(executor);
  }
  while (!stopped_ && !ended_ && turns_ < most_turns) {
    if (turns_++ > 0) co_await stopping_->wait_for(turn);
    if (stopped_) break;
    auto const progress = co_await reports_.progress(tenant_, id_);
    if (!progress) break;
    ended_ = progress->status == campaigns::Status::completed || (progress->status == campaigns::Status::canceled && progress->states.queued + progress->states.sending == 0);
    auto text = encode_(*progress);
    // as_of moves with every count; what people look at may not.
    auto const shown = text.substr(0, text.find("\"as_of\""));
    if (shown != last_) {
      last_ = shown;
      silent_turns_ = 0;
      co_return "event: progress\ndata: " + text + "\n\n";
    }
    if (++silent_turns_ >= silence) {
      silent_turns_ = 0;
      co_return std::string(": still here\n\n");
    }
  }
  co_return std::nullopt;
}

Task<std::optional<std::string>> MessageLines::next() {
  if (ended_) co_return std::nullopt;
  bool const first = !last_;
  auto page = co_await reports_.export_page(tenant_, id_, filter_, last_);
  if (page.last) last_ = page.last;
  else ended_ = true;
  if (!page.last && !first) co_return std::nullopt;
  co_return std::move(page.lines);
}

}  // namespace postrider::api
