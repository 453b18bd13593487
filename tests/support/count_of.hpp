#pragma once
#include <string>

namespace render::harness {

/// How often `what` stands in `in`.
inline size_t count_of(const std::string& what, const std::string& in) {
  size_t out = 0;
  for (auto at = in.find(what); at != std::string::npos;
       at = in.find(what, at + 1))
    ++out;
  return out;
}

} // namespace render::harness
