#include "db/usage.h"

#ifdef POSTRIDER_WITH_FAIL_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <string>

namespace postrider::db {

namespace {

// Opened once; appending one short line is one write, so many processes may share the file.
int log_file() {
  auto const* const path = std::getenv("POSTRIDER_STATEMENT_LOG");
  return path ? ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
}

}  // namespace

void note_use(Dialect dialect, Statement const& statement) {
  static int const file = log_file();
  if (file < 0 || statement.dynamic) return;
  static std::mutex mutex;
  static std::set<void const*> seen;
  std::lock_guard const lock(mutex);
  if (!seen.insert(statement.text(dialect).data()).second) return;
  auto const line =
      std::string(dialect == Dialect::postgres ? "postgres " : "sqlite ") + std::string(statement.module) + "." + std::string(statement.name) + "\n";
  if (::write(file, line.data(), line.size()) < 0) return;
}

}  // namespace postrider::db

#endif
