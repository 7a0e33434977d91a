// The only file that is compiled with paths, so that all others compile to the same bytes in every checkout.
#include "support/source_tree.h"

namespace postrider::test {

std::filesystem::path source_tree() { return POSTRIDER_SOURCE_DIR; }
std::filesystem::path server_binary() { return POSTRIDER_BINARY; }

}  // namespace postrider::test
