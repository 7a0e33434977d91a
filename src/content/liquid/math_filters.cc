// Arithmetic: exact decimals, integer division downwards, nothing that is no number ever throws.
#include "content/liquid/decimal.h"
#include "content/liquid/filters.h"

namespace postrider::content {

namespace {

template <Decimal (Decimal::*operation)(Decimal const&) const>
Value computed(Runtime& run, FilterInput const& in) {
  return (Decimal::of(in.input).*operation)(Decimal::of(in.arguments[0])).value(run.arena());
}

template <Decimal (Decimal::*operation)(Decimal const&) const>
Value divided(Runtime& run, FilterInput const& in) {
  auto divisor = Decimal::of(in.arguments[0]);
  if (divisor.is_zero()) return run.fail("divided by 0");
  return (Decimal::of(in.input).*operation)(divisor).value(run.arena());
}

template <Decimal (Decimal::*operation)() const>
Value single(Runtime& run, FilterInput const& in) {
  return (Decimal::of(in.input).*operation)().value(run.arena());
}

Value round(Runtime& run, FilterInput const& in) {
  auto digits = in.has(0) ? Decimal::of(in.arguments[0]).clamped() : 0;
  return Decimal::of(in.input).round(digits).value(run.arena());
}

Value at_least(Runtime& run, FilterInput const& in) {
  auto number = Decimal::of(in.input), least = Decimal::of(in.arguments[0]);
  return (number.less_than(least) ? least : number).value(run.arena());
}

Value at_most(Runtime& run, FilterInput const& in) {
  auto number = Decimal::of(in.input), most = Decimal::of(in.arguments[0]);
  return (most.less_than(number) ? most : number).value(run.arena());
}

// "1234567.5" -> "1,234,567.5"
std::string grouped(std::string_view digits, std::string_view delimiter, std::string_view point) {
  bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  auto whole = digits.substr(0, digits.find('.'));
  std::string out(negative ? "-" : "");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % 3 == 0) out += delimiter;
    out += whole[i];
  }
  if (whole.size() < digits.size()) {
    out += point;
    out += digits.substr(whole.size() + 1);
  }
  return out;
}

// Extension. number_with_delimiter[: ",", "."]
Value number_with_delimiter(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  std::string plain;
  append_text(plain, Decimal::of(in.input).value(run.arena()));
  return run.string(grouped(plain, in.has(0) ? run.text(in.arguments[0]) : ",", in.has(1) ? run.text(in.arguments[1]) : "."));
}

struct Currency {
  std::string_view code;
  std::string_view sign;
  int digits;
};

constexpr Currency kCurrencies[] = {
    {"EUR", "€", 2},    {"USD", "$", 2},    {"GBP", "£", 2},    {"JPY", "¥", 0},    {"CNY", "CN¥", 2},  {"INR", "₹", 2},
    {"KRW", "₩", 0},    {"CHF", "CHF ", 2}, {"CAD", "CA$", 2},  {"AUD", "A$", 2},   {"NZD", "NZ$", 2},  {"MXN", "MX$", 2},
    {"BRL", "R$", 2},   {"SEK", "SEK ", 2}, {"NOK", "NOK ", 2}, {"DKK", "DKK ", 2}, {"PLN", "PLN ", 2}, {"CZK", "CZK ", 2},
    {"HUF", "HUF ", 2}, {"ILS", "₪", 2},    {"TRY", "₺", 2},    {"VND", "₫", 0},    {"CLP", "CLP ", 0}, {"ISK", "ISK ", 0},
    {"KWD", "KWD ", 3}, {"BHD", "BHD ", 3}, {"JOD", "JOD ", 3}, {"TND", "TND ", 3},
};

// Extension. {{ 1234.5 | money: "EUR" }} -> €1,234.50. Without a currency only the two decimals are fixed.
Value money(Runtime& run, FilterInput const& in) {
  if (in.input.is_nil()) return {};
  std::string code(in.has(0) ? run.text(in.arguments[0]) : std::string_view{});
  for (auto& c : code) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  Currency currency{code, {}, 2};
  std::string sign = code.empty() ? "" : code + " ";
  for (auto const& known : kCurrencies) {
    if (known.code != code) continue;
    currency = known;
    sign = known.sign;
  }
  auto amount = grouped(Decimal::of(in.input).fixed(currency.digits), ",", ".");
  bool negative = amount.starts_with('-');
  return run.string((negative ? "-" : "") + sign + amount.substr(negative ? 1 : 0));
}

// Extension. {{ n | pluralize: "item", "items" }} -> the word alone; without a plural an s is added.
Value pluralize(Runtime& run, FilterInput const& in) {
  auto number = Decimal::of(in.input);
  bool one = !number.less_than(Decimal::of(std::int64_t{1})) && !Decimal::of(std::int64_t{1}).less_than(number);
  auto singular = run.text(in.arguments[0]);
  if (one) return Value::of(singular);
  if (in.has(1)) return Value::of(run.text(in.arguments[1]));
  ArenaText out(run.arena());
  return Value::of(out.append(singular).append("s").finish());
}

}  // namespace

std::span<FilterSpec const> math_filters() {
  static constexpr FilterSpec kFilters[] = {
      {"plus", 1, 1, computed<&Decimal::plus>},
      {"minus", 1, 1, computed<&Decimal::minus>},
      {"times", 1, 1, computed<&Decimal::times>},
      {"divided_by", 1, 1, divided<&Decimal::divided_by>},
      {"modulo", 1, 1, divided<&Decimal::modulo>},
      {"abs", 0, 0, single<&Decimal::abs>},
      {"ceil", 0, 0, single<&Decimal::ceil>},
      {"floor", 0, 0, single<&Decimal::floor>},
      {"round", 0, 1, round},
      {"at_least", 1, 1, at_least},
      {"at_most", 1, 1, at_most},
      {"number_with_delimiter", 0, 2, number_with_delimiter},
      {"money", 0, 1, money},
      {"pluralize", 1, 2, pluralize},
  };
  return kFilters;
}

}  // namespace postrider::content
