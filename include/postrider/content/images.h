// Pictures that mails show, kept in the database and served under /i/ to whoever has the address, as mails are read without signing in.
// A picture never changes: its address stays good in every mail that was sent with it, until it is deleted.
#pragma once

#include "postrider/base/context.h"
#include "postrider/base/error.h"
#include "postrider/base/id.h"
#include "postrider/db/store.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::content {

constexpr std::size_t largest_image = 2 * 1024 * 1024;  // bytes; a mail of several such is slow on a phone already
constexpr int longest_side = 8000;                      // pixels
constexpr int most_images = 1000;                       // of a tenant

struct Picture {
  std::string content_type;
  int width = 0;   // pixels
  int height = 0;
};
// What the bytes say themselves: PNG, JPEG, GIF or WebP. Nothing for all else, SVG among it, which can run scripts.
std::optional<Picture> picture_in(std::string_view bytes);

struct Image {
  Uuid id;
  std::string name;
  Picture picture;
  std::int64_t size = 0;  // bytes
  Instant created_at;
};

class Images {
 public:
  Images(db::Store& store, Clock const& clock, Ids& ids) : store_(store), clock_(clock), ids_(ids) {}

  // The same picture twice is kept once, under its first name. Fails with invalid: not a picture, or its sides too long; too_large; conflict
  // when there are too many.
  Task<Result<Image>> add(Context context, std::string image_name, std::string bytes);
  Task<std::vector<Image>> list(TenantId tenant, std::optional<Uuid> before, int limit);
  // Mails that show it show a gap from then on. Fails with not_found.
  Task<Result<void>> remove(Context context, Uuid id);

  struct Body {
    std::string content_type;
    std::string bytes;
  };
  Task<std::optional<Body>> body(TenantId tenant, Uuid id);

 private:
  db::Store& store_;
  Clock const& clock_;
  Ids& ids_;
};

}  // namespace postrider::content
