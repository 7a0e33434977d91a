// Lets Catch print a Result: `CHECK(result)` shows the error's text. Boost's own operator<< would ask T to be printable.
#pragma once

#include "postrider/base/error.h"

#include <catch2/catch.hpp>

namespace Catch {
template <class T>
struct StringMaker<boost::system::result<T, postrider::Error>> {
  static std::string convert(boost::system::result<T, postrider::Error> const& result) {
    if (result.has_value()) return "a value";
    std::string text = std::string(postrider::name(result.error().code)) + ": " + result.error().message;
    for (auto const& field : result.error().fields) text += " [" + field.pointer + " " + field.code + "]";
    return text;
  }
};
}  // namespace Catch
