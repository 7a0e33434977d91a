#include "api/tracking.h"

#include "api/public_page.h"
#include "postrider/base/log.h"
#include "postrider/db/errors.h"
#include "postrider/identity/identity.h"

namespace postrider::api {

namespace {

using Member = Task<http::Response> (TrackingApi::*)(http::Request&);

constexpr std::size_t longest_text = 500;
constexpr auto shun_for = std::chrono::seconds(2);

// A transparent GIF of one pixel: 43 bytes.
constexpr char pixel[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02"
                         "D\x01\x00;";

http::Route open_route(std::string_view pattern, TrackingApi* api, Member member) {
  http::Route route{.method = "GET",
                    .pattern = std::string(pattern),
                    .right = http::Right(identity::right::anonymous),
                    .handler = [api, member](http::Request& request) { return (api->*member)(request); }};
  route.doc.hidden = true;
  return route;
}

delivery::Fact fact_of(http::Request const& request, delivery::FactKind kind, MessageId message, Instant now) {
  delivery::Fact fact;
  fact.kind = kind;
  fact.provider = "tracking";
  fact.message = message;
  fact.occurred_at = now;
  fact.method = request.method;
  fact.ip_address = request.remote_ip;
  fact.user_agent = std::string(request.headers.get("User-Agent").substr(0, longest_text));
  if (auto const purpose = request.headers.get("Sec-Purpose"); !purpose.empty()) {
    fact.detail["purpose"] = std::string(purpose.substr(0, 50));
    fact.provider_says_machine = purpose.find("prefetch") != std::string_view::npos;  // the browser says itself that nobody is looking
  }
  return fact;
}

}  // namespace

std::vector<http::Route> TrackingApi::routes() {
  std::vector<http::Route> all;
  all.push_back(open_route("/o/{token}.gif", this, &TrackingApi::opened));
  all.push_back(open_route("/c/{token}", this, &TrackingApi::clicked));
  return all;
}

Task<void> TrackingApi::record(TenantId tenant, delivery::Fact fact) {
  bool stored = false;
  if (clock_.steady() >= away_until_) {
    try {
      std::vector<delivery::Fact> facts;
      facts.push_back(fact);
      co_await ingest_.take(tenant, std::move(facts));
      stored = true;
    } catch (db::Failure const& failure) {
      away_until_ = clock_.steady() + shun_for;
      log::warn("tracking_fact_spooled", log::field("error", failure.what()));
    }
  }
  if (!stored && !spool_.keep(tenant, std::move(fact))) log::error("tracking_fact_lost");
}

Task<http::Response> TrackingApi::opened(http::Request& request) {
  // Any token gets the pixel: a broken image in a mail helps nobody, and the answer must not tell which tokens are good.
  if (auto const token = tokens_.open(request.parameter("token")))
    co_await record(token->tenant, fact_of(request, delivery::FactKind::opened, token->message, clock_.now()));
  auto response = http::text_response(200, std::string(pixel, sizeof pixel - 1), "image/gif");
  response.headers.set("Cache-Control", "no-store, private");
  co_return response;
}

// What was written for one recipient stands in the token, signed; what is the same for all is looked up.
Task<std::optional<delivery::LinkTarget>> TrackingApi::target_of(crypto::ClickToken const& token) {
  std::optional<delivery::LinkTarget> found;
  bool away = false;
  try {
    found = co_await targets_.find(token.tenant, token.message, token.template_version, token.link);
  } catch (db::Failure const& failure) {
    away = token.target.empty();
    log::warn("tracking_target_unknown", log::field("error", failure.what()));
  }
  if (away) throw db::Unavailable("the database is away");
  if (!token.target.empty()) found = delivery::LinkTarget(token.target, found ? found->links : 0);
  bool const web = found && (found->url.starts_with("http://") || found->url.starts_with("https://"));
  if (!web || found->url.find_first_of("\r\n") != std::string::npos) co_return std::nullopt;
  co_return found;
}

Task<http::Response> TrackingApi::clicked(http::Request& request) {
  PublicPage const gone{.brand = "", .title = "This link does not work", .paragraphs = {"It may have been shortened or changed on its way. Please use the link in the original mail."}};
  auto const token = tokens_.click(request.parameter("token"));
  if (!token) co_return public_page(404, gone);
  auto const target = co_await target_of(*token);
  if (!target) co_return public_page(404, gone);
  auto fact = fact_of(request, delivery::FactKind::clicked, token->message, clock_.now());
  fact.url = target->url;
  fact.link_index = token->link;
  fact.links = target->links;
  co_await record(token->tenant, std::move(fact));
  auto response = http::redirect(target->url, 302);
  response.headers.set("Cache-Control", "no-store, private");
  response.headers.set("Referrer-Policy", "no-referrer");
  co_return response;
}

}  // namespace postrider::api
