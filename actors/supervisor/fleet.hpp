#pragma once
// What the other workers tell, and what this worker makes of it. Their words
// may be late, doubled, lost or false: whatever they say, it costs time or
// money only, and not for long. Pure: no actors, no I/O, no clock. Times are
// seconds by the steady clock, as in `moment`.
#include "actors/supervisor/launching.hpp"
#include "messages/fleet.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render::supervisor::peer {

struct config {
  /// Somebody carries words between the workers.
  bool connected = false;
  worker_id name;
  /// GPUs that are not worth their rent are stopped before their idle timeout.
  bool adaptive = false;
  /// See `launching::fleet_outlook`.
  std::chrono::milliseconds target_wait{0};
  /// Words that are older count for nothing. What has not changed is said again
  /// each 60 s (`peers::config::refresh_s`), and takes a moment to come.
  std::chrono::milliseconds words_valid{90'000};
  /// Who has come or gone is known to all after this time: until then each
  /// would have a plan of its own.
  std::chrono::milliseconds settling{2'000};
  /// Between two words to the others; and how often these are repeated.
  std::chrono::milliseconds tell_spacing{1'000};
  std::chrono::milliseconds tell_again{15'000};
  /// An idle GPU is looked at so often, and stops no sooner.
  std::chrono::milliseconds keep_interval{5'000};
  std::chrono::milliseconds keep_least{10'000};
  /// Where nothing is measured yet.
  double boot_s = 45;
  double run_s = 30;
  /// A job that has waited for so many times what the plan allows shows that
  /// the plan is wrong.
  double disbelief = 3;
};

/// This worker, for its place among the others.
struct myself {
  worker_facts facts;
  uint32_t max_gpus = 1;
  /// GPUs that it may still rent.
  uint32_t room = 0;
  bool can_make_room = false;
};

class view {
public:
  explicit view(config cfg);

  void take(std::vector<fleet_member> others, double now_s);

  /// Whether a plan can be made of it: there are others, they have been the
  /// same for a moment, none is out of anybody's sight, and what they tell is
  /// fresh.
  bool agreed(double now_s) const;

  launching::fleet_outlook outlook(const workload_type& type, const myself& me,
                                   double now_s) const;

  /// Jobs of this type that run in the fleet.
  uint64_t runs(const workload_type& type, const worker_facts& mine) const;

  /// Of this worker's idle GPUs of the type, those that come first when
  /// `surplus` of the fleet's are to stop: the workers with the last names
  /// begin.
  uint32_t to_stop(const workload_type& type, uint32_t surplus,
                   uint32_t idle) const;

  const std::vector<fleet_member>& others() const noexcept {
    return others_;
  }

private:
  uint32_t launches_before(const myself& me, uint32_t mine, uint32_t nth) const;

  config cfg_;
  std::vector<fleet_member> others_;
  /// When somebody came or went.
  double changed_s_ = 0;
};

/// Whether it takes jobs and GPUs.
bool works(const worker_facts& x);

/// Of all types.
uint32_t gpus_of(const worker_facts& x);

/// What it serves of the type; nullptr: nothing.
const type_facts* find(const worker_facts& x, const workload_type& type);

/// Facts as they can be true, whatever they say: no times that are none, no
/// more slots than GPUs have.
worker_facts plausible(worker_facts x);

} // namespace render::supervisor::peer
