#include "postrider/db/store.h"

#include "db/postgres.h"
#include "db/sqlite.h"

namespace postrider::db {

Task<std::int64_t> Session::count_of(Task<Rows> rows) {
  auto const all = co_await std::move(rows);
  co_return all.affected();
}

Task<std::optional<OwnedRow>> Session::first_of(Task<Rows> rows) {
  auto all = co_await std::move(rows);
  std::optional<OwnedRow> first;
  if (!all.empty()) first.emplace(std::move(all));
  co_return first;
}

Task<OwnedRow> Session::only_of(Statement const& statement, Task<Rows> rows) {
  auto all = co_await std::move(rows);
  if (all.size() != 1)
    throw Failure(std::string(statement.module) + "." + std::string(statement.name) + " answered " + std::to_string(all.size()) + " rows, not one");
  co_return OwnedRow(std::move(all));
}

Task<void> Transaction::commit() {
  co_await body_->commit();
  for (auto const& topic : topics_) store_->announce(topic);
  topics_.clear();
}

void Transaction::announce(std::string_view topic) {
  for (auto const& known : topics_)
    if (known == topic) return;
  topics_.emplace_back(topic);
}

Dialect Transaction::dialect() const { return store_->dialect(); }

std::unique_ptr<Store> open_store(Executor executor, Settings settings) {
  if (settings.database.starts_with("sqlite:")) return open_sqlite(std::move(executor), std::move(settings));
  if (settings.database.starts_with("postgresql://") || settings.database.starts_with("postgres://"))
    return open_postgres(std::move(executor), std::move(settings));
  throw Failure("--database must be sqlite:PATH or postgresql://…, not '" + settings.database.substr(0, settings.database.find(':')) + ":…'");
}

}  // namespace postrider::db
