// The few first bytes of the four kinds of pictures that mail clients show.
#include "postrider/content/images.h"

namespace postrider::content {

namespace {

using Bytes = std::string_view;

unsigned byte(Bytes b, std::size_t at) { return static_cast<unsigned char>(b[at]); }
int big16(Bytes b, std::size_t at) { return static_cast<int>(byte(b, at) << 8 | byte(b, at + 1)); }
int little16(Bytes b, std::size_t at) { return static_cast<int>(byte(b, at + 1) << 8 | byte(b, at)); }
int little24(Bytes b, std::size_t at) { return static_cast<int>(byte(b, at + 2) << 16) | little16(b, at); }

// Sides beyond 65,535 say the same as 65,535: too long.
int big32(Bytes b, std::size_t at) { return big16(b, at) > 0 ? 65'535 : big16(b, at + 2); }

std::optional<Picture> png(Bytes b) {
  if (b.size() < 24 || !b.starts_with("\x89PNG\r\n\x1a\n") || b.substr(12, 4) != "IHDR") return std::nullopt;
  return Picture{"image/png", big32(b, 16), big32(b, 20)};
}

std::optional<Picture> gif(Bytes b) {
  if (b.size() < 10 || (!b.starts_with("GIF87a") && !b.starts_with("GIF89a"))) return std::nullopt;
  return Picture{"image/gif", little16(b, 6), little16(b, 8)};
}

// Segments are stepped over until the one that begins the frame (SOF0 to SOF15 without DHT, JPG and DAC) tells the sides.
std::optional<Picture> jpeg(Bytes b) {
  if (!b.starts_with("\xff\xd8\xff")) return std::nullopt;
  for (std::size_t at = 2; at + 9 < b.size();) {
    if (byte(b, at) != 0xff) return std::nullopt;
    auto const marker = byte(b, at + 1);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) return Picture{"image/jpeg", big16(b, at + 7), big16(b, at + 5)};
    if (marker == 0xd9 || marker == 0xda) return std::nullopt;  // the data begins, and no frame was told of
    at += 2 + static_cast<std::size_t>(big16(b, at + 2));
  }
  return std::nullopt;
}

std::optional<Picture> webp(Bytes b) {
  if (b.size() < 30 || !b.starts_with("RIFF") || b.substr(8, 4) != "WEBP") return std::nullopt;
  auto const kind = b.substr(12, 4);
  if (kind == "VP8X") return Picture{"image/webp", little24(b, 24) + 1, little24(b, 27) + 1};
  if (kind == "VP8 ") return Picture{"image/webp", little16(b, 26) & 0x3fff, little16(b, 28) & 0x3fff};
  if (kind != "VP8L" || byte(b, 20) != 0x2f) return std::nullopt;
  auto const low = static_cast<unsigned>(little16(b, 21));
  auto const high = static_cast<unsigned>(little16(b, 23));
  return Picture{"image/webp", static_cast<int>(low & 0x3fff) + 1, static_cast<int>((low >> 14 | high << 2) & 0x3fff) + 1};
}

}  // namespace

std::optional<Picture> picture_in(std::string_view bytes) {
  for (auto* const kind : {&png, &jpeg, &gif, &webp})
    if (auto const found = kind(bytes); found && found->width > 0 && found->height > 0) return found;
  return std::nullopt;
}

}  // namespace postrider::content
