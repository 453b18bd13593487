#pragma once
// Names of protocols (hosts, headers, schemes, types) in lower case.
#include <algorithm>
#include <string>
#include <string_view>

namespace render {

/// ASCII letters in lower case; all other bytes as they are, in any locale.
inline std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

} // namespace render
