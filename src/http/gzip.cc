#include "http/gzip.h"

#include "postrider/http/request.h"

#include <zlib.h>

#include <array>
#include <new>

namespace postrider::http {

namespace {

constexpr int gzip_window = 15 + 16;
constexpr std::uint64_t ratio_counts_from = 1024 * 1024;

Bytef* bytes_of(std::string_view in) { return reinterpret_cast<Bytef*>(const_cast<char*>(in.data())); }

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

struct Inflater::State {
  z_stream stream{};
  std::uint64_t limit = 0, ratio = 0, in = 0, out = 0;
  bool ended = false;
};

Inflater::Inflater(std::uint64_t limit, std::uint64_t ratio) : state_(std::make_unique<State>()) {
  state_->limit = limit;
  state_->ratio = ratio;
  if (inflateInit2(&state_->stream, gzip_window) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

Inflater::Outcome Inflater::feed(std::string_view in, std::string& out) {
  auto& s = *state_;
  if (s.ended) return in.empty() ? Outcome::ended : Outcome::broken;
  s.stream.next_in = bytes_of(in);
  s.stream.avail_in = static_cast<uInt>(in.size());
  std::array<char, 16 * 1024> piece;
  for (;;) {
    auto const before = s.stream.avail_in;
    s.stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    s.stream.avail_out = piece.size();
    int const result = inflate(&s.stream, Z_NO_FLUSH);
    auto const made = piece.size() - s.stream.avail_out;
    s.in += before - s.stream.avail_in;
    s.out += made;
    if (s.out > s.limit) return Outcome::too_large;
    if (s.out > ratio_counts_from && s.out / s.ratio > s.in) return Outcome::too_large;
    out.append(piece.data(), made);
    if (result == Z_STREAM_END) {
      s.ended = true;
      return s.stream.avail_in == 0 ? Outcome::ended : Outcome::broken;
    }
    if (result == Z_BUF_ERROR || (result == Z_OK && s.stream.avail_in == 0 && s.stream.avail_out != 0)) return Outcome::more;
    if (result != Z_OK) return Outcome::broken;
  }
}

bool Inflater::ended() const { return state_->ended; }

struct Deflater::State {
  z_stream stream{};
};

Deflater::Deflater(int level) : state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
}

Deflater::~Deflater() { deflateEnd(&state_->stream); }

std::string Deflater::feed(std::string_view in, bool finish) {
  auto& stream = state_->stream;
  stream.next_in = bytes_of(in);
  stream.avail_in = static_cast<uInt>(in.size());
  std::string out;
  std::array<char, 16 * 1024> piece;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    deflate(&stream, finish ? Z_FINISH : Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

std::string gzipped(std::string_view body, int level) { return Deflater(level).feed(body, true); }

bool accepts_gzip(std::string_view header) {
  bool star = false;
  while (!header.empty()) {
    auto const comma = std::min(header.find(','), header.size());
    auto const entry = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    auto const semicolon = std::min(entry.find(';'), entry.size());
    auto const coding = trimmed(entry.substr(0, semicolon));
    auto weight = trimmed(entry.substr(std::min(semicolon + 1, entry.size())));
    // "q=0", "q=0.0", "q=0.000" refuse; anything else allows.
    bool const refused = weight.size() >= 3 && (weight[0] == 'q' || weight[0] == 'Q') && weight[1] == '=' &&
                         weight.substr(2).find_first_not_of("0.") == std::string_view::npos;
    if (same_ignoring_case(coding, "gzip") || same_ignoring_case(coding, "x-gzip")) return !refused;
    if (coding == "*") star = !refused;
  }
  return star;
}

bool compressible(std::string_view content_type) {
  auto const type = trimmed(content_type.substr(0, content_type.find(';')));
  if (same_ignoring_case(type, "text/event-stream")) return false;  // each event must leave at once
  if (type.size() > 5 && same_ignoring_case(type.substr(0, 5), "text/")) return true;
  for (auto const* known : {"application/json", "application/problem+json", "application/javascript", "application/xml", "image/svg+xml",
                            "application/manifest+json"})
    if (same_ignoring_case(type, known)) return true;
  return false;
}

}  // namespace postrider::http
