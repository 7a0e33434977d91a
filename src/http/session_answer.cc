// How a session writes its answers: head, body whole or in pieces, compressed where it is worth it.
#include "http/session.h"

#include "http/gzip.h"
#include "postrider/http/problem.h"

#include <functional>
#include <optional>

namespace postrider::http {

namespace {

constexpr std::size_t worth_compressing = 1024;
constexpr std::size_t worth_offloading = 128 * 1024;
constexpr int compression_level = 5;

// Set by the server alone.
bool ours(std::string_view name) {
  for (auto const* reserved : {"Content-Length", "Transfer-Encoding", "Connection", "Date", "X-Request-Id"})
    if (same_ignoring_case(name, reserved)) return true;
  return false;
}

void append_line(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (char const c : value) head += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) && c != '\t' ? ' ' : c;
  head += "\r\n";
}

}  // namespace

std::string Session::head_of(Request const& request, Response const& response, bool keep) const {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += status_text(response.status);
  head += "\r\n";
  for (auto const& [name, value] : response.headers.entries())
    if (!ours(name)) append_line(head, name, value);
  append_line(head, "Date", server_.date_header());
  append_line(head, "X-Request-Id", request.request_id);
  if (!response.headers.find("X-Content-Type-Options")) append_line(head, "X-Content-Type-Options", "nosniff");
  if (!keep) append_line(head, "Connection", "close");
  return head;
}

Task<bool> Session::send_response(Request const& request, Response& response, int minor_version, bool keep) {
  bool const without_body = response.status == 204 || response.status == 304 || response.status < 200;
  bool const head_only = request.method == "HEAD";
  bool compress = !without_body && compressible(response.headers.get("Content-Type")) && !response.headers.find("Content-Encoding") &&
                  response.status != 206;
  if (compress) response.headers.add("Vary", "Accept-Encoding");
  compress = compress && accepts_gzip(request.headers.get("Accept-Encoding"));

  if (response.stream) {
    bool const chunked = minor_version == 1;
    // The ETag stays as it is: it names the resource's version, for If-Match, rather than the bytes of one encoding.
    if (compress) response.headers.add("Content-Encoding", "gzip");
    auto head = head_of(request, response, keep && chunked);
    if (chunked) append_line(head, "Transfer-Encoding", "chunked");
    head += "\r\n";
    if (!co_await send(head)) co_return false;
    if (head_only || without_body) co_return true;
    streaming_ = response.stream.get();
    if (server_.draining) streaming_->stop();
    bool const complete = co_await send_stream(*response.stream, chunked, compress);
    co_return complete && chunked;
  }

  std::string packed;
  std::string_view body = response.body.empty() ? response.lasting_body : std::string_view(response.body);
  if (compress && body.size() > worth_compressing) {
    if (server_.offload && body.size() > worth_offloading) {
      // Only a view of the body crosses: it stays where it is until the answer is sent.
      std::function<std::string()> work = [body] { return gzipped(body, compression_level); };
      packed = co_await server_.offload->run<std::string>(std::move(work));
    } else {
      packed = gzipped(body, compression_level);
    }
    body = packed;
    response.headers.add("Content-Encoding", "gzip");
  }
  auto head = head_of(request, response, keep);
  if (!without_body) append_line(head, "Content-Length", std::to_string(body.size()));
  head += "\r\n";
  if (head_only || without_body) body = {};
  if (body.size() <= 64 * 1024) {  // one packet train, one system call
    head += body;
    co_return co_await send(head);
  }
  if (!co_await send(head)) co_return false;
  co_return co_await send(body);
}

Task<bool> Session::send_stream(BodyStream& stream, bool chunked, bool compressed) {
  std::optional<Deflater> deflater;
  if (compressed) deflater.emplace(compression_level);
  for (bool ended = false; !ended;) {
    auto piece = co_await stream.next();
    ended = !piece;
    std::string data = piece ? std::move(*piece) : std::string();
    if (deflater) data = deflater->feed(data, ended);
    if (chunked && !data.empty()) {
      char size[20];
      auto const length = std::snprintf(size, sizeof size, "%zx\r\n", data.size());
      data.insert(0, size, static_cast<std::size_t>(length));
      data += "\r\n";
    }
    if (chunked && ended) data += "0\r\n\r\n";
    if (!co_await send(data)) co_return false;
  }
  co_return true;
}

}  // namespace postrider::http
