#pragma once
// Bytes that nobody can guess, for keys and tokens; decisions take seeded
// randomness instead.
#include "messages/failure.hpp"

#include <string>

namespace render {

/// Fails as `unfit` when the system has none.
result<std::string> random_bytes(size_t size);

} // namespace render
