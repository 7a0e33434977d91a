#include "content/liquid/characters.h"
#include "content/liquid/filters.h"
#include "content/liquid/machine.h"

#include <array>
#include <cmath>

namespace postrider::content {

Value Machine::root(std::uint32_t symbol) {
  if (!locals_.sees_roots) return Value::missing();
  auto& cached = roots_[symbol];
  if (cached.kind == Kind::unset) {
    auto const* found = context_.find(image_.symbols[symbol].name);
    cached = found ? Value::of(*found) : Value::missing();
  }
  return cached;
}

Value Machine::lookup(std::uint32_t symbol) {
  auto place = image_.symbols[symbol].local;
  if (place != none) {
    if (locals_.bound[place].kind != Kind::unset) return locals_.bound[place];
    if (locals_.assigned[place].kind != Kind::unset) return locals_.assigned[place];
    if (locals_.counters && locals_.counters[place].kind == Kind::integer) return locals_.counters[place];
  }
  return root(symbol);
}

Value Machine::computed_root(Value const& name) {
  if (name.kind != Kind::string) return Value::missing();
  auto known = image_.symbol_of.find(name.str());
  if (known != image_.symbol_of.end()) return lookup(known->second);
  auto const* found = locals_.sees_roots ? context_.find(name.str()) : nullptr;
  return found ? Value::of(*found) : Value::missing();
}

Value Machine::at_index(Value const& from, std::int64_t index) {
  if (!from.is_array()) return Value::missing();
  auto count = static_cast<std::int64_t>(length(from));
  if (index < 0) index += count;
  return index >= 0 && index < count ? element(from, static_cast<std::size_t>(index)) : Value::missing();
}

Value Machine::at_name(Value const& from, std::string_view name, bool dotted) {
  if (from.kind == Kind::json_object) {
    auto value = member(from, name);
    if (value.kind != Kind::unset) return value;
    if (!dotted) return Value::missing();
    if (name == "size") return Value::of(static_cast<std::int64_t>(from.json_object->size()));
    if (name == "first" && !from.json_object->empty()) return pair_of(arena_, *from.json_object->begin());
    return Value::missing();
  }
  if (from.kind == Kind::loop) {
    auto value = from.loop->property(name);
    return value.kind == Kind::unset ? Value::missing() : value;
  }
  if (!dotted) return Value::missing();
  if (from.is_array()) {
    auto count = length(from);
    if (name == "size") return Value::of(static_cast<std::int64_t>(count));
    if (name == "first") return count ? element(from, 0) : Value{};
    if (name == "last") return count ? element(from, count - 1) : Value{};
  } else if (from.kind == Kind::string) {
    auto text = from.str();
    if (name == "size") return Value::of(static_cast<std::int64_t>(count_characters(text)));
    if (name == "first") return Value::of(text.substr(0, offset_of_character(text, 1)));
    if (name == "last" && !text.empty()) return Value::of(text.substr(offset_of_character(text, count_characters(text) - 1)));
  } else if (from.kind == Kind::range) {
    if (name == "first") return Value::of(from.range->low);
    if (name == "last") return Value::of(from.range->high);
    if (name == "size") return Value::of(std::max<std::int64_t>(0, from.range->high - from.range->low + 1));
  }
  return Value::missing();
}

Value Machine::follow(Value const& from, Step const& step) {
  switch (step.by) {
    case Step::By::name: return at_name(from, step.name, step.dotted);
    case Step::By::index: return at_index(from, step.index);
    case Step::By::expression: break;
  }
  auto key = evaluate_known(step.expression);
  if (key.kind == Kind::integer) return at_index(from, key.integer);
  if (key.kind == Kind::string) return at_name(from, key.str(), false);
  return Value::missing();
}

Value Machine::range(Expression const& expression) {
  auto bound_of = [&](std::uint32_t side) {
    auto value = evaluate_known(side);
    if (value.kind == Kind::integer) return value.integer;
    if (value.kind == Kind::real)
      return std::isfinite(value.real) && std::fabs(value.real) < 9e18 ? static_cast<std::int64_t>(value.real) : std::int64_t{0};
    auto written = strip(text(value));
    bool negative = written.starts_with('-');
    if (negative) written.remove_prefix(1);
    std::int64_t number = 0;
    for (char c : written) {
      if (c < '0' || c > '9' || number > 100'000'000'000'000'000) break;
      number = number * 10 + (c - '0');
    }
    return negative ? -number : number;
  };
  auto* made = arena_.make<Range>();
  if (!made) return {};
  constexpr std::int64_t far = 4'000'000'000'000'000'000;  // so that counting its elements cannot overflow
  made->low = std::clamp(bound_of(expression.symbol), -far, far);
  made->high = std::clamp(bound_of(expression.high), -far, far);
  auto value = Value::of_kind(Kind::range);
  value.range = made;
  return value;
}

Value Machine::evaluate(std::uint32_t index) {
  auto const& expression = image_.expressions[index];
  Value value;
  switch (expression.is) {
    case Expression::Is::literal: return expression.literal;
    case Expression::Is::range: return range(expression);
    case Expression::Is::path: value = lookup(expression.symbol); break;
    case Expression::Is::computed_path: value = computed_root(evaluate_known(expression.symbol)); break;
  }
  auto const* step = image_.steps.data() + expression.first_step;
  for (auto left = expression.steps; left > 0; --left) value = follow(value, *step++);
  return value;
}

Value Machine::evaluate_known(std::uint32_t index) {
  auto value = evaluate(index);
  if ((value.flags & Value::undefined) && options_.strict_variables) return fail_unknown(image_.expressions[index]);
  return value;
}

Value Machine::fail_unknown(Expression const& expression) {
  here_ = expression.at;
  return fail(TemplateFault::unknown_variable,
              "unknown variable " + std::string(expression.written) + " (give it a default: | default: \"...\")");
}

Value Machine::evaluate_chain(Chain const& chain) {
  auto value = chain.has_default ? evaluate(chain.expression) : evaluate_known(chain.expression);
  if (chain.filters == 0) return value;
  std::array<Value, 17> arguments;
  for (auto i = chain.first; i < chain.first + chain.filters; ++i) {
    auto const& call = image_.filters[i];
    if (call.filter == unknown_filter) continue;
    for (std::uint32_t n = 0; n < static_cast<std::uint32_t>(call.positional) + call.named; ++n) {
      arguments[n] = evaluate_known(image_.arguments[call.first + n].expression);
    }
    if (failed()) return {};
    auto const& spec = filter_spec(call.filter);
    FilterInput input{.input = value, .arguments = {arguments.data(), call.positional}};
    // Named arguments no filter asks for count as one more argument, as in Ruby.
    bool knows_named = call.named > 0 && !spec.named.empty();
    if (knows_named) {
      for (std::uint32_t n = 0; n < call.named; ++n) {
        if (image_.arguments[call.first + call.positional + n].name == spec.named) input.named = arguments[call.positional + n];
      }
    }
    here_ = call.at;
    auto given = static_cast<unsigned>(call.positional) + (call.named > 0 && !knows_named);
    if (given < spec.least || given > spec.most || given > call.positional) {
      auto most = spec.most - spec.extensions;
      auto wanted = std::to_string(spec.least + 1) + (spec.least == most ? "" : ".." + std::to_string(most + 1));
      return fail("wrong number of arguments (given " + std::to_string(given + 1) + ", expected " + wanted + ")");
    }
    if (!charge(1)) return {};
    value = spec.call(*this, input);
    if (failed()) return {};
  }
  return value;
}

bool Machine::test(Condition const& condition) {
  bool result = false;
  for (auto i = condition.first; i < condition.first + condition.count; ++i) {
    auto const& comparison = image_.comparisons[i];
    result = test(comparison);
    if (failed() || (comparison.next == 'a' && !result) || (comparison.next == 'o' && result)) break;
  }
  return result;
}

bool Machine::test(Comparison const& comparison) {
  auto left = evaluate(comparison.left);
  if (comparison.op == Operator::none) return left.truthy();
  auto right = evaluate(comparison.right);
  if (left.is_array() && !charge(length(left) / 16)) return false;
  switch (comparison.op) {
    case Operator::none: return left.truthy();
    case Operator::equal: return equal(left, right);
    case Operator::not_equal: return !equal(left, right);
    case Operator::contains: return contains(left, right);
    case Operator::unknown: fail("Unknown operator " + std::string(comparison.written)); return false;
    default: here_ = comparison.at; return ordered(left, right, comparison.op);
  }
}

bool Machine::contains(Value const& left, Value const& right) {
  if (!left.truthy() || !right.truthy()) return false;
  switch (left.kind) {
    case Kind::string: {
      auto part = text(right);
      return charge_bytes(left.size) && left.str().find(part) != std::string_view::npos;
    }
    case Kind::array:
    case Kind::json_array:
      for (std::size_t i = 0, n = length(left); i < n; ++i) {
        if ((i % 16 == 0 && !charge(1)) || equal(element(left, i), right)) return !failed();
      }
      return false;
    case Kind::json_object: return right.kind == Kind::string && member(left, right.str()).kind != Kind::unset;
    case Kind::range: return right.kind == Kind::integer && right.integer >= left.range->low && right.integer <= left.range->high;
    default: return false;
  }
}

bool Machine::ordered(Value const& left, Value const& right, Operator op) {
  auto answer = [op](auto const& a, auto const& b) {
    switch (op) {
      case Operator::less: return a < b;
      case Operator::greater: return a > b;
      case Operator::less_or_equal: return a <= b;
      default: return a >= b;
    }
  };
  if (left.kind == Kind::integer && right.kind == Kind::integer) return answer(left.integer, right.integer);
  auto real = [](Value const& v) { return v.kind == Kind::real ? v.real : static_cast<double>(v.integer); };
  if (left.is_number() && right.is_number()) return answer(real(left), real(right));
  if (left.kind == Kind::string && right.kind == Kind::string) return answer(left.str(), right.str());
  bool string_and_number = (left.kind == Kind::string && right.is_number()) || (left.is_number() && right.kind == Kind::string);
  if (string_and_number) {
    auto type = left.kind == Kind::string ? "String" : left.kind == Kind::integer ? "Integer" : "Float";
    fail("comparison of " + std::string(type) + " with " + (right.kind == Kind::string ? "String" : std::string(text(right))) + " failed");
  }
  return false;
}

}  // namespace postrider::content
