#include "postrider/base/log.h"

#include "postrider/base/clock.h"

#include <cstdio>
#include <mutex>

namespace postrider::log {

namespace {

constexpr std::size_t value_limit = 4096;

struct Output {
  std::mutex lock;  // offloaded work logs too
  Level level = Level::info;
  Format format = Format::text;
  std::function<void(std::string_view)> sink;
};

Output& output() {
  static Output instance;
  return instance;
}

std::string_view name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "info";
}

// JSON string escaping; used for both formats, so control characters never reach a terminal.
void append_escaped(std::string& out, std::string_view value) {
  if (value.size() > value_limit) value = value.substr(0, value_limit);
  for (char const c : value) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          char buffer[8];
          std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
          out += buffer;
        } else {
          out += c;
        }
    }
  }
}

bool plain(std::string_view value) {
  if (value.empty() || value.size() > value_limit) return false;
  for (char const c : value)
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
  return true;
}

std::string line_of(Format format, Level level, std::string_view event, std::initializer_list<Field> fields) {
  auto const time = to_text(SystemClock().now());
  std::string line;
  if (format == Format::json) {
    line = "{\"time\":\"" + time + "\",\"level\":\"" + std::string(name(level)) + "\",\"event\":\"";
    append_escaped(line, event);
    line += '"';
    for (auto const& field : fields) {
      line += ",\"";
      append_escaped(line, field.key);
      line += "\":";
      if (field.quoted) line += '"';
      append_escaped(line, field.value);
      if (field.quoted) line += '"';
    }
    line += "}\n";
    return line;
  }
  line = time + ' ' + std::string(name(level)) + ' ' + std::string(event);
  for (auto const& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (plain(field.value)) {
      line += field.value;
    } else {
      line += '"';
      append_escaped(line, field.value);
      line += '"';
    }
  }
  line += '\n';
  return line;
}

}  // namespace

void configure(Level level, Format format) {
  std::lock_guard const guard(output().lock);
  output().level = level;
  output().format = format;
}

bool enabled(Level level) { return level >= output().level; }

void set_sink(std::function<void(std::string_view)> sink) {
  std::lock_guard const guard(output().lock);
  output().sink = std::move(sink);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  auto& out = output();
  std::lock_guard const guard(out.lock);
  auto const line = line_of(out.format, level, event, fields);
  if (out.sink) {
    out.sink(line);
  } else {
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

std::string redacted(std::string_view email) {
  auto const at = email.rfind('@');
  if (email.empty() || at == std::string_view::npos) return "***";
  return std::string(email.substr(0, at == 0 ? 0 : 1)) + "***" + std::string(email.substr(at));
}

}  // namespace postrider::log
