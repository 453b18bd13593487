#pragma once
// The seeded randomness that all parts of one cloud share.
#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace render::local_cloud {

class random_source {
public:
  explicit random_source(uint64_t seed) : engine_(seed) {}

  uint64_t next() {
    std::lock_guard lock{mutex_};
    return engine_();
  }
  /// 32 hexadecimal digits.
  std::string hex32() {
    return fmt::format("{:016x}{:016x}", next(), next());
  }
  std::string uuid() {
    auto a = next();
    auto b = next();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32,
                       (a >> 16) & 0xffff, a & 0xfff,
                       0x8000 | ((b >> 48) & 0x3fff), b & 0xffff'ffff'ffff);
  }
  std::string bytes(size_t n) {
    std::string out;
    while (out.size() < n)
      out += static_cast<char>(next());
    return out;
  }

private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

} // namespace render::local_cloud
