// How a member of a request may be missing. A plain member is required; std::optional is absent or null or a value, without
// telling the first two apart; these three say more:
//   Field<T>      absent, null or a value: a PATCH of something that may be emptied
//   Given<T>      absent or a value, null is refused: a PATCH of something that always has a value
//   Defaulted<T>  absent means the default written at the member (`json::Defaulted<int> limit = 50;`), null is refused
#pragma once

#include <optional>
#include <utility>

namespace postrider::json {

enum class Presence { absent, null, value };

template <class T>
class Field {
 public:
  Field() = default;
  Field(T value) : presence_(Presence::value), value_(std::move(value)) {}  // NOLINT: reads like an optional
  static Field null() {
    Field field;
    field.presence_ = Presence::null;
    return field;
  }
  Presence presence() const { return presence_; }
  bool absent() const { return presence_ == Presence::absent; }
  bool is_null() const { return presence_ == Presence::null; }
  bool has_value() const { return presence_ == Presence::value; }
  // Only when there is a value.
  T const& operator*() const { return *value_; }
  T const* operator->() const { return &*value_; }
  // The new value of something that was `old`: absent keeps it, null empties it.
  std::optional<T> over(std::optional<T> old) const { return absent() ? std::move(old) : value_; }
  bool operator==(Field const&) const = default;

 private:
  Presence presence_ = Presence::absent;
  std::optional<T> value_;
};

template <class T>
class Given {
 public:
  Given() = default;
  Given(T value) : value_(std::move(value)) {}  // NOLINT
  bool absent() const { return !value_; }
  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return value_.has_value(); }
  T const& operator*() const { return *value_; }
  T const* operator->() const { return &*value_; }
  T over(T old) const { return value_ ? *value_ : std::move(old); }
  bool operator==(Given const&) const = default;

 private:
  std::optional<T> value_;
};

template <class T>
class Defaulted {
 public:
  Defaulted() = default;
  Defaulted(T value) : value_(std::move(value)) {}  // NOLINT
  operator T const&() const { return value_; }      // NOLINT
  T const& operator*() const { return value_; }
  T const* operator->() const { return &value_; }
  bool operator==(Defaulted const&) const = default;
  bool operator==(T const& other) const { return value_ == other; }

 private:
  T value_{};
};

}  // namespace postrider::json
