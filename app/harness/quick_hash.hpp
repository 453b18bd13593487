#pragma once
// A hash of a text for tables and for the hash of a run, eight bytes at a time.
// Random draws depend on `hash_of`, so that must not change.
#include <cstdint>
#include <cstring>
#include <string_view>

namespace render::harness {

inline uint64_t quick_hash(std::string_view x) noexcept {
  constexpr uint64_t factor = 0x9E3779B97F4A7C15u;
  auto out = x.size() * factor;
  auto add = [&out](uint64_t word) {
    out = (out ^ word) * factor;
    out ^= out >> 32;
  };
  for (; x.size() >= sizeof(uint64_t); x.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, x.data(), sizeof(word));
    add(word);
  }
  uint64_t rest = 0;
  for (unsigned char c : x)
    rest = rest << 8 | c;
  add(rest);
  return out;
}

} // namespace render::harness
