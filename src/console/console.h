// Serves the admin console out of the binary: built by Vite, compressed at build time, never copied at run time.
#pragma once

#include "postrider/http/router.h"

#include <string_view>
#include <vector>

namespace postrider::console {

// One file of the console as the build embedded it. Brotli and gzip forms are empty where they would not be smaller.
struct Asset {
  std::string_view path;  // "/assets/index-abc123.js"
  std::string_view type;
  std::string_view etag;  // of the plain form, without quotes
  std::string_view plain;
  std::string_view gzip;
  std::string_view brotli;
};
// Made by the build (embed.cmake); empty when the console is not built in.
extern Asset const* const assets;
extern std::size_t const asset_count;

// GET / and everything below that no other route answers. Hashed names are cached for ever; unknown paths get the page itself,
// so that every state of the console has an address.
std::vector<http::Route> routes();

}  // namespace postrider::console
