// What a picture's first bytes say, and what is no picture.
#include "postrider/content/images.h"

#include <catch2/catch.hpp>

#include <string>

using namespace postrider::content;
using namespace std::string_literals;

TEST_CASE("pictures: the four kinds are known by their bytes, with their sides") {
  struct Case {
    std::string bytes, content_type;
    int width, height;
  };
  Case const cases[] = {
      {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06"s, "image/png", 640, 480},
      {"GIF89a\x0a\0\x14\0\x80"s, "image/gif", 10, 20},
      {"\xff\xd8\xff\xe0\0\x06JFIF\xff\xc2\0\x11\x08\x01\xe0\x02\x80\x03\x01\x22"s, "image/jpeg", 640, 480},
      {"\xff\xd8\xff\xff\xe1\0\x02\xff\xc0\0\x11\x08\0\x05\0\x07\x03\x01\x22\0"s, "image/jpeg", 7, 5},
      {"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0"s, "image/webp", 640, 480},
      {"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01"s, "image/webp", 640, 480},
      {"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x7f\xc2\x77\0\0\0\0\0\0"s, "image/webp", 640, 480},
  };
  for (auto const& one : cases) {
    auto const found = picture_in(one.bytes);
    INFO(one.content_type);
    REQUIRE(found);
    CHECK(found->content_type == one.content_type);
    CHECK(found->width == one.width);
    CHECK(found->height == one.height);
    // Cut short anywhere it is no picture, or says the same.
    for (std::size_t n = 0; n < one.bytes.size(); ++n)
      if (auto const part = picture_in(std::string_view(one.bytes).substr(0, n))) CHECK(part->width == one.width);
  }
}

TEST_CASE("pictures: what could run, what is empty and what only pretends is none") {
  for (auto const& bytes : {""s, "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"s, "<!doctype html><script>x()</script>"s, "GIF89a"s, "GIF89a\0\0\x05\0\x80"s, "\x89PNG\r\n\x1a\n"s,
                            "\xff\xd8\xff\xda\0\x02\0\0\0\0\0\0"s, "%PDF-1.7 ..................."s})
    CHECK_FALSE(picture_in(bytes));
}
