// A PostgreSQL of the tests' own: a cluster in a temporary folder, run as an unprivileged user, gone when the tests end.
// POSTRIDER_TEST_PG (a postgresql:// address of a superuser) is used instead when it is set. PostgreSQL is never skipped: where it
// cannot be started, the tests fail and say why.
#pragma once

#include <string>

namespace postrider::test {

// The address of a database server, started on first use: "postgresql://…" without a database's name at the end.
std::string const& postgres_server();
// A new, empty database on it; the address to open it.
std::string new_postgres_database();

}  // namespace postrider::test
