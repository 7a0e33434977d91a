// A string that must not be seen: prints as ***, compares in constant time, is wiped when it dies.
#pragma once

#include <string>
#include <string_view>

namespace postrider {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret const&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(Secret const&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret();

  // The only way to the text; every call of it is a place to look at.
  std::string const& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  std::string str() const { return "***"; }
  bool equals(std::string_view other) const;

 private:
  std::string value_;
};

}  // namespace postrider
