// Lets Catch print a Result: `CHECK(result)` shows the error when it fails. Include it after nothing else; it brings catch.hpp.
#pragma once

#include "postrider/base/error.h"

#include <catch2/catch.hpp>

namespace Catch {

template <class T>
struct StringMaker<boost::system::result<T, postrider::Error>> {
  static std::string convert(boost::system::result<T, postrider::Error> const& result) {
    if (result.has_value()) return "a value";
    auto text = std::string(postrider::name(result.error().code)) + ": " + result.error().message;
    for (auto const& field : result.error().fields) text += "\n  " + field.pointer + " " + field.code + ": " + field.message;
    return text;
  }
};

}  // namespace Catch
