// A request as handlers see it: plain values, everything decoded once. Nothing here knows of sockets or of Beast.
#pragma once

#include "postrider/base/error.h"
#include "postrider/base/task.h"

#include <any>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::http {

// Ordered name and value pairs; names compare without case, as HTTP wants it.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;

  // The first value of that name; null when there is none.
  std::string const* find(std::string_view name) const;
  // The first value, or empty.
  std::string_view get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  // Replaces all of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  std::vector<Entry> const& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

// The query string, percent-decoded once, in its order; `+` is a blank.
class Query {
 public:
  using Entry = std::pair<std::string, std::string>;

  Query() = default;
  explicit Query(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  std::string const* find(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  std::vector<Entry> const& entries() const { return entries_; }
  // Fails with `invalid` on broken percent-encoding, NUL, or bytes that are not UTF-8.
  static Result<Query> parse(std::string_view text);

 private:
  std::vector<Entry> entries_;
};

// The body of a route that streams. `next` gives the next piece, empty at the end. Fails with `too_large` when the route's limit
// is passed, `invalid` when the body is cut short, mis-encoded or too slow: what came before must then not be kept.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual Task<Result<std::string>> next() = 0;
};

struct Request {
  std::string method;
  std::string target;          // as sent, in origin form
  std::string path;            // percent-encoded still; parameters are decoded
  std::string_view route;      // the pattern that matched; lives as long as the router
  std::vector<std::pair<std::string, std::string>> parameters = {};
  Query query = {};
  Headers headers = {};
  std::string body = {};           // of json and raw routes
  BodyReader* stream = nullptr;    // of streamed routes; valid while the handler runs
  std::string remote_ip = {};      // of the caller, seen through trusted proxies
  bool secure = false;             // the caller came by https (a trusted proxy says so)
  std::string request_id = {};
  std::any caller = {};            // what the guard found out about who is asking

  // A path parameter, decoded; empty when the pattern has none of that name.
  std::string_view parameter(std::string_view name) const;
};

// Decodes %XX once. Nothing when malformed.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);
bool same_ignoring_case(std::string_view a, std::string_view b);

}  // namespace postrider::http
