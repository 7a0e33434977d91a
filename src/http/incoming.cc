#include "http/incoming.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

namespace postrider::http {

namespace beast = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t most_headers = 100;
// Chunk lines and trailers are small in honest requests.
constexpr std::size_t longest_line = 4096;

bool token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What the header block says about its own framing, told line by line.
class Screen {
 public:
  // Nothing when the request line and all headers can be read in one way only.
  std::optional<Incoming::Refusal> check(std::string_view block) {
    auto const end = block.find("\r\n");
    if (auto refusal = request_line(block.substr(0, end))) return refusal;
    block.remove_prefix(end + 2);
    std::size_t count = 0;
    while (block != "\r\n") {
      auto const stop = block.find("\r\n");
      if (++count > most_headers) return Incoming::Refusal{431, "there are more than 100 header fields"};
      if (auto refusal = field(block.substr(0, stop))) return refusal;
      block.remove_prefix(stop + 2);
    }
    if (http11_ && hosts_ != 1) return bad("an HTTP/1.1 request has exactly one Host header");
    if (lengths_ > 0 && encodings_ > 0) return bad("Content-Length and Transfer-Encoding exclude each other");
    if (encodings_ > 0 && !http11_) return bad("Transfer-Encoding needs HTTP/1.1");
    return std::nullopt;
  }

 private:
  static Incoming::Refusal bad(std::string detail) { return Incoming::Refusal{400, std::move(detail)}; }

  std::optional<Incoming::Refusal> request_line(std::string_view line) {
    auto const first = line.find(' ');
    auto const last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return bad("the request line must be: METHOD TARGET HTTP/1.1");
    auto const method = line.substr(0, first);
    auto const target = line.substr(first + 1, last - first - 1);
    auto const version = line.substr(last + 1);
    if (!token(method) || method.size() > 20) return bad("the method is malformed");
    if (version.starts_with("HTTP/") && version != "HTTP/1.1" && version != "HTTP/1.0")
      return Incoming::Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    if (!version.starts_with("HTTP/")) return bad("the request line must be: METHOD TARGET HTTP/1.1");
    http11_ = version == "HTTP/1.1";
    auto const visible = [](char c) { return c > 0x20 && c < 0x7f; };
    if (target.empty() || !std::ranges::all_of(target, visible)) return bad("the target holds characters that must be percent-encoded");
    return std::nullopt;
  }

  std::optional<Incoming::Refusal> field(std::string_view line) {
    if (line.front() == ' ' || line.front() == '\t') return bad("header lines must not be folded");
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || !token(line.substr(0, colon))) return bad("a header field is malformed");
    auto const value = trimmed(line.substr(colon + 1));
    for (char const c : value)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return bad("a header value holds control characters");
    auto const name = line.substr(0, colon);
    if (same_ignoring_case(name, "Content-Length")) {
      if (++lengths_ > 1) return bad("Content-Length is there twice");
      if (!digits(value) || value.size() > 18) return bad("Content-Length must be a number");
    } else if (same_ignoring_case(name, "Transfer-Encoding")) {
      if (++encodings_ > 1 || !same_ignoring_case(value, "chunked")) return bad("the only transfer encoding is chunked, once");
    } else if (same_ignoring_case(name, "Host")) {
      ++hosts_;
      if (value.find_first_of(" \t/\\@?#,<>\"") != std::string_view::npos) return bad("the Host header is malformed");
    }
    return std::nullopt;
  }

  bool http11_ = false;
  int hosts_ = 0, lengths_ = 0, encodings_ = 0;
};

// Decodes chunks. Beast's own decoder asserts on some splits of the bytes and allows folded trailers, hence this one.
class Chunks {
 public:
  enum class Outcome { more, ended, broken, too_large };

  // Appends what it decodes to `out`, up to `limit` in all; `used` tells how much of `bytes` is done with.
  Outcome feed(std::string_view bytes, std::uint64_t limit, std::string& out, std::size_t& used) {
    for (;;) {
      auto const rest = bytes.substr(used);
      if (state_ == State::data) {
        auto const piece = rest.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size())));
        out.append(piece);
        used += piece.size();
        left_ -= piece.size();
        if (left_ > 0) return Outcome::more;
        state_ = State::after_data;
        continue;
      }
      auto const end = rest.find('\n');
      if (end == std::string_view::npos) return rest.size() > longest_line ? Outcome::broken : Outcome::more;
      if (end > longest_line || end == 0 || rest[end - 1] != '\r') return Outcome::broken;
      auto const line = rest.substr(0, end - 1);
      used += end + 1;
      if (state_ == State::after_data) {
        if (!line.empty()) return Outcome::broken;
        state_ = State::size;
      } else if (state_ == State::size) {
        if (!read_size(line)) return Outcome::broken;
        if (left_ > limit - std::min(total_, limit)) return Outcome::too_large;
        total_ += left_;
        state_ = left_ == 0 ? State::trailer : State::data;
      } else {
        // Trailers are read past: nobody asks for them, and they must not add headers after the decisions were made.
        if (line.empty()) return Outcome::ended;
        trailer_ += line.size();
        if (trailer_ > longest_line || !token(line.substr(0, line.find(':'))) || line.find(':') == std::string_view::npos)
          return Outcome::broken;
      }
    }
  }

 private:
  enum class State { size, data, after_data, trailer };

  bool read_size(std::string_view line) {
    auto const* const end = line.data() + std::min(line.find(';'), line.size());
    if (end == line.data() || end - line.data() > 15) return false;
    auto const [stop, failure] = std::from_chars(line.data(), end, left_, 16);
    if (failure != std::errc() || stop != end) return false;
    auto const extension = line.substr(static_cast<std::size_t>(end - line.data()));
    return std::ranges::none_of(extension, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
  }

  State state_ = State::size;
  std::uint64_t left_ = 0, total_ = 0;
  std::size_t trailer_ = 0;
};

}  // namespace

