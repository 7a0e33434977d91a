// Serves the built, precompressed admin console out of the binary.
namespace postrider::console {}
