#pragma once
// Bytes and random ids as lower-case hexadecimal text.
#include <string>
#include <string_view>

namespace render {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

inline std::string to_hex(std::string_view bytes) {
  std::string out;
  for (auto c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

/// Is this what `to_hex` makes of a SHA-256 digest?
inline bool is_sha256_hex(std::string_view x) {
  return x.size() == 64
         && x.find_first_not_of(hex_digits) == std::string_view::npos;
}

/// Version 4. `random` gives at least four random bits a call.
template <class Random>
std::string make_uuid(Random& random) {
  std::string out = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (auto& c : out) {
    if (c == 'x')
      c = hex_digits[random() & 15];
    else if (c == 'y')
      c = hex_digits[8 + (random() & 3)];
  }
  return out;
}

} // namespace render
