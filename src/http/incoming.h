// One request being read, byte by byte: strict about the header (what two servers could read differently is refused), and
// with Beast's parser for its fields. No input or output happens here, so every split of the bytes gives the same result.
#pragma once

#include "postrider/http/request.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::http {

class Incoming {
 public:
  explicit Incoming(std::size_t max_header_bytes);
  ~Incoming();

  struct Refusal {
    int status;
    std::string detail;
  };

  // Takes from the front of `bytes` what it can use and returns how much. What is left must be offered again, with more behind it.
  // Stops after the header, so that the body's limit can be set before the body comes.
  std::size_t put(std::string_view bytes);

  // The connection is of no use after a refusal; `refuse` is for reasons that only the session knows.
  void refuse(int status, std::string detail);
  std::optional<Refusal> const& refusal() const;
  bool header_done() const;
  bool complete() const;

  // From here on: once the header is done.
  std::string const& method() const;
  std::string const& target() const;
  Headers& headers();
  int minor_version() const;  // of HTTP/1.x
  bool keep_alive() const;
  bool chunked() const;
  std::optional<std::uint64_t> content_length() const;
  bool has_body() const;
  // What is still to come; nothing when only the end of the chunks will tell.
  std::optional<std::uint64_t> body_left() const;
  // Refuses with 413 as soon as more than that many bytes are announced or come.
  void limit_body(std::uint64_t bytes);
  // The pieces of the body since the last call, decoded from chunks.
  std::string take_body();
  std::size_t body_waiting() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace postrider::http
