// Filters that turn text into another form of it: HTML, URLs, base64, lines.
#include "content/escape.h"
#include "content/liquid/characters.h"
#include "content/liquid/filters.h"

#include "postrider/crypto/encoding.h"

#include <algorithm>

namespace postrider::content {

namespace {

Value escape(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  std::string out;
  append_escaped_html(out, text);
  return run.string(out).safe();
}

// `&` that already begins a reference stays.
Value escape_once(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      auto end = i + 1;
      while (end < text.size() && end - i < 32 &&
             (text[end] == '#' ? end == i + 1 : std::isalnum(static_cast<unsigned char>(text[end])) != 0))
        ++end;
      if (end > i + 1 && end < text.size() && text[end] == ';') {
        out.append(text, i, end - i + 1);
        i = end;
        continue;
      }
    }
    append_escaped_html(out, text.substr(i, 1));
  }
  return run.string(out).safe();
}

// In HTML the author wants the breaks as markup and the rest as text.
Value newline_to_br(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  bool escapes = run.options().auto_escape && !(in.input.flags & Value::safe_html);
  std::string escaped;
  if (escapes) {
    append_escaped_html(escaped, text);
    text = escaped;
  }
  ArenaText out(run.arena());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[i] == '\n' ? out.append("<br />\n") : out.push(text[i]);
  }
  auto value = Value::of(out.finish());
  return run.options().auto_escape ? value.safe() : value;
}

Value strip_newlines(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  ArenaText out(run.arena());
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool before_newline = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (text[i] != '\n' && !before_newline) out.push(text[i]);
  }
  return Value::of(out.finish());
}

// Removes every stretch from `open` to `close`; an unclosed one stays.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  std::size_t done = 0;
  for (auto at = text.find(open); at != std::string_view::npos; at = text.find(open, done)) {
    auto end = text.find(close, at + open.size());
    if (end == std::string_view::npos) break;
    out.append(text, done, at - done);
    done = end + close.size();
  }
  out.append(text, done, text.size() - done);
  return out;
}

Value strip_html(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(4 * text.size())) return {};
  return run.string(without(without(without(without(text, "<script", "</script>"), "<!--", "-->"), "<style", "</style>"), "<", ">"));
}

Value url_encode(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  std::string out;
  append_url_encoded(out, text);
  return run.string(out);
}

Value url_decode(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  return run.string(url_decoded(text));
}

template <bool url_safe>
Value base64_encode(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  auto out = crypto::base64(text);
  if (url_safe) {
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
  }
  return run.string(out);
}

template <bool url_safe>
Value base64_decode(Runtime& run, FilterInput const& in) {
  auto text = run.text(in.input);
  if (!run.charge_bytes(text.size())) return {};
  std::string standard(text);
  if (url_safe) {
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    standard.append((4 - standard.size() % 4) % 4, '=');
  }
  auto bytes = crypto::from_base64(standard);
  if (!bytes) return run.fail(url_safe ? "invalid base64 provided to base64_url_safe_decode" : "invalid base64 provided to base64_decode");
  return run.string(*bytes);
}

}  // namespace

std::span<FilterSpec const> text_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"escape", 0, 0, escape},
      {"h", 0, 0, escape},
      {"escape_once", 0, 0, escape_once},
      {"newline_to_br", 0, 0, newline_to_br},
      {"strip_newlines", 0, 0, strip_newlines},
      {"strip_html", 0, 0, strip_html},
      {"url_encode", 0, 0, url_encode},
      {"url_decode", 0, 0, url_decode},
      {"base64_encode", 0, 0, base64_encode<false>},
      {"base64_decode", 0, 0, base64_decode<false>},
      {"base64_url_safe_encode", 0, 0, base64_encode<true>},
      {"base64_url_safe_decode", 0, 0, base64_decode<true>},
  };
  return kFilters;
}

}  // namespace postrider::content
