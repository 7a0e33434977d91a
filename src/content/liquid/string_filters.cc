// Filters that cut and join strings.
#include "content/liquid/characters.h"
#include "content/liquid/filters.h"

#include <vector>

namespace postrider::content {

namespace {

Value append(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  auto more = run.text(in.arguments[0]);
  if (!run.charge_bytes(more.size())) return {};
  ArenaText out(run.arena());
  out.start_with(text, more.size());
  return Value::of(out.append(more).finish());
}

Value prepend(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  auto more = run.text(in.arguments[0]);
  if (!run.charge_bytes(text.size() + more.size())) return {};
  ArenaText out(run.arena());
  return Value::of(out.append(more).append(text).finish());
}

template <std::string (*map)(std::string_view)>
Value mapped(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  return run.string(map(text));
}

template <std::string_view (*cut)(std::string_view)>
Value stripped(Runtime& run, FilterInput const& in) {
  return Value::of(cut(run.text(in.input)));
}

Value squish(Runtime& run, FilterInput const& in) {
  auto text = strip(run.text(in.input));
  if (!run.charge_bytes(text.size())) return {};
  ArenaText out(run.arena());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_space(text[i])) {
      out.push(text[i]);
    } else if (!is_space(text[i - 1])) {
      out.push(' ');
    }
  }
  return Value::of(out.finish());
}

enum class Which { all, first, last };

// An empty pattern matches between all characters, as in Ruby.
Value replaced(Runtime& run, std::string_view text, std::string_view pattern, std::string_view with, Which which) {
  if (!run.charge_bytes(text.size())) return {};
  ArenaText out(run.arena());
  if (which != Which::all) {
    auto at = which == Which::first ? text.find(pattern) : text.rfind(pattern);
    if (at == std::string_view::npos) return Value::of(text);
    return Value::of(out.append(text.substr(0, at)).append(with).append(text.substr(at + pattern.size())).finish());
  }
  if (pattern.empty()) {
    std::size_t at = 0;
    while (at < text.size() && !run.failed()) {
      auto end = at + offset_of_character(text.substr(at), 1);
      out.append(with).append(text.substr(at, end - at));
      at = end;
    }
    return Value::of(out.append(with).finish());
  }
  std::size_t done = 0;
  for (auto at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, done)) {
    out.append(text.substr(done, at - done)).append(with);
    done = at + pattern.size();
    if (run.failed()) return {};
  }
  if (done == 0) return Value::of(text);
  return Value::of(out.append(text.substr(done)).finish());
}

template <Which which>
Value replace(Runtime& run, FilterInput const& in) {
  return replaced(run, run.text(in.input), run.text(in.arguments[0]), in.has(1) ? run.text(in.arguments[1]) : std::string_view{}, which);
}

template <Which which>
Value remove(Runtime& run, FilterInput const& in) {
  return replaced(run, run.text(in.input), run.text(in.arguments[0]), {}, which);
}

Value split(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  auto pattern = run.text(in.arguments[0]);
  if (!run.charge_bytes(text.size())) return {};
  // Counted first, so that the array is made once, of the right size.
  auto each = [&](auto&& take) {
    if (pattern == " ") {
      for (auto rest = strip_left(text); !rest.empty(); rest = strip_left(rest)) {
        std::size_t end = 0;
        while (end < rest.size() && !is_space(rest[end])) ++end;
        take(rest.substr(0, end));
        rest.remove_prefix(end);
      }
    } else if (pattern.empty()) {
      for (std::size_t at = 0; at < text.size();) {
        auto end = at + offset_of_character(text.substr(at), 1);
        take(text.substr(at, end - at));
        at = end;
      }
    } else {
      std::size_t done = 0;
      for (auto at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, done)) {
        take(text.substr(done, at - done));
        done = at + pattern.size();
      }
      take(text.substr(done));
    }
  };
  std::size_t count = 0, filled = 0;
  each([&](std::string_view part) {
    ++count;
    if (!part.empty()) filled = count;  // trailing empty parts are dropped
  });
  if (!run.charge(filled)) return {};
  auto* parts = run.arena().make<Value>(filled);
  if (!parts) return {};
  std::size_t i = 0;
  each([&](std::string_view part) {
    if (i < filled) parts[i++] = Value::of(part);
  });
  return Value::of(parts, filled);
}

