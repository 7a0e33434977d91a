// The stories are told to the API; the console's files are left out of their binary.
#include "console/console.h"

namespace postrider::console {

Asset const* const assets = nullptr;
std::size_t const asset_count = 0;

}  // namespace postrider::console
