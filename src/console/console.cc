#include "console/console.h"

#include "postrider/http/problem.h"
#include "postrider/identity/identity.h"

#include <algorithm>
#include <string>

namespace postrider::console {

namespace {

// Scripts come from here alone. A mail's preview is a sandboxed frame without an address of its own, which inherits this policy: inline styles are allowed
// because mails are made of them (the console itself and its editor would do without), and no frame may go anywhere.
constexpr std::string_view content_security_policy =
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Asset const* find(std::string_view path) {
  auto const* const end = assets + asset_count;
  auto const* const found = std::find_if(assets, end, [path](Asset const& asset) { return asset.path == path; });
  return found == end ? nullptr : found;
}

// Whether `coding` is acceptable by an Accept-Encoding header; q=0 forbids.
bool accepts(std::string_view header, std::string_view coding) {
  while (!header.empty()) {
    auto const end = std::min(header.find(','), header.size());
    auto item = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (item.starts_with(' ')) item.remove_prefix(1);
    if (!item.starts_with(coding)) continue;
    auto const rest = item.substr(coding.size());
    auto const quality = rest.find("q=");
    return quality == std::string_view::npos || rest.substr(quality + 2).find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

http::Response answer(http::Request const& request, Asset const& asset) {
  http::Response response;
  auto const accepted = request.headers.get("Accept-Encoding");
  std::string_view coding;
  response.lasting_body = asset.plain;
  if (!asset.brotli.empty() && accepts(accepted, "br")) {
    coding = "br";
    response.lasting_body = asset.brotli;
  } else if (!asset.gzip.empty() && accepts(accepted, "gzip")) {
    coding = "gzip";
    response.lasting_body = asset.gzip;
  }
  auto const etag = "\"" + std::string(asset.etag) + (coding.empty() ? "" : "-" + std::string(coding)) + "\"";
  response.headers.set("Content-Type", std::string(asset.type));
  if (!coding.empty()) response.headers.set("Content-Encoding", std::string(coding));
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("ETag", etag);
  response.headers.set("X-Content-Type-Options", "nosniff");
  bool const hashed = asset.path.starts_with("/assets/");
  response.headers.set("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (asset.type.starts_with("text/html")) {
    response.headers.set("Content-Security-Policy", std::string(content_security_policy));
    response.headers.set("Referrer-Policy", "same-origin");
    response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  }
  if (request.headers.get("If-None-Match") == etag) {
    response.status = 304;
    response.lasting_body = {};
  }
  return response;
}

// Things that browsers and tools ask for by a name of their own are files, not pages of the console.
bool names_a_file(std::string_view path) {
  auto const last = path.substr(path.rfind('/') + 1);
  return last.find('.') != std::string_view::npos;
}

Task<http::Response> serve(http::Request& request) {
  if (auto const* const asset = find(request.path)) co_return answer(request, *asset);
  bool const reserved = request.path.starts_with("/api/") || request.path.starts_with("/assets/") || request.path.starts_with("/webhooks/");
  auto const* const page = find("/index.html");
  if (reserved || names_a_file(request.path) || !page) co_return http::problem(404, page ? "there is nothing at this address" : "this binary was built without the console");
  co_return answer(request, *page);
}

http::Route route(std::string pattern) {
  http::Route made{.method = "GET", .pattern = std::move(pattern), .right = http::Right(identity::right::anonymous), .handler = serve};
  made.doc.hidden = true;
  return made;
}

}  // namespace

std::vector<http::Route> routes() {
  std::vector<http::Route> all;
  all.push_back(route("/"));
  all.push_back(route("/{path...}"));
  return all;
}

}  // namespace postrider::console
