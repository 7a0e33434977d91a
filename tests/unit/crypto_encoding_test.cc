#include "postrider/base/random.h"
#include "postrider/crypto/encoding.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::crypto;

namespace {
std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  if (size > 0) random.fill(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), size));
  return bytes;
}
}  // namespace

TEST_CASE("the encodings give the texts of RFC 4648") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64url("\xFB\xFF") == "-_8");
  CHECK(base64("\xFB\xFF") == "+/8=");
  CHECK(base32("foobar") == "mzxw6ytboi");
  CHECK(base32("fooba") == "mzxw6ytb");
  CHECK(hex("\x01\xAB") == "01ab");
  CHECK(from_hex("01AB") == std::string("\x01\xAB"));
  CHECK(from_base32("MZXW6YTBOI") == std::string("foobar"));
}

TEST_CASE("every byte string survives each encoding") {
  SeededRandom random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    auto const bytes = random_bytes(random, size);
    CHECK(from_base64(base64(bytes)) == bytes);
    CHECK(from_base64url(base64url(bytes)) == bytes);
    CHECK(from_hex(hex(bytes)) == bytes);
    CHECK(from_base32(base32(bytes)) == bytes);
  }
}

TEST_CASE("decoders refuse foreign characters, wrong padding and spare bits") {
  for (auto const* text : {"Zg=", "Zg", "Zg===", "Z===", "=", "====", "Zh==", "Zm9=", "Zm 8", "Zm9v\n", "Zm-8", "Zg==Zg=="}) {
    INFO(text);
    CHECK_FALSE(from_base64(text));
  }
  for (auto const* text : {"Zg==", "Z", "Zh", "Zm9", "+_8", "Zm9v\r\n"}) {
    INFO(text);
    CHECK_FALSE(from_base64url(text));
  }
  for (auto const* text : {"0", "0g", "00 ", "0x00"}) {
    INFO(text);
    CHECK_FALSE(from_hex(text));
  }
  for (auto const* text : {"a", "mzxw6ytbo1", "mzxw6ytboj", "mzxw6ytboi====="}) {
    INFO(text);
    CHECK_FALSE(from_base32(text));
  }
}
