#include "actors/supervisor/replacement.hpp"

#include <cmath>
#include <cstdint>

namespace render::supervisor {

double place_of(std::string_view worker_id) {
  // FNV-1a, and the last step of splitmix64, which spreads similar ids.
  uint64_t x = 14695981039346656037u;
  for (auto c : worker_id)
    x = (x ^ static_cast<unsigned char>(c)) * 1099511628211u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) / static_cast<double>(1ull << 53);
}

std::chrono::milliseconds staggered_age(std::chrono::milliseconds replace_after,
                                        double place) {
  constexpr double youngest = 0.85;
  auto part = youngest + (1 - youngest) * place;
  return std::chrono::milliseconds{
    std::llround(static_cast<double>(replace_after.count()) * part)};
}

} // namespace render::supervisor
