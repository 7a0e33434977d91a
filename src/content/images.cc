#include "postrider/content/images.h"

#include "postrider/audit/audit.h"
#include "postrider/crypto/encoding.h"
#include "postrider/crypto/signing.h"
#include "sql/images.h"

#include <boost/json/object.hpp>

namespace postrider::content {

namespace {

Image read_image(db::Row row) {
  Image image;
  image.id = row.uuid(0);
  image.name = row.text(1);
  image.picture.content_type = row.text(2);
  image.picture.width = static_cast<int>(row.integer(3));
  image.picture.height = static_cast<int>(row.integer(4));
  image.size = row.integer(5);
  image.created_at = row.instant(6);
  return image;
}

boost::json::object described(Image const& image) {
  boost::json::object out;
  out["name"] = image.name;
  out["content_type"] = image.picture.content_type;
  out["size"] = image.size;
  return out;
}

}  // namespace

Task<Result<Image>> Images::add(Context context, std::string image_name, std::string bytes) {
  if (bytes.size() > largest_image) co_return Error(Code::too_large, "a picture has at most 2 MB: make it smaller first, its readers wait for every byte");
  auto const picture = picture_in(bytes);
  if (!picture) co_return Error(Code::invalid, "this is no PNG, JPEG, GIF or WebP picture");
  if (picture->width > longest_side || picture->height > longest_side) co_return Error(Code::invalid, "its sides have at most 8000 pixels");
  auto const digest = crypto::hex(crypto::sha256(bytes));
  auto const now = clock_.now();
  Image image;
  image.id = ids_.next();
  image.name = std::move(image_name);
  image.picture = *picture;
  image.size = static_cast<std::int64_t>(bytes.size());
  image.created_at = now;
  auto tx = co_await store_.begin();
  auto const known = co_await tx.maybe(sql::images::by_digest, context.tenant, digest);
  if (known) co_return read_image(*known);
  auto const kept = co_await tx.one(sql::images::count, context.tenant);
  if (kept.integer(0) >= most_images) co_return conflict("there are 1000 pictures already: delete some that no mail shows any more");
  auto const body = crypto::base64(bytes);
  auto const written = co_await tx.exec(sql::images::insert, context.tenant, image.id, image.name, image.picture.content_type, image.picture.width, image.picture.height,
                                        image.size, digest, body, now);
  // Somebody brought the same one at the same time: theirs is there now.
  if (written == 0) co_return read_image(co_await tx.one(sql::images::by_digest, context.tenant, digest));
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"image", image.id, "created", audit::difference(boost::json::object(), described(image))});
  co_await audit::record(tx, context, std::move(entries), ids_, now);
  co_await tx.commit();
  co_return image;
}

Task<std::vector<Image>> Images::list(TenantId tenant, std::optional<Uuid> before, int limit) {
  auto const last = before.value_or(*Uuid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff"));
  std::vector<Image> all;
  for (auto const row : co_await store_.all(sql::images::list, tenant, last, limit)) all.push_back(read_image(row));
  co_return all;
}

Task<Result<void>> Images::remove(Context context, Uuid id) {
  auto tx = co_await store_.begin();
  auto const gone = co_await tx.maybe(sql::images::remove, context.tenant, id);
  if (!gone) co_return not_found("image", id.str());
  auto const image = read_image(*gone);
  std::vector<audit::Entry> entries;
  entries.push_back(audit::Entry{"image", id, "deleted", audit::difference(described(image), boost::json::object())});
  co_await audit::record(tx, context, std::move(entries), ids_, clock_.now());
  co_await tx.commit();
  co_return Result<void>();
}

Task<std::optional<Images::Body>> Images::body(TenantId tenant, Uuid id) {
  auto const row = co_await store_.maybe(sql::images::body, tenant, id);
  if (!row) co_return std::nullopt;
  Body body;
  body.content_type = row->text(0);
  body.bytes = crypto::from_base64(row->view(1)).value_or("");
  co_return body;
}

}  // namespace postrider::content
