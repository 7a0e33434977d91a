#include "api/images_api.h"

#include "postrider/http/problem.h"

#include <boost/describe.hpp>

namespace postrider::api {

namespace {

struct ImageOut {
  Uuid id;
  std::string name, content_type;
  std::int64_t width, height, size;
  std::string url;
  Instant created_at;
  static constexpr std::string_view json_name = "Image";
};
BOOST_DESCRIBE_STRUCT(ImageOut, (), (id, name, content_type, width, height, size, url, created_at))

boost::json::value shown(content::Image const& image, TenantId tenant, std::string const& public_url) {
  ImageOut const out{image.id,   image.name, image.picture.content_type, image.picture.width, image.picture.height,
                     image.size, public_url + "/i/" + tenant.str() + "/" + image.id.str(), image.created_at};
  return json::encode(out);
}

}  // namespace

std::vector<http::Route> ImagesApi::routes() {
  std::vector<http::Route> all;
  all.push_back(get("/images", right::read, on(this, &ImagesApi::list), doc("list_images", "Pictures for mails, newest first", "templates").paged().answers_list<ImageOut>()));
  auto adding = doc("add_image", "Keep a picture for mails: PNG, JPEG, GIF or WebP, at most 2 MB", "templates");
  adding.query("name", "Shown in lists").takes_types({"image/png", "image/jpeg", "image/gif", "image/webp"}).answers<ImageOut>(201);
  all.push_back(post("/images", right::write, on(this, &ImagesApi::add), std::move(adding), http::BodyKind::raw, content::largest_image + 1024));
  all.push_back(del("/images/{id}", right::write, on(this, &ImagesApi::remove), doc("remove_image", "Delete a picture; mails that show it show a gap from then on", "templates").answer(204)));
  http::Route route{.method = "GET",
                    .pattern = "/i/{tenant}/{id}",
                    .right = http::Right(identity::right::anonymous),
                    .handler = [this](http::Request& request) { return show(request); }};
  route.doc.hidden = true;
  all.push_back(std::move(route));
  return all;
}

ImagesApi::Answer ImagesApi::list(http::Request& request) {
  auto const page = page_of(request);
  if (!page) co_return page.error();
  auto const tenant = caller(request).context.tenant;
  std::optional<Uuid> last;
  if (page->after) last = Uuid::parse(page->after->front());
  auto const found = co_await images_.list(tenant, last, page->limit + 1);
  auto encode = [this, tenant](content::Image const& image) { return shown(image, tenant, public_url_); };
  auto key = [](content::Image const& image) { return std::vector<std::string>{image.id.str()}; };
  co_return list_answer(request, *page, found, encode, key);
}

ImagesApi::Answer ImagesApi::add(http::Request& request) {
  auto const name = query_text(request, "name", 200);
  if (!name) co_return name.error();
  auto const context = context_of(request);
  auto const image = co_await images_.add(context, name->value_or(""), std::move(request.body));
  if (!image) co_return image.error();
  co_return created("/images/" + image->id.str(), shown(*image, context.tenant, public_url_));
}

ImagesApi::Answer ImagesApi::remove(http::Request& request) {
  auto const id = Uuid::parse(request.parameter("id"));
  if (!id) co_return not_found("image", request.parameter("id"));
  auto const gone = co_await images_.remove(context_of(request), *id);
  if (!gone) co_return gone.error();
  co_return no_content();
}

// Nothing but the picture: no guessing of types, nothing that could run, good for as long as caches like.
Task<http::Response> ImagesApi::show(http::Request& request) {
  auto const tenant = TenantId::parse(request.parameter("tenant"));
  auto const id = Uuid::parse(request.parameter("id"));
  if (!tenant || !id) co_return http::problem(404, "there is no such picture");
  auto found = co_await images_.body(*tenant, *id);
  if (!found) co_return http::problem(404, "there is no such picture");
  http::Response response;
  response.body = std::move(found->bytes);
  response.headers.set("Content-Type", std::move(found->content_type));
  response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  co_return response;
}

}  // namespace postrider::api
