#pragma once
// Keys that no worker touches: the HTTP service's own.
#include <string>
#include <string_view>

namespace render::records::keys {

/// Hash of what was made for one Idempotency-Key; expires.
inline std::string idempotency(std::string_view prefix, std::string_view key) {
  return std::string{prefix} + "idempotency:" + std::string{key};
}

} // namespace render::records::keys
