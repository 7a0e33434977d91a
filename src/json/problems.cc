#include "postrider/json/problems.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace postrider::json {

namespace {

constexpr std::size_t most_problems = 100;

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (char const c : utf8) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::string between(std::string const& low, std::string const& high, std::string_view what) {
  return "must have between " + low + " and " + high + " " + std::string(what);
}

std::string number(double value) {
  auto text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void check_count(std::size_t count, std::optional<std::uint64_t> min, std::optional<std::uint64_t> max, std::string_view what,
                 Pointer const& at, Problems& problems) {
  bool const few = min && count < *min;
  if (!few && !(max && count > *max)) return;
  auto const low = std::to_string(min.value_or(0));
  problems.add(at, few ? "too_short" : "too_long",
               max ? between(low, std::to_string(*max), what) : "must have at least " + low + " " + std::string(what));
}

}  // namespace

std::string Pointer::str() const {
  if (!parent_) return {};
  auto text = parent_->str();
  text += '/';
  if (is_index_) return text + std::to_string(index_);
  for (char const c : key_.substr(0, 200)) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text += c;
    }
  }
  return text;
}

void Problems::add(std::string_view member, std::string_view code, std::string message) {
  Pointer const root;
  auto const& here = here_ ? *here_ : root;
  add(member.empty() ? here : here / member, code, std::move(message));
}

void Problems::add(Pointer const& at, std::string_view code, std::string message) {
  if (found_.size() >= most_problems) {
    if (found_.back().code != "too_many_errors")
      found_.back() = FieldError{"", "too_many_errors", "there are more mistakes than are listed here"};
    return;
  }
  found_.push_back(FieldError{.pointer = at.str(), .code = std::string(code), .message = std::move(message)});
}

Error Problems::error() const {
  auto const& first = found_.front();
  auto message = first.pointer.empty() ? first.message : first.pointer.substr(1) + ": " + first.message;
  if (found_.size() > 1) message = std::to_string(found_.size()) + " fields are not right; the first is " + message;
  return invalid(std::move(message), found_);
}

void check(Rule const& rule, boost::json::value const& value, Pointer const& at, Problems& problems) {
  if (auto const* text = value.if_string()) {
    check_count(characters(std::string_view(text->data(), text->size())), rule.min_length, rule.max_length, "characters", at, problems);
  } else if (auto const* array = value.if_array()) {
    check_count(array->size(), rule.min_items, rule.max_items, "elements", at, problems);
  } else if (auto const* object = value.if_object()) {
    check_count(object->size(), rule.min_items, rule.max_items, "members", at, problems);
  } else if (value.is_number()) {
    auto const read = value.is_double()  ? value.get_double()
                      : value.is_int64() ? static_cast<double>(value.get_int64())
                                         : static_cast<double>(value.get_uint64());
    if ((rule.minimum && read < *rule.minimum) || (rule.maximum && read > *rule.maximum))
      problems.add(at, "out_of_range",
                   rule.minimum && rule.maximum ? "must lie between " + number(*rule.minimum) + " and " + number(*rule.maximum)
                   : rule.minimum               ? "must be at least " + number(*rule.minimum)
                                                : "must be at most " + number(*rule.maximum));
  }
}

}  // namespace postrider::json
