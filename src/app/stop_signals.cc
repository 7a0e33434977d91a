#include "app/stop_signals.h"

#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <csignal>

namespace postrider::app {

Task<void> until_told_to_stop(Executor executor) {
  // Kept alive by the handler of the second signal, which may come long after this has returned.
  auto const signals = std::make_shared<boost::asio::signal_set>(executor, SIGTERM, SIGINT);
  Signal told(executor);
  signals->async_wait([signals, &told](boost::system::error_code failure, int) {
    if (failure) return;
    told.notify();
    signals->async_wait([signals](boost::system::error_code again, int) {
      if (!again) ::_exit(130);
    });
  });
  while (!co_await told.wait_for(std::chrono::hours(24))) continue;
}

}  // namespace postrider::app
