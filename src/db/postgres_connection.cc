#include "db/postgres_connection.h"

#include "db/usage.h"
#include "postrider/base/log.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <sys/socket.h>

namespace postrider::db {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

using Result_ = std::unique_ptr<PGresult, decltype(&PQclear)>;

// {"a","b",NULL}: the text form of an array.
template <class Items, class Text>
std::string array_literal(Items const& items, Text&& text_of) {
  std::size_t size = 2;
  for (auto const& item : items)
    if (std::string const* const text = text_of(item)) size += text->size() + 3;
    else size += 5;
  std::string out;
  out.reserve(size);
  out += '{';
  for (auto const& item : items) {
    if (out.size() > 1) out += ',';
    std::string const* const text = text_of(item);
    if (!text) {
      out += "NULL";
      continue;
    }
    out += '"';
    std::size_t written = 0;
    for (auto at = text->find_first_of("\"\\"); at != std::string::npos; at = text->find_first_of("\"\\", at + 1)) {
      out.append(*text, written, at - written);
      out += '\\';
      written = at;
    }
    out.append(*text, written);
    out += '"';
  }
  return out += '}';
}

// The text forms of all parameters, positions as the statement counts them.
std::vector<std::optional<std::string>> texts_of(Parameters const& parameters) {
  std::vector<std::optional<std::string>> texts;
  texts.reserve(parameters.size());
  for (auto const& parameter : parameters) {
    auto const& value = parameter.value();
    if (auto const* const integer = std::get_if<std::int64_t>(&value)) texts.emplace_back(std::to_string(*integer));
    else if (auto const* const real = std::get_if<double>(&value)) texts.emplace_back(fmt::format("{}", *real));
    else if (auto const* const truth = std::get_if<bool>(&value)) texts.emplace_back(*truth ? "true" : "false");
    else if (auto const* const text = std::get_if<std::string>(&value)) texts.emplace_back(*text);
    else if (auto const* const list = std::get_if<TextArray>(&value)) {
      texts.emplace_back(array_literal(list->items, [](std::string const& item) { return &item; }));
    } else if (auto const* const columns = std::get_if<Columns>(&value)) {
      for (auto const& column : columns->columns)
        texts.emplace_back(array_literal(column, [](std::optional<std::string> const& item) { return item ? &*item : nullptr; }));
    } else {
      texts.emplace_back(std::nullopt);
    }
  }
  return texts;
}

std::exception_ptr failure_of(Statement const* statement, PGresult const* result, bool& broken) {
  auto field = [result](int code) {
    auto const* const text = PQresultErrorField(result, code);
    return std::string(text ? text : "");
  };
  auto const state = field(PG_DIAG_SQLSTATE);
  auto message = statement ? std::string(statement->module) + "." + std::string(statement->name) + ": " : std::string("script: ");
  message += field(PG_DIAG_MESSAGE_PRIMARY);
  if (auto const detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty() && state != "23505" && state != "23503") message += " (" + detail + ")";
  if (message.ends_with(": ")) message += PQresultErrorMessage(result);
  message += " [" + state + "]";
  auto const starts = [&state](char const* text) { return state.starts_with(text); };
  if (state == "23505" || (state == "XX000" && message.find("duplicate key") != std::string::npos))
    return std::make_exception_ptr(UniqueViolation(message, field(PG_DIAG_CONSTRAINT_NAME)));
  if (state == "23503") return std::make_exception_ptr(ForeignKeyViolation(message));
  if (state == "40001" || state == "40P01" || state == "55P03" || state == "57014") return std::make_exception_ptr(Retryable(message));
  if (state == "25006" || starts("57P") || state.empty()) {
    broken = true;
    return std::make_exception_ptr(Unavailable(message));
  }
  if (starts("08") || starts("53") || starts("58")) return std::make_exception_ptr(Unavailable(message));
  return std::make_exception_ptr(Failure(message));
}

Rows rows_of(PGresult const* result) {
  int const columns = PQnfields(result);
  int const count = PQntuples(result);
  Rows rows(static_cast<std::size_t>(columns));
  for (int r = 0; r < count; ++r) {
    for (int c = 0; c < columns; ++c) {
      if (PQgetisnull(result, r, c)) rows.add_null();
      else rows.add_cell(std::string_view(PQgetvalue(result, r, c), static_cast<std::size_t>(PQgetlength(result, r, c))));
    }
  }
  std::string_view const touched = PQcmdTuples(const_cast<PGresult*>(result));
  if (!touched.empty()) rows.set_affected(std::atoll(touched.data()));
  return rows;
}

void without_notices(void*, PGresult const*) {}

}  // namespace

