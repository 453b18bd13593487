#pragma once
// Every kind of failure that has a name, so that a new one joins by itself.
#include "messages/failure.hpp"

#include <vector>

namespace render {

inline std::vector<failure_kind> all_failure_kinds() {
  std::vector<failure_kind> out;
  for (uint8_t i = 1; to_string(static_cast<failure_kind>(i)) != "unknown"; ++i)
    out.push_back(static_cast<failure_kind>(i));
  return out;
}

} // namespace render
