#include "db/sqlite_functions.h"

#include "postrider/base/reading.h"

#include <sqlite3.h>

namespace postrider::db {

namespace {

std::string_view text_of(sqlite3_value* value) {
  auto const* const text = reinterpret_cast<char const*>(sqlite3_value_text(value));
  return text ? std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value))) : std::string_view();
}

void fold_text(sqlite3_context* context, int, sqlite3_value** values) {
  if (sqlite3_value_type(values[0]) != SQLITE_TEXT) return sqlite3_result_null(context);
  auto const folded = fold(text_of(values[0]));
  sqlite3_result_text64(context, folded.data(), folded.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void read_number(sqlite3_context* context, int, sqlite3_value** values) {
  auto const type = sqlite3_value_type(values[0]);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) return sqlite3_result_value(context, values[0]);
  auto const number = type == SQLITE_TEXT ? number_in(text_of(values[0])) : std::nullopt;
  if (!number) return sqlite3_result_null(context);
  if (auto const* const whole = std::get_if<std::int64_t>(&*number)) return sqlite3_result_int64(context, *whole);
  sqlite3_result_double(context, std::get<double>(*number));
}

// As microseconds since 1970: comparable whatever the year.
void read_instant(sqlite3_context* context, int, sqlite3_value** values) {
  auto const instant = sqlite3_value_type(values[0]) == SQLITE_TEXT ? instant_in(text_of(values[0])) : std::nullopt;
  if (!instant) return sqlite3_result_null(context);
  sqlite3_result_int64(context, instant->time_since_epoch().count());
}

}  // namespace

void add_functions(sqlite3* connection) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  sqlite3_create_function_v2(connection, "fold", 1, flags, nullptr, fold_text, nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(connection, "number_in", 1, flags, nullptr, read_number, nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(connection, "instant_in", 1, flags, nullptr, read_instant, nullptr, nullptr, nullptr);
}

}  // namespace postrider::db
