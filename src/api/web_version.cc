#include "api/web_version.h"

#include "api/public_page.h"
#include "postrider/identity/identity.h"

namespace postrider::api {

namespace {

// Mail is made of pictures and inline styles; a sandbox without scripts and forms keeps the rest out.
constexpr auto policy =
    "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline' https:; font-src https: data:; media-src https:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

}  // namespace

std::vector<http::Route> WebVersion::routes() {
  http::Route route{.method = "GET",
                    .pattern = "/view/{token}",
                    .right = http::Right(identity::right::anonymous),
                    .handler = [this](http::Request& request) { return show(request); }};
  route.doc.hidden = true;
  std::vector<http::Route> all;
  all.push_back(std::move(route));
  return all;
}

Task<http::Response> WebVersion::show(http::Request& request) {
  PublicPage const gone{.brand = "",
                        .title = "This page is not there any more",
                        .paragraphs = {"The link may have been shortened or changed on its way, or the message is no longer kept."}};
  auto const token = tokens_.view(request.parameter("token"));
  if (!token) co_return public_page(404, gone);
  auto const content = co_await messages_.content(token->tenant, token->message);
  if (!content) co_return public_page(404, gone);
  auto page = content->html;
  if (page.empty()) {
    page = "<!doctype html><meta charset=\"utf-8\"><title>" + html_escaped(content->subject) + "</title><pre style=\"white-space:pre-wrap\">";
    page += html_escaped(content->text) + "</pre>";
  }
  auto response = http::text_response(200, std::move(page), "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("Cache-Control", "no-store, private");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Robots-Tag", "noindex");
  co_return response;
}

}  // namespace postrider::api
