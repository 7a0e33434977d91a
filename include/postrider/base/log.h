// Structured logging: an event-like name and key=value fields, one line (text or JSON) a record, on stderr.
// Values are escaped and bounded, so no input can forge a line. Personal data goes through `redacted` only.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace postrider::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

struct Field {
  std::string_view key;
  std::string value;
  bool quoted = true;  // false for numbers and booleans in JSON
};

inline Field field(std::string_view key, std::string_view value) { return Field{key, std::string(value), true}; }
inline Field field(std::string_view key, char const* value) { return Field{key, value, true}; }
inline Field field(std::string_view key, bool value) { return Field{key, value ? "true" : "false", false}; }
template <std::integral T>
Field field(std::string_view key, T value) {
  return Field{key, std::to_string(value), false};
}
inline Field field(std::string_view key, double value) { return Field{key, std::to_string(value), false}; }
template <class T>
  requires requires(T const& t) { { t.str() } -> std::convertible_to<std::string>; }
Field field(std::string_view key, T const& id) {
  return Field{key, id.str(), true};
}

void configure(Level level, Format format);
bool enabled(Level level);
// Replaces the output (tests); an empty function restores stderr.
void set_sink(std::function<void(std::string_view line)> sink);

void write(Level level, std::string_view event, std::initializer_list<Field> fields);

template <class... Fields>
void debug(std::string_view event, Fields... fields) {
  if (enabled(Level::debug)) write(Level::debug, event, {std::move(fields)...});
}
template <class... Fields>
void info(std::string_view event, Fields... fields) {
  if (enabled(Level::info)) write(Level::info, event, {std::move(fields)...});
}
template <class... Fields>
void warn(std::string_view event, Fields... fields) {
  if (enabled(Level::warn)) write(Level::warn, event, {std::move(fields)...});
}
template <class... Fields>
void error(std::string_view event, Fields... fields) {
  if (enabled(Level::error)) write(Level::error, event, {std::move(fields)...});
}

// "j***@example.net": enough to recognise, not enough to write to.
std::string redacted(std::string_view email);

}  // namespace postrider::log
