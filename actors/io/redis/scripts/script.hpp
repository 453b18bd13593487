#pragma once
// A Lua script, and one run of it. Each script is one atomic step of the life
// of a job, a GPU or a webhook, and has a file of its own: its contract, its
// named arguments, its Lua and its answer. The order of KEYS and ARGV is known
// to that file alone. Scripts build keys from job ids, so they need one Redis,
// not a Redis Cluster. Pure.
#include "actors/io/redis/scripts/codec.hpp"
#include "messages/ids.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

using milliseconds = std::chrono::milliseconds;

struct script {
  std::string_view name;
  std::string text;
  /// Lower-case hex, Redis' name for the text.
  std::string sha1;
};

script with_sha1(std::string_view name, std::string text);

/// A script of parts.
template <class... Parts>
script make_script(std::string_view name, const Parts&... parts) {
  return with_sha1(name, (std::string{} + ... + std::string{parts}));
}

struct script_call {
  const script* lua = nullptr;
  std::vector<std::string> keys;
  std::vector<std::string> argv;
  /// Calls whose keys and first so many arguments are the same can be made as
  /// one: with what follows these in each, in turn. Its answer is an array of
  /// theirs, each of which may be an error. 0: they cannot.
  size_t item_at = 0;
};

/// A worker, as scripts know it.
struct worker_terms {
  worker_id id;
  /// In front of every key of our own.
  std::string prefix = "c3:";
  /// For how long a job's lock lasts from now on …
  std::chrono::seconds lock{300};
  /// … and a lease of a job or a GPU.
  milliseconds lease{30'000};
};

/// A mark is a process' key with the number of its latest write that Redis has
/// seen: what a write that moves it says of that.
struct mark_move {
  node_id session;
  /// The highest number that Redis has answered.
  uint64_t confirmed = 0;
  /// This write's own; 0: the mark stays where it is.
  uint64_t number = 0;
};

inline std::string redis_word(std::string x) {
  return x;
}

inline std::string redis_word(std::string_view x) {
  return std::string{x};
}

inline std::string redis_word(const char* x) {
  return x;
}

inline std::string redis_word(double x) {
  return number_text(x);
}

template <std::integral T>
std::string redis_word(T x) {
  return std::to_string(
    static_cast<std::conditional_t<std::is_same_v<T, bool>, int, T>>(x));
}

template <class Rep, class Period>
std::string redis_word(std::chrono::duration<Rep, Period> x) {
  return std::to_string(x.count());
}

/// Each as Redis gets it; a duration is counted in its own unit.
template <class... Ts>
std::vector<std::string> redis_words(const Ts&... xs) {
  std::vector<std::string> out;
  out.reserve(sizeof...(xs) + 8);
  (out.push_back(redis_word(xs)), ...);
  return out;
}

/// With commas between.
std::string list_text(const std::vector<std::string>& xs);

} // namespace render::job_store