// Beast reads the header block once it is whole and screened; the body is taken here.
class Incoming::Parser : public beast::basic_parser<true> {
 public:
  explicit Parser(std::size_t limit) : max_header(limit) {
    header_limit(static_cast<std::uint32_t>(limit));
    body_limit(boost::none);
    eager(false);
  }

  bool refuse(int status, std::string detail) {
    if (!refused) refused = Refusal{status, std::move(detail)};
    return false;
  }

  // Looks at header bytes not seen before. True when the block is whole; `end` is then behind it.
  bool scan(std::string_view bytes, std::size_t& end) {
    for (; scanned < bytes.size(); ++scanned) {
      char const c = bytes[scanned];
      if (c == '\0') return refuse(400, "the header holds a NUL byte");
      if (scanned >= max_header) return refuse(431, "the header is larger than " + std::to_string(max_header) + " bytes");
      if (c != '\n') continue;
      if (scanned == 0 || bytes[scanned - 1] != '\r') return refuse(400, "lines must end with CR and LF");
      if (scanned >= 3 && bytes[scanned - 2] == '\n') {
        end = scanned + 1;
        return true;
      }
    }
    return false;
  }

  void read_header(std::string_view block) {
    refused = Screen().check(block);
    if (refused) return;
    ErrorCode ec;
    put(boost::asio::const_buffer(block.data(), block.size()), ec);
    if (ec || !is_header_done()) {
      refuse(400, "the header is malformed" + (ec ? ": " + ec.message() : std::string()));
      return;
    }
    done_header = true;
    left = content_length().value_or(0);
    done = !chunked() && left == 0;
  }

  std::size_t read_body(std::string_view bytes) {
    std::size_t used = 0;
    if (chunked()) {
      auto const outcome = chunks.feed(bytes, most, body, used);
      if (outcome == Chunks::Outcome::broken) refuse(400, "the chunked encoding is broken");
      if (outcome == Chunks::Outcome::too_large) refuse(413, too_large());
      done = outcome == Chunks::Outcome::ended;
    } else {
      used = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
      body.append(bytes.substr(0, used));
      left -= used;
      done = left == 0;
    }
    return used;
  }

  std::string too_large() const { return "the body is larger than " + std::to_string(most) + " bytes"; }

  std::size_t max_header, scanned = 0;
  int empty_lines = 0;
  bool done_header = false, done = false;
  std::uint64_t left = 0, most = std::numeric_limits<std::uint64_t>::max();
  Chunks chunks;
  std::optional<Refusal> refused;
  std::string method, target, body;
  Headers fields;
  int version = 11;

 private:
  void on_request_impl(beast::verb, boost::beast::string_view m, boost::beast::string_view t, int v, ErrorCode&) override {
    method.assign(m.data(), m.size());
    target.assign(t.data(), t.size());
    version = v;
  }
  void on_response_impl(int, boost::beast::string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::field, boost::beast::string_view name, boost::beast::string_view value, ErrorCode&) override {
    fields.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) override {}
  std::size_t on_body_impl(boost::beast::string_view, ErrorCode&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, ErrorCode&) override { return 0; }
  void on_finish_impl(ErrorCode&) override {}
};

Incoming::Incoming(std::size_t max_header_bytes) : parser_(std::make_unique<Parser>(max_header_bytes)) {}
Incoming::~Incoming() = default;

std::size_t Incoming::put(std::string_view bytes) {
  auto& p = *parser_;
  if (p.refused || p.done) return 0;
  if (p.done_header) return p.read_body(bytes);
  std::size_t used = 0;
  // An empty line or two before a request is old clients' habit.
  while (p.empty_lines < 2 && p.scanned == 0 && bytes.substr(used).starts_with("\r\n")) {
    used += 2;
    ++p.empty_lines;
  }
  auto const rest = bytes.substr(used);
  std::size_t end = 0;
  if (rest == "\r" || !p.scan(rest, end)) return used;
  p.read_header(rest.substr(0, end));
  return used + end;
}

void Incoming::refuse(int status, std::string detail) { parser_->refuse(status, std::move(detail)); }
std::optional<Incoming::Refusal> const& Incoming::refusal() const { return parser_->refused; }
bool Incoming::header_done() const { return parser_->done_header; }
bool Incoming::complete() const { return parser_->done; }
std::string const& Incoming::method() const { return parser_->method; }
std::string const& Incoming::target() const { return parser_->target; }
Headers& Incoming::headers() { return parser_->fields; }
int Incoming::minor_version() const { return parser_->version % 10; }
bool Incoming::keep_alive() const { return parser_->version == 11 && parser_->keep_alive(); }
bool Incoming::chunked() const { return parser_->chunked(); }

std::optional<std::uint64_t> Incoming::content_length() const {
  auto const length = parser_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::optional<std::uint64_t> Incoming::body_left() const {
  return chunked() && !complete() ? std::nullopt : std::optional<std::uint64_t>(parser_->left);
}

bool Incoming::has_body() const { return chunked() || content_length().value_or(0) > 0; }

void Incoming::limit_body(std::uint64_t bytes) {
  parser_->most = bytes;
  if (content_length().value_or(0) > bytes) parser_->refuse(413, parser_->too_large());
}

std::string Incoming::take_body() { return std::exchange(parser_->body, {}); }
std::size_t Incoming::body_waiting() const { return parser_->body.size(); }

}  // namespace postrider::http
