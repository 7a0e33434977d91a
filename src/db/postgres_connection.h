// One PostgreSQL connection, driven asynchronously on Asio: libpq in pipeline mode, statements prepared on first use.
// Used by one coroutine at a time. After a failure `broken()` tells whether it can still be used.
#pragma once

#include "postrider/db/store.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace postrider::db {

class PostgresConnection {
 public:
  // Blocks: run it on a thread that may. Throws Unavailable.
  static PGconn* connect(std::string const& url, std::string const& schema, int statement_timeout_ms, std::string const& more);

  PostgresConnection(Executor executor, PGconn* connection, std::chrono::milliseconds patience);
  ~PostgresConnection();
  PostgresConnection(PostgresConnection const&) = delete;
  PostgresConnection& operator=(PostgresConnection const&) = delete;

  // All calls in one round trip; one implicit transaction unless an explicit one is open.
  Task<std::vector<Rows>> run(std::vector<Call> calls);
  // Several statements in one text, without parameters.
  Task<void> run_script(std::string text);
  // Waits for a notification (after LISTEN) and hands each payload over. Throws Unavailable when the connection is lost.
  Task<void> wait_for_notifications(std::function<void(std::string_view payload)> receive);

  // Ends whatever waits on it, from outside: the waiter gets Unavailable.
  void interrupt();

  bool broken() const { return broken_; }
  bool busy() const { return busy_; }

 private:
  Task<void> flush();
  Task<PGresult*> next_result();
  void send(Call const& call);
  [[noreturn]] void lost(std::string_view doing);

  Executor executor_;
  PGconn* connection_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer watchdog_;
  std::chrono::milliseconds patience_;
  std::unordered_set<std::string> prepared_;  // by name: two statements may have one text
  bool broken_ = false;
  bool busy_ = false;
};

}  // namespace postrider::db
