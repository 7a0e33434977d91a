#include "fuzz/target.h"

#include "fuzz/growth.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace postrider::fuzz {

void require(bool good, std::string_view what) {
  if (good) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

std::string_view take_text(std::string_view& bytes) {
  auto const end = bytes.find('\0');
  auto const text = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return text;
}

unsigned char take_byte(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  auto const byte = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  return byte;
}

}  // namespace postrider::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // `--growth FOLDER…` measures instead of fuzzing.
  if (*argc > 1 && std::string_view((*argv)[1]) == "--growth")
    std::exit(postrider::fuzz::measure_growth(std::vector<std::string>(*argv + 2, *argv + *argc)));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
  postrider::fuzz::feed(std::string_view(reinterpret_cast<char const*>(bytes), size));
  return 0;
}
