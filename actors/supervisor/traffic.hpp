#pragma once
// How many warm GPUs of a type the fleet's traffic is worth, from how many jobs
// there were at a time lately. Pure: no clock, no randomness. Times are
// seconds, `now_s` by the steady clock.
#include <array>
#include <cstddef>
#include <cstdint>

namespace render::supervisor {

class traffic {
public:
  /// GPUs beyond that many are launched when they are needed, and not kept.
  static constexpr size_t most = 64;

  /// What GPUs of the type take: a boot, and a run, on the average. `slots`: of
  /// a GPU. `patience`: how much longer than usual jobs may wait; 1: as usual.
  struct times {
    double boot_s = 45;
    double run_s = 10;
    uint32_t slots = 1;
    double patience = 1;
  };

  /// So many jobs run or wait now.
  void on_jobs(uint64_t jobs, const times& t, double now_s);

  /// GPUs whose rent is worth the waits that they spare, if an idle second may
  /// cost so many GPU seconds.
  uint32_t worth(double now_s, double idle_second = 1) const;

  /// Whether it knows too little yet.
  bool is_young(double now_s) const;

private:
  void forget(double now_s);

  /// Of a number of GPUs that one more would make.
  struct level {
    /// Waits that one GPU less would have made longer, in GPU seconds.
    double spared = 0;
    /// Seconds in which all of them were in use.
    double used_s = 0;
  };

  std::array<level, most> levels_{};
  bool begun_ = false;
  double since_s_ = 0;
  double at_s_ = 0;
  uint64_t jobs_ = 0;
  uint32_t slots_ = 1;
  /// Seconds that all of this is about.
  double span_s_ = 0;
};

} // namespace render::supervisor
