// The migration scripts, embedded by sql/embed.cc.
#pragma once

#include <string_view>
#include <vector>

namespace postrider::db {

struct MigrationScript {
  int version;
  std::string_view name;
  bool for_postgres;
  bool for_sqlite;
  std::string_view text;
};

// Ordered by version, then file name.
std::vector<MigrationScript> const& migration_scripts();

}  // namespace postrider::db
