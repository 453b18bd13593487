#pragma once
// Access of the commands of the Redis in memory to values of one type.
#include "app/harness/memory_redis.hpp"
#include "app/harness/redis_reply.hpp"

namespace render::harness {

template <class T>
T* memory_redis::get(std::string_view key, reply_writer& out, bool& bad) {
  auto* x = live(key);
  if (!x)
    return nullptr;
  auto* found = std::get_if<T>(&x->data);
  if (!found) {
    bad = true;
    out.error(redis_text::wrong_type);
  }
  return found;
}

/// Returns nullptr when the key has another type; the error has been written.
template <class T>
T* memory_redis::make(std::string_view key, reply_writer& out) {
  auto bad = false;
  auto* x = get<T>(key, out, bad);
  if (x || bad)
    return x;
  auto [at, fresh] = data_.emplace(std::string{key}, redis_value{T{}, 0});
  return &std::get<T>(at->second.data);
}

} // namespace render::harness