PGconn* PostgresConnection::connect(std::string const& url, std::string const& schema, int statement_timeout_ms, std::string const& more) {
  // The address comes first, so that what it says wins over nothing, and ours fills the rest.
  bool const names_target = url.find("target_session_attrs") != std::string::npos;
  char const* const keys[] = {"connect_timeout", "dbname", "fallback_application_name", "tcp_user_timeout", names_target ? nullptr : "target_session_attrs", nullptr};
  char const* const values[] = {"5", url.c_str(), "postrider", "15000", "read-write", nullptr};
  auto* const connection = PQconnectdbParams(keys, values, 1);
  if (!connection || PQstatus(connection) != CONNECTION_OK) {
    std::string why = connection ? PQerrorMessage(connection) : "out of memory";
    PQfinish(connection);
    while (!why.empty() && why.back() == '\n') why.pop_back();
    throw Unavailable("cannot reach PostgreSQL: " + why);
  }
  PQsetNoticeReceiver(connection, without_notices, nullptr);
  auto const settings = fmt::format("set timezone = 'UTC'; set search_path to \"{}\"; set statement_timeout = {}; set lock_timeout = 10000;"
                                    "set jit = off; set idle_in_transaction_session_timeout = 60000; set datestyle = 'ISO, YMD'; {}",
                                    schema, statement_timeout_ms, more);
  Result_ const result(PQexec(connection, settings.c_str()), PQclear);
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK || PQsetnonblocking(connection, 1) != 0) {
    std::string const why = PQerrorMessage(connection);
    PQfinish(connection);
    throw Unavailable("cannot set up the PostgreSQL session: " + why);
  }
  return connection;
}

PostgresConnection::PostgresConnection(Executor executor, PGconn* connection, std::chrono::milliseconds patience)
    : executor_(executor), connection_(connection), socket_(executor, PQsocket(connection)), watchdog_(executor), patience_(patience) {}

PostgresConnection::~PostgresConnection() {
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  socket_.release();  // libpq owns the descriptor
  PQfinish(connection_);
}

void PostgresConnection::interrupt() { ::shutdown(PQsocket(connection_), SHUT_RDWR); }

void PostgresConnection::lost(std::string_view doing) {
  broken_ = true;
  std::string why = PQerrorMessage(connection_);
  while (!why.empty() && why.back() == '\n') why.pop_back();
  throw Unavailable("lost the PostgreSQL connection while " + std::string(doing) + ": " + why);
}

// Wait for read or write: a server that blocks on writing to us must be read from, or both sides stall.
Task<void> PostgresConnection::flush() {
  for (;;) {
    int const left = PQflush(connection_);
    if (left < 0) lost("writing");
    if (left == 0) co_return;
    boost::system::error_code first, second;
    co_await (socket_.async_wait(socket_.wait_write, asio::redirect_error(asio::use_awaitable, first)) ||
              socket_.async_wait(socket_.wait_read, asio::redirect_error(asio::use_awaitable, second)));
    if (PQconsumeInput(connection_) == 0) lost("writing");
  }
}

Task<PGresult*> PostgresConnection::next_result() {
  while (PQisBusy(connection_) != 0) {
    boost::system::error_code failure;
    co_await socket_.async_wait(socket_.wait_read, asio::redirect_error(asio::use_awaitable, failure));
    if (failure || PQconsumeInput(connection_) == 0) lost("reading");
  }
  co_return PQgetResult(connection_);
}

namespace {
std::string prepared_name(Statement const& statement) { return fmt::format("{}.{}", statement.module, statement.name); }
}  // namespace

