// What a database can throw. Ordinary refusals (a row is not there) are values; these are not.
#pragma once

#include <stdexcept>
#include <string>

namespace postrider::db {

// The statement's name and the database's own words: the statement is wrong.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The database cannot be reached, went away in mid-statement, or is full. What was under way is undone, except a commit
// whose answer was lost: deterministic ids and keys make repeating it harmless. HTTP answers 503 with Retry-After.
class Unavailable : public Failure {
 public:
  using Failure::Failure;
};

// Deadlock, serialization failure, lock or statement time-out: repeat the whole transaction.
class Retryable : public Failure {
 public:
  using Failure::Failure;
};

// A unique constraint was hit. `constraint` holds its name (PostgreSQL) or its columns (SQLite): look for a piece of it.
class UniqueViolation : public Failure {
 public:
  UniqueViolation(std::string const& message, std::string name) : Failure(message), constraint(std::move(name)) {}
  std::string constraint;
};

// A row points at, or is pointed at by, a row that forbids the change.
class ForeignKeyViolation : public Failure {
 public:
  using Failure::Failure;
};

}  // namespace postrider::db
