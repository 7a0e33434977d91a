// The filters by name, with their arities, so that a wrong call is found when a template is saved.
#pragma once

#include "content/liquid/program.h"
#include "content/liquid/runtime.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace postrider::content {

struct FilterInput {
  Value input;
  std::span<Value const> arguments;  // positional
  Value named = {};                  // the one named argument a filter may take
  bool has(std::size_t i) const { return i < arguments.size(); }
};

using FilterFunction = Value (*)(Runtime&, FilterInput const&);

struct FilterSpec {
  std::string_view name;
  std::uint16_t least;
  std::uint16_t most;
  FilterFunction call;
  std::string_view named = {};
  std::uint16_t extensions = 0;  // how many of its arguments Ruby's own does not take
};

// Place in the table, or unknown_filter.
std::uint16_t find_filter(std::string_view name);
FilterSpec const& filter_spec(std::uint16_t filter);

std::span<FilterSpec const> string_filters();
std::span<FilterSpec const> text_filters();
std::span<FilterSpec const> math_filters();
std::span<FilterSpec const> array_filters();
std::span<FilterSpec const> search_filters();
std::span<FilterSpec const> value_filters();

}  // namespace postrider::content
