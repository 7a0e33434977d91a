// What SQL may call on SQLite beside its own functions: fold, number_in and instant_in (base/reading.h), which PostgreSQL has in its schema.
#pragma once

struct sqlite3;

namespace postrider::db {

void add_functions(sqlite3* connection);

}  // namespace postrider::db
