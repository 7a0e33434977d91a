#include "http/incoming.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <limits>

namespace postrider::http {

namespace beast = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t most_headers = 100;
// Chunk lines and trailers are small in honest requests.
constexpr std::size_t longest_unused = 4096;

bool token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
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

}  // namespace

class Incoming::Parser : public beast::basic_parser<true> {
 public:
  explicit Parser(std::size_t limit) : max_header(limit) {
    header_limit(static_cast<std::uint32_t>(limit));
    body_limit(boost::none);
    eager(false);
  }

  // Looks at header bytes not seen before. True when the block is whole; `end` is then behind it.
  bool scan(std::string_view bytes, std::size_t& end) {
    for (; scanned < bytes.size(); ++scanned) {
      char const c = bytes[scanned];
      if (c == '\0') return refuse(400, "the header holds a NUL byte");
      if (c != '\n') continue;
      if (scanned == 0 || bytes[scanned - 1] != '\r') return refuse(400, "lines must end with CR and LF");
      if (scanned >= 3 && bytes[scanned - 2] == '\n') {
        end = scanned + 1;
        if (end > max_header) return refuse(431, "the header is larger than " + std::to_string(max_header) + " bytes");
        return true;
      }
    }
    if (bytes.size() >= max_header) return refuse(431, "the header is larger than " + std::to_string(max_header) + " bytes");
    return false;
  }

  bool refuse(int status, std::string detail) {
    if (!refused) refused = Refusal{status, std::move(detail)};
    return false;
  }

  void failed(ErrorCode const& ec) {
    if (ec == beast::error::body_limit) {
      refuse(413, "the body is larger than allowed here");
    } else {
      refuse(400, "the request is malformed: " + ec.message());
    }
  }

  std::size_t max_header;
  std::size_t scanned = 0;
  std::size_t leading = 0;
  std::uint64_t body_seen = 0, body_most = std::numeric_limits<std::uint64_t>::max();
  bool in_trailer = false;
  std::optional<Refusal> refused;
  std::string method, target, body;
  Headers fields;
  int version = 11;

 private:
  std::size_t take(boost::beast::string_view piece, ErrorCode& ec) {
    body_seen += piece.size();
    if (body_seen > body_most) {
      ec = beast::error::body_limit;
      return 0;
    }
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_request_impl(beast::verb, boost::beast::string_view m, boost::beast::string_view t, int v, ErrorCode&) override {
    method.assign(m.data(), m.size());
    target.assign(t.data(), t.size());
    version = v;
  }
  void on_response_impl(int, boost::beast::string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::field, boost::beast::string_view name, boost::beast::string_view value, ErrorCode&) override {
    // Trailers are read past: nobody asks for them, and they must not add headers after the decisions were made.
    if (!in_trailer) fields.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override { in_trailer = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) override {}
  std::size_t on_body_impl(boost::beast::string_view piece, ErrorCode& ec) override { return take(piece, ec); }
  void on_chunk_header_impl(std::uint64_t size, boost::beast::string_view, ErrorCode& ec) override {
    if (size > body_most - std::min(body_seen, body_most)) ec = beast::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view piece, ErrorCode& ec) override { return take(piece, ec); }
  void on_finish_impl(ErrorCode&) override {}
};

Incoming::Incoming(std::size_t max_header_bytes) : parser_(std::make_unique<Parser>(max_header_bytes)) {}
Incoming::~Incoming() = default;

std::size_t Incoming::put(std::string_view bytes) {
  auto& p = *parser_;
  if (p.refused || p.is_done()) return 0;
  std::size_t used = 0;
  if (!p.is_header_done()) {
    // An empty line or two before a request is old clients' habit.
    while (p.leading < 4 && p.scanned == 0 && bytes.substr(used).starts_with("\r\n")) {
      used += 2;
      p.leading += 2;
    }
    auto const rest = bytes.substr(used);
    if (rest == "\r") return used;
    std::size_t end = 0;
    if (!p.scan(rest, end)) return used;
    auto const block = rest.substr(0, end);
    if (auto refusal = Screen().check(block)) {
      p.refused = std::move(refusal);
      return used;
    }
    ErrorCode ec;
    used += p.put(boost::asio::const_buffer(block.data(), block.size()), ec);
    if (ec && ec != beast::error::need_more) p.failed(ec);
    if (!p.refused && !p.is_header_done()) p.refuse(400, "the header is malformed");
    return used;
  }
  while (used < bytes.size() && !p.is_done()) {
    ErrorCode ec;
    auto const took = p.put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    used += took;
    if (ec == beast::error::need_more) {
      if (bytes.size() - used > longest_unused) p.refuse(400, "a chunk's line or the trailer is too long");
      break;
    }
    if (ec) {
      p.failed(ec);
      break;
    }
  }
  return used;
}

std::optional<Incoming::Refusal> const& Incoming::refusal() const { return parser_->refused; }
bool Incoming::header_done() const { return parser_->is_header_done(); }
bool Incoming::complete() const { return parser_->is_done(); }
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

bool Incoming::has_body() const { return chunked() || content_length().value_or(0) > 0; }

void Incoming::limit_body(std::uint64_t bytes) {
  parser_->body_most = bytes;
  if (content_length().value_or(0) > bytes) parser_->refuse(413, "the body is larger than " + std::to_string(bytes) + " bytes");
}

std::string Incoming::take_body() { return std::exchange(parser_->body, {}); }
std::size_t Incoming::body_waiting() const { return parser_->body.size(); }

}  // namespace postrider::http
