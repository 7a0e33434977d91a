#include "api/sender_pages.h"

#include "api/public_page.h"
#include "postrider/identity/identity.h"

namespace postrider::api {

namespace {

http::Response broken_link() {
  PublicPage const page{.brand = "",
                        .title = "This link does not work",
                        .paragraphs = {"It may have been changed on its way, or the sender has another address now. Ask for a new mail."}};
  return public_page(404, page);
}

}  // namespace

std::vector<http::Route> SenderPages::routes() {
  http::Route page{.method = "GET",
                   .pattern = "/verify/{token}",
                   .right = http::Right(identity::right::anonymous),
                   .handler = [this](http::Request& request) { return show(request); }};
  page.doc.hidden = true;
  http::Route button{.method = "POST",
                     .pattern = "/verify/{token}",
                     .right = http::Right(identity::right::anonymous),
                     .handler = [this](http::Request& request) { return confirm(request); },
                     .body = http::BodyKind::raw,
                     .body_limit = 64 * 1024};
  button.doc.hidden = true;
  std::vector<http::Route> all;
  all.push_back(std::move(page));
  all.push_back(std::move(button));
  return all;
}

Task<http::Response> SenderPages::show(http::Request& request) {
  auto const sender = co_await verification_.sender_of(request.parameter("token"));
  if (!sender) co_return broken_link();
  PublicPage page{.brand = "", .title = "Verify " + sender->from_email, .paragraphs = {}};
  if (sender->verified) {
    page.paragraphs.push_back("This address is verified already. There is nothing left to do.");
    co_return public_page(200, page);
  }
  page.paragraphs.push_back("Press the button if mail may be sent in the name of this address. If you did not expect this, close the page.");
  page.form = "<form method=\"post\"><button type=\"submit\">Yes, this is my address</button></form>";
  co_return public_page(200, page);
}

Task<http::Response> SenderPages::confirm(http::Request& request) {
  Context context;
  context.actor = Actor(ActorKind::recipient, Uuid());
  context.request_id = request.request_id;
  context.ip_address = request.remote_ip;
  context.user_agent = std::string(request.headers.get("User-Agent").substr(0, 400));
  auto const sender = co_await verification_.confirm(request.parameter("token"), context);
  if (!sender) co_return broken_link();
  PublicPage const page{.brand = "", .title = "Verified", .paragraphs = {"Mail may now be sent as " + sender->from_email + ". You can close this page."}};
  co_return public_page(200, page);
}

}  // namespace postrider::api
