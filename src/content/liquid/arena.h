// Memory of one render: a bump allocator with a limit. Nothing is freed before the render ends, so views stay good.
// Over the limit it answers nullptr and remembers; the machine turns that into the `memory` fault.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace postrider::content {

class Arena {
 public:
  explicit Arena(std::size_t limit) : limit_(limit) {}
  Arena(Arena const&) = delete;
  Arena& operator=(Arena const&) = delete;

  char* bytes(std::size_t count, std::size_t alignment = 1) {
    auto at = (reinterpret_cast<std::uintptr_t>(cursor_) + alignment - 1) & ~(alignment - 1);
    auto* begin = reinterpret_cast<char*>(at);
    if (count > static_cast<std::size_t>(end_ - cursor_) || begin + count > end_) return grow(count, alignment);
    cursor_ = begin + count;
    return begin;
  }

  // Trivial types only: nothing is destroyed. The elements are value-initialised.
  template <class T>
  T* make(std::size_t count = 1) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (count > limit_ / sizeof(T)) return refuse<T>();
    auto* memory = bytes(count * sizeof(T), alignof(T));
    if (!memory) return nullptr;
    auto* first = reinterpret_cast<T*>(memory);
    for (std::size_t i = 0; i < count; ++i) new (first + i) T{};
    return first;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {"", 0};
    auto* to = bytes(text.size());
    if (!to) return {"", 0};
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Lengthens an allocation in place if it is the newest: what makes `append` in a loop linear.
  bool extend(char const* begin, std::size_t size, std::size_t more) {
    if (begin + size != cursor_ || more > static_cast<std::size_t>(end_ - cursor_)) return false;
    cursor_ += more;
    return true;
  }

  // Gives the unused end of the newest allocation back.
  void trim(char const* begin, std::size_t capacity, std::size_t size) {
    if (begin + capacity == cursor_) cursor_ -= capacity - size;
  }

  bool exhausted() const { return exhausted_; }

 private:
  template <class T>
  T* refuse() {
    exhausted_ = true;
    return nullptr;
  }

  char* grow(std::size_t count, std::size_t alignment) {
    if (count > limit_ || used_ + count > limit_) return refuse<char>();
    auto size = std::max(next_block_, count + alignment);
    next_block_ = std::min<std::size_t>(next_block_ * 2, 1024 * 1024);
    used_ += size;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    cursor_ = blocks_.back().get();
    end_ = cursor_ + size;
    return bytes(count, alignment);
  }

  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t next_block_ = 16 * 1024;
  bool exhausted_ = false;
  alignas(16) char first_[2048];
  char* cursor_ = first_;
  char* end_ = first_ + sizeof first_;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

// Builds one string at the end of an arena.
class ArenaText {
 public:
  explicit ArenaText(Arena& arena) : arena_(arena) {}

  ArenaText& append(std::string_view more) {
    if (more.empty() || arena_.exhausted()) return *this;
    if (size_ + more.size() > capacity_ && !reserve(size_ + more.size())) return *this;
    std::memcpy(begin_ + size_, more.data(), more.size());
    size_ += more.size();
    return *this;
  }
  ArenaText& push(char c) { return append({&c, 1}); }
  // Starts from an existing string, in place where that is possible.
  void start_with(std::string_view text, std::size_t room) {
    if (!text.empty() && arena_.extend(text.data(), text.size(), room)) {
      begin_ = const_cast<char*>(text.data());
      size_ = text.size();
      capacity_ = size_ + room;
      return;
    }
    reserve(text.size() + room);
    append(text);
  }
  // The finished text; append no more after this.
  std::string_view finish() {
    if (arena_.exhausted() || !size_) return {"", 0};
    arena_.trim(begin_, capacity_, size_);
    capacity_ = size_;
    return {begin_, size_};
  }
  std::size_t size() const { return size_; }

 private:
  bool reserve(std::size_t wanted) {
    auto more = std::max<std::size_t>(wanted - capacity_, capacity_);
    if (begin_ && arena_.extend(begin_, capacity_, more)) {
      capacity_ += more;
      return true;
    }
    auto room = std::max<std::size_t>(wanted, capacity_ * 2);
    auto* fresh = arena_.bytes(room);
    if (!fresh) return false;
    if (size_) std::memcpy(fresh, begin_, size_);
    begin_ = fresh;
    capacity_ = room;
    return true;
  }

  Arena& arena_;
  char* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace postrider::content
