// Filters on any value: default, date, and the extensions json and raw.
#include "content/liquid/filters.h"
#include "content/liquid/moment.h"

#include <charconv>

namespace postrider::content {

namespace {

Value or_default(Runtime&, FilterInput const& in) {
  bool keeps_false = in.named.truthy();
  bool missing = keeps_false ? in.input.is_nil() : !in.input.truthy();
  if (!missing && !is_empty(in.input)) return in.input;
  return in.has(0) ? in.arguments[0] : Value::of("");
}

// `date: format[, zone]`. A zone, given here, retells the instant there; otherwise a text keeps its own offset.
Value date(Runtime& run, FilterInput const& in) {
  auto const& options = run.options();
  auto format = run.text(in.arguments[0]);
  if (format.empty() || in.input.is_nil()) return in.input;
  std::optional<Moment> moment;
  auto text = run.text(in.input);
  bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (in.input.kind == Kind::integer || (in.input.kind == Kind::string && digits)) {
    std::int64_t seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr std::int64_t far = 900'000'000'000;  // beyond, the calendar of the zone database ends
    if (seconds > -far && seconds < far) moment = in_zone({.seconds = seconds}, options.time_zone);
  } else if (in.input.kind == Kind::string) {
    moment = parse_moment(text, options.clock.now(), options.time_zone);
  }
  if (in.has(1) && !in.arguments[1].is_nil()) {  // a contact may have no zone: then the render's holds
    auto zone = run.text(in.arguments[1]);
    if (!is_time_zone(zone)) return run.fail("unknown time zone '" + std::string(zone) + "'");
    if (moment) moment = in_zone(std::move(*moment), zone);
  }
  if (!moment) return in.input;
  if (!run.charge_bytes(1024)) return {};
  auto told = format_moment(*moment, format);
  if (!told) return run.fail("a width in this date format is too large");
  return run.string(*told);
}

// Extension.
Value json(Runtime& run, FilterInput const& in) {
  std::string text;
  append_json(text, in.input);
  if (!run.charge_bytes(text.size())) return {};
  return run.string(text);
}

// Extension: HTML bodies print it unescaped.
Value raw(Runtime&, FilterInput const& in) { return in.input.safe(); }

}  // namespace

std::span<FilterSpec const> value_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"default", 0, 1, or_default, "allow_false"},
      {"date", 1, 2, date, {}, 1},
      {"json", 0, 0, json},
      {"raw", 0, 0, raw},
  };
  return kFilters;
}

}  // namespace postrider::content
