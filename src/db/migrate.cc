#include "postrider/db/store.h"

#include "db/migrations.h"
#include "postrider/base/fail_point.h"

#include <algorithm>
#include <exception>

namespace postrider::db {

namespace {

POSTRIDER_DECLARE_FAIL_POINT(before_script, "migration.before_script");
POSTRIDER_DECLARE_FAIL_POINT(after_script, "migration.after_script");

constexpr Statement version_of{"db", "schema_version", Tag::utility, "select coalesce(max(version), 0) from schema_migrations",
                                        "select coalesce(max(version), 0) from schema_migrations", true};

constexpr char const* version_table =
    "create table if not exists schema_migrations (version integer primary key, name text not null, applied_at timestamptz not null)";

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

int wanted_schema_version() {
  int version = 0;
  for (auto const& script : migration_scripts()) version = std::max(version, script.version);
  return version;
}

Task<int> schema_version(Store& store) {
  bool missing = false;
  try {
    auto const row = co_await store.one(version_of);
    co_return static_cast<int>(row.integer(0));
  } catch (Unavailable const&) {
    throw;
  } catch (Failure const&) {
    missing = true;  // the table is not there: nothing was ever migrated
  }
  co_return missing ? 0 : -1;
}

Task<MigrationReport> migrate(Store& store, Instant now) {
  co_await store.run_script(version_table);
  MigrationReport report;
  report.from = co_await schema_version(store);
  report.to = wanted_schema_version();
  if (report.from > report.to)
    throw Failure("the database has schema version " + std::to_string(report.from) + ", this binary knows only " + std::to_string(report.to) +
                  ": start a newer postrider");
  bool const postgres = store.dialect() == Dialect::postgres;
  for (int version = report.from + 1; version <= report.to; ++version) {
    // The version row comes first: a second runner waits on it, then fails on its primary key and re-reads.
    std::string text;
    std::string_view script_name = "none";
    for (auto const& script : migration_scripts()) {
      if (script.version != version || !(postgres ? script.for_postgres : script.for_sqlite)) continue;
      script_name = script.name;
      text += std::string(script.text) + "\n";
    }
    text = "insert into schema_migrations (version, name, applied_at) values (" + std::to_string(version) + ", " + quoted(script_name) + ", " +
           quoted(to_text(now)) + ");\n" + text;
    POSTRIDER_FAIL_POINT("migration.before_script");
    std::exception_ptr failure;
    try {
      co_await store.run_script(std::move(text));
    } catch (Failure const&) {
      failure = std::current_exception();
    }
    if (!failure) {
      POSTRIDER_FAIL_POINT("migration.after_script");
      continue;
    }
    // Somebody else may have been faster.
    auto const reached = co_await schema_version(store);
    if (reached < version) std::rethrow_exception(failure);
    version = reached;
  }
  co_return report;
}

}  // namespace postrider::db
