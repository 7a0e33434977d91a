#include "support/shared_files.h"

#include <cstdlib>

namespace postrider::test {

std::optional<std::filesystem::path> shared_path(std::string_view relative) {
  auto const* set = std::getenv("POSTRIDER_SHARED");
  auto root = set && *set ? std::filesystem::path(set) : std::filesystem::path(POSTRIDER_SOURCE_DIR) / ".." / "shared";
  auto file = root / relative;
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return std::nullopt;
  return file;
}

}  // namespace postrider::test
