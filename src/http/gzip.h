// gzip in (with caps on what comes out) and out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postrider::http {

// Inflates one gzip member, fed piece by piece.
class Inflater {
 public:
  enum class Outcome { more, ended, broken, too_large };

  // Refuses beyond `limit` bytes of output, or beyond `ratio` bytes out for one in once a megabyte has come out.
  Inflater(std::uint64_t limit, std::uint64_t ratio);
  ~Inflater();
  // Appends to `out`. After anything but `more` it must not be fed again; bytes after the end are `broken`.
  Outcome feed(std::string_view in, std::string& out);
  bool ended() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Deflater {
 public:
  explicit Deflater(int level);
  ~Deflater();
  // What is ready so far; all of it when `finish`.
  std::string feed(std::string_view in, bool finish);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string gzipped(std::string_view body, int level);

// May gzip be answered to this Accept-Encoding header?
bool accepts_gzip(std::string_view accept_encoding);
// Is this a type that shrinks?
bool compressible(std::string_view content_type);

}  // namespace postrider::http
