#pragma once
// Keys that no worker touches: the HTTP service's own.
#include <string>
#include <string_view>

namespace render::records::keys {

/// Hash of what was made for one Idempotency-Key; expires.
inline std::string idempotency(std::string_view prefix, std::string_view key) {
  return std::string{prefix} + "idempotency:" + std::string{key};
}

/// Stream of samples of the fleet, one a minute.
inline std::string samples(std::string_view prefix) {
  return std::string{prefix} + "samples";
}

/// String that says nothing: whoever sets it takes this minute's sample.
inline std::string samples_turn(std::string_view prefix) {
  return std::string{prefix} + "samples:turn";
}

} // namespace render::records::keys
