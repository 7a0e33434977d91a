// Conformance data that lies beside the sources but is no part of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace postrider::test {

// A file of the shared data: under POSTRIDER_SHARED, or in `shared` beside the source tree. Nothing when it is not there:
// the test then says so with WARN and counts nothing.
std::optional<std::filesystem::path> shared_path(std::string_view relative);

}  // namespace postrider::test
