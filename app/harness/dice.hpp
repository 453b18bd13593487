#pragma once
// Random numbers from a seed: small, fast, the same on every machine (the
// distributions of <random> are not).
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace render::harness {

class dice {
public:
  explicit dice(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {
    // nop
  }

  uint64_t next() {
    auto z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// 0 <= x < n.
  uint64_t below(uint64_t n) {
    return n == 0 ? 0 : next() % n;
  }

  /// 0 <= x < 1.
  double unit() {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

  double between(double low, double high) {
    return low + (high - low) * unit();
  }

  bool chance(double probability) {
    return unit() < probability;
  }

  /// From an exponential distribution.
  double exponential(double mean) {
    return -mean * std::log(1 - unit());
  }

  std::chrono::nanoseconds duration(double low_s, double high_s) {
    return std::chrono::nanoseconds{
      static_cast<int64_t>(between(low_s, high_s) * 1e9)};
  }

private:
  uint64_t state_;
};

inline uint64_t mix(uint64_t a, uint64_t b) {
  a ^= b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2);
  return a * 0xFF51AFD7ED558CCDu;
}

inline uint64_t hash_of(std::string_view text) {
  uint64_t out = 14695981039346656037u;
  for (unsigned char c : text)
    out = (out ^ c) * 1099511628211u;
  return out;
}

} // namespace render::harness