void PostgresConnection::send(Call const& call) {
  note_use(Dialect::postgres, call.statement);
  auto const texts = texts_of(call.parameters);
  std::vector<char const*> values(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) values[i] = texts[i] ? texts[i]->c_str() : nullptr;
  int const count = static_cast<int>(values.size());
  // Catalogue texts are literals and end in a zero; run-time texts are std::strings, which do too.
  int sent = 0;
  if (call.statement.dynamic) {
    sent = PQsendQueryParams(connection_, call.statement.postgres.data(), count, nullptr, values.data(), nullptr, nullptr, 0);
  } else {
    auto const name = prepared_name(call.statement);
    if (!prepared_.contains(name)) {
      if (PQsendPrepare(connection_, name.c_str(), call.statement.postgres.data(), 0, nullptr) != 1) lost("sending");
    }
    sent = PQsendQueryPrepared(connection_, name.c_str(), count, values.data(), nullptr, nullptr, 0);
  }
  if (sent != 1) lost("sending");
}

Task<std::vector<Rows>> PostgresConnection::run(std::vector<Call> calls) {
  busy_ = true;
  auto const descriptor = PQsocket(connection_);
  watchdog_.expires_after(patience_);
  watchdog_.async_wait([descriptor](boost::system::error_code failure) {
    if (!failure) ::shutdown(descriptor, SHUT_RDWR);  // a server that says nothing: the read then fails
  });
  if (PQenterPipelineMode(connection_) != 1) lost("starting");
  std::vector<bool> prepares;
  for (auto const& call : calls) {
    bool const first = !call.statement.dynamic && !prepared_.contains(prepared_name(call.statement));
    send(call);
    prepares.push_back(first);
    if (first) prepared_.insert(prepared_name(call.statement));
  }
  if (PQpipelineSync(connection_) != 1) lost("sending");
  co_await flush();

  std::vector<Rows> all;
  all.reserve(calls.size());
  std::exception_ptr failure;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (int step = prepares[i] ? 0 : 1; step < 2; ++step) {
      bool failed = false;
      while (auto* const raw = co_await next_result()) {
        Result_ const result(raw, PQclear);
        auto const status = PQresultStatus(result.get());
        if (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED) {
          failed = true;
          if (!failure && status == PGRES_FATAL_ERROR) failure = failure_of(&calls[i].statement, result.get(), broken_);
        } else if (step == 1) {
          all.push_back(rows_of(result.get()));
        }
        if (PQstatus(connection_) != CONNECTION_OK) lost("reading");
      }
      if (failed && step == 0) prepared_.erase(prepared_name(calls[i].statement));
    }
  }
  for (bool synced = false; !synced;) {
    auto* const raw = co_await next_result();
    if (!raw && PQstatus(connection_) != CONNECTION_OK) lost("reading");
    Result_ const result(raw, PQclear);
    synced = raw && PQresultStatus(raw) == PGRES_PIPELINE_SYNC;
  }
  PQexitPipelineMode(connection_);
  watchdog_.cancel();
  busy_ = false;
  if (failure) std::rethrow_exception(failure);
  co_return all;
}

Task<void> PostgresConnection::run_script(std::string text) {
  busy_ = true;
  if (PQsendQuery(connection_, text.c_str()) != 1) lost("sending");
  co_await flush();
  std::exception_ptr failure;
  while (auto* const raw = co_await next_result()) {
    Result_ const result(raw, PQclear);
    if (PQresultStatus(raw) == PGRES_FATAL_ERROR && !failure) failure = failure_of(nullptr, raw, broken_);
  }
  busy_ = false;
  if (failure) std::rethrow_exception(failure);
}

Task<void> PostgresConnection::wait_for_notifications(std::function<void(std::string_view)> receive) {
  boost::system::error_code failure;
  co_await socket_.async_wait(socket_.wait_read, asio::redirect_error(asio::use_awaitable, failure));
  if (failure || PQconsumeInput(connection_) == 0) lost("listening");
  while (auto* const note = PQnotifies(connection_)) {
    receive(note->extra);
    PQfreemem(note);
  }
}

}  // namespace postrider::db
