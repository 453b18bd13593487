#pragma once
// What the JOB STORE has counted since the start, for /metrics. Its actor
// writes, any thread reads: no message is needed, and a command costs a few
// nanoseconds more.
#include "actors/io/redis/scripts/script.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace render::job_store {

/// A number with one writer.
template <class T>
class shared_number {
public:
  shared_number() = default;
  explicit shared_number(T x) : value_(x) {
    // nop
  }

  T get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

  void set(T x) noexcept {
    value_.store(x, std::memory_order_relaxed);
  }

  void add(T x = 1) noexcept {
    set(get() + x);
  }

private:
  std::atomic<T> value_{};
};

/// Upper bounds of the buckets, seconds; one more bucket has no bound.
inline constexpr std::array<double, 12> command_buckets{
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};

/// How long commands of one kind took, as counted so far.
struct command_times {
  /// Of the script, a literal; "other": a command without one.
  std::string_view script;
  double sum_s = 0;
  /// Not cumulative.
  std::array<uint64_t, command_buckets.size() + 1> counts{};
};

struct store_counts {
  store_counts() = default;
  store_counts(const store_counts&) = delete;
  store_counts& operator=(const store_counts&) = delete;

  // -- Redis
  /// The connection for commands: a command without an answer within its limit
  /// ends it, and a heartbeat is sent each ten seconds.
  shared_number<bool> up;
  /// Times that Redis had lost what it had confirmed.
  shared_number<uint64_t> losses;

  // -- what we own
  /// Ends of jobs that were not written, since the jobs were others' by then.
  shared_number<uint64_t> ends_fenced;
  /// Jobs that were found to be others' while they ran here.
  shared_number<uint64_t> runs_fenced;
  /// Jobs of dead workers that this one has put back into the queue.
  shared_number<uint64_t> recovered;
  shared_number<uint64_t> journal_errors;

  // -- of the whole fleet, as of the latest heartbeat; negative: not known
  shared_number<int64_t> webhooks_pending{-1};
  shared_number<int64_t> webhooks_dead{-1};

  /// By the writer alone. `lua`: of static lifetime; null: no script.
  void on_command(const script* lua, double seconds) noexcept {
    auto* at = slot_of(lua);
    if (!at)
      return;
    size_t bucket = 0;
    while (bucket < command_buckets.size() && seconds > command_buckets[bucket])
      ++bucket;
    at->counts[bucket].add();
    at->sum_s.add(seconds);
  }

  std::vector<command_times> commands() const {
    std::vector<command_times> out;
    for (auto& x : slots_) {
      auto* lua = x.lua.load(std::memory_order_acquire);
      if (!lua)
        break;
      command_times one{*lua, x.sum_s.get(), {}};
      for (size_t i = 0; i < one.counts.size(); ++i)
        one.counts[i] = x.counts[i].get();
      out.push_back(one);
    }
    return out;
  }

private:
  static constexpr std::string_view no_script = "other";
  /// There are some 25 scripts; those beyond are not timed.
  static constexpr size_t scripts_max = 48;

  struct slot {
    /// The name's place, which is the same for each call of a script.
    std::atomic<const std::string_view*> lua{nullptr};
    shared_number<double> sum_s;
    std::array<shared_number<uint64_t>, command_buckets.size() + 1> counts;
  };

  slot* slot_of(const script* lua) noexcept {
    auto* name = lua ? &lua->name : &no_script;
    for (auto& x : slots_) {
      auto* has = x.lua.load(std::memory_order_relaxed);
      if (!has)
        x.lua.store(has = name, std::memory_order_release);
      if (has == name)
        return &x;
    }
    return nullptr;
  }

  std::array<slot, scripts_max> slots_;
};

} // namespace render::job_store