Value slice(Runtime& run, FilterInput const& in) {
  auto offset = run.integer(in.arguments[0]);
  auto length = in.has(1) && !in.arguments[1].is_nil() ? run.integer(in.arguments[1]) : 1;
  if (!offset || !length || run.failed()) return {};
  bool array = in.input.is_array();
  auto text = array ? std::string_view{} : run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  auto size = static_cast<std::int64_t>(array ? content::length(in.input) : count_characters(text));
  auto begin = *offset < 0 ? *offset + size : *offset;
  if (begin < 0 || begin > size || *length < 0) return array ? Value::of(static_cast<Value const*>(nullptr), 0) : Value::of("");
  auto count = std::min(*length, size - begin);
  if (!array) {
    auto from = offset_of_character(text, static_cast<std::size_t>(begin));
    return Value::of(text.substr(from, offset_of_character(text.substr(from), static_cast<std::size_t>(count))));
  }
  auto* items = run.arena().make<Value>(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; items && i < count; ++i) items[i] = element(in.input, static_cast<std::size_t>(begin + i));
  return items ? Value::of(items, static_cast<std::size_t>(count)) : Value{};
}

Value truncate(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  auto text = run.text(in.input);
  auto length = in.has(0) ? run.integer(in.arguments[0]) : 50;
  if (!length || run.failed() || !run.charge_bytes(text.size())) return {};
  auto tail = in.has(1) ? run.text(in.arguments[1]) : std::string_view("...");
  if (static_cast<std::int64_t>(count_characters(text)) <= *length) return Value::of(text);
  auto kept = std::max<std::int64_t>(0, *length - static_cast<std::int64_t>(count_characters(tail)));
  ArenaText out(run.arena());
  return Value::of(out.append(text.substr(0, offset_of_character(text, static_cast<std::size_t>(kept)))).append(tail).finish());
}

Value truncate_words(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  auto text = run.text(in.input);
  auto words = in.has(0) ? run.integer(in.arguments[0]) : 15;
  if (!words || run.failed() || !run.charge_bytes(text.size())) return {};
  auto limit = std::max<std::int64_t>(1, *words);
  ArenaText out(run.arena());
  std::int64_t taken = 0;
  for (auto rest = strip_left(text); !rest.empty(); rest = strip_left(rest)) {
    if (taken == limit) return Value::of(out.append(in.has(1) ? run.text(in.arguments[1]) : std::string_view("...")).finish());
    std::size_t end = 0;
    while (end < rest.size() && !is_space(rest[end])) ++end;
    if (taken++ > 0) out.push(' ');
    out.append(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return Value::of(text);
}

}  // namespace

std::span<FilterSpec const> string_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"append", 1, 1, append},
      {"prepend", 1, 1, prepend},
      {"capitalize", 0, 0, mapped<capitalized>},
      {"downcase", 0, 0, mapped<lower>},
      {"upcase", 0, 0, mapped<upper>},
      {"strip", 0, 0, stripped<strip>},
      {"lstrip", 0, 0, stripped<strip_left>},
      {"rstrip", 0, 0, stripped<strip_right>},
      {"squish", 0, 0, squish},
      {"replace", 1, 2, replace<Which::all>},
      {"replace_first", 1, 2, replace<Which::first>},
      {"replace_last", 2, 2, replace<Which::last>},
      {"remove", 1, 1, remove<Which::all>},
      {"remove_first", 1, 1, remove<Which::first>},
      {"remove_last", 1, 1, remove<Which::last>},
      {"split", 1, 1, split},
      {"slice", 1, 2, slice},
      {"truncate", 0, 2, truncate},
      {"truncatewords", 0, 2, truncate_words},
  };
  return kFilters;
}

}  // namespace postrider::content
