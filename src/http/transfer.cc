#include "http/transfer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace postrider::http {

namespace {

bool token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

std::optional<IpAddress> address_of(sockaddr const& address, std::uint16_t& port) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &address, sizeof four);
    port = ntohs(four.sin_port);
    return IpAddress::v4(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &address, sizeof six);
    port = ntohs(six.sin6_port);
    IpAddress out;
    std::memcpy(out.bytes.data(), &six.sin6_addr, 16);
    return out;
  }
  return std::nullopt;
}

}  // namespace

Transfer::Transfer(Executor executor, ClientRequest request, ClientSettings const& settings)
    : request_(std::move(request)), settings_(settings), signal_(executor) {}

Transfer::~Transfer() {
  if (easy_) curl_easy_cleanup(easy_);
  if (url_) curl_url_cleanup(url_);
  curl_slist_free_all(headers_);
}

bool Transfer::prepare() {
  auto const refuse = [this](std::string why) {
    failure_ = ClientFailure{.kind = ClientFailure::Kind::refused_by_guard, .message = std::move(why)};
    return false;
  };
  if (auto const checked = check_url(request_.url, settings_.policy); !checked) return refuse(checked.error().message);
  if (!token(request_.method) || request_.method == "CONNECT") return refuse("the method is malformed");
  bool typed = false;
  for (auto const& [name, value] : request_.headers) {
    if (!token(name) || !clean(value)) return refuse("a header field is malformed");
    for (auto const* ours : {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect"})
      if (same_ignoring_case(name, ours)) return refuse("the header " + std::string(ours) + " is not the caller's to set");
    typed = typed || same_ignoring_case(name, "Content-Type");
    // "Name;" is how libcurl wants a header without a value.
    headers_ = curl_slist_append(headers_, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  headers_ = curl_slist_append(headers_, "Expect:");
  if (!typed) headers_ = curl_slist_append(headers_, "Content-Type:");

  easy_ = curl_easy_init();
  url_ = curl_url();
  curl_url_set(url_, CURLUPART_URL, request_.url.c_str(), CURLU_DISALLOW_USER);
  auto const set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_CURLU, url_);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
  set(CURLOPT_USERAGENT, settings_.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_time.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.total_time.count()));
  set(CURLOPT_MAXAGE_CONN, 60L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &Transfer::about_to_send);
  set(CURLOPT_PREREQDATA, this);
  // The only way to learn exactly what was handed to the connection; nothing of it is printed.
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &Transfer::observe);
  set(CURLOPT_DEBUGDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, this);
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method == "GET" && request_.body.empty()) {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  return true;
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::uint16_t port = 0;
  auto const ip = address_of(address->addr, port);
  auto const why = ip ? refusal(*ip, port, transfer.settings_.policy) : std::optional<std::string>("it is not an internet address");
  if (why) {
    transfer.guard_says_ = *why;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int Transfer::about_to_send(void* self, char* ip, char*, int port, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  // Kept connections are judged again, though they were when they were made.
  auto const address = IpAddress::parse(ip);
  if (!address || refusal(*address, static_cast<std::uint16_t>(port), transfer.settings_.policy)) {
    transfer.guard_says_ = "the connection leads to a forbidden address";
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.response_.remote_ip = address->str();
  // libcurl sends again by itself when a kept connection dies before an answer; by then the request may have been acted upon.
  if (transfer.fully_written()) {
    transfer.was_written_ = true;
    bool const harmless = transfer.request_.repeatable || transfer.request_.method == "GET" || transfer.request_.method == "HEAD";
    if (!harmless) return CURL_PREREQFUNC_ABORT;
  }
  transfer.head_end_.clear();
  transfer.body_written_ = 0;
  return CURL_PREREQFUNC_OK;
}

int Transfer::observe(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (type == CURLINFO_HEADER_OUT) {
    transfer.head_end_.append(data, size);
    if (transfer.head_end_.size() > 4) transfer.head_end_.erase(0, transfer.head_end_.size() - 4);
  } else if (type == CURLINFO_DATA_OUT) {
    transfer.body_written_ += size;
  }
  return 0;
}

std::size_t Transfer::take_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  auto& body = transfer.response_.body;
  auto const room = transfer.request_.max_response_bytes - std::min(body.size(), transfer.request_.max_response_bytes);
  body.append(data, std::min(size, room));
  if (size <= room) return size;
  transfer.response_.truncated = true;
  return 0;  // ends the transfer
}

std::size_t Transfer::take_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line(data, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    transfer.response_.headers = Headers();  // of an answer before the last: 100 Continue
  } else if (auto const colon = line.find(':'); colon != std::string_view::npos && transfer.response_.headers.entries().size() < 200) {
    auto value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    transfer.response_.headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  return size;
}

void Transfer::finished(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  if (code != CURLE_OK && !(response_.truncated && status >= 200)) {
    auto kind = fully_written() || was_written_ ? ClientFailure::Kind::maybe_sent : ClientFailure::Kind::not_sent;
    std::string message = error_[0] ? error_ : curl_easy_strerror(code);
    if (!guard_says_.empty() && kind == ClientFailure::Kind::not_sent) {
      kind = ClientFailure::Kind::refused_by_guard;
      message = "outgoing requests may not go there: " + guard_says_;
    }
    failure_ = ClientFailure{.kind = kind, .message = std::move(message)};
  }
  done_ = true;
  signal_.notify();
}

void Transfer::abandon(std::string why) {
  auto const kind = fully_written() || was_written_ ? ClientFailure::Kind::maybe_sent : ClientFailure::Kind::not_sent;
  failure_ = ClientFailure{.kind = kind, .message = std::move(why)};
  done_ = true;
  signal_.notify();
}

Task<void> Transfer::wait() {
  while (!done_) co_await signal_.wait_for(std::chrono::hours(1));
}

ClientResult Transfer::result() {
  if (failure_) return *failure_;
  return std::move(response_);
}

}  // namespace postrider::http
