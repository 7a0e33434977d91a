// Where this checkout lies and which server binary was built from it: for tests that read its files or start real processes.
#pragma once

#include <filesystem>

namespace postrider::test {

std::filesystem::path source_tree();
std::filesystem::path server_binary();

}  // namespace postrider::test
