#pragma once
// When a waiting job begins, from what the workers say of their slots and of
// what boots and runs took. Pure: no clock, no I/O; the same words give the
// same forecast. Times are seconds from now.
#include "messages/outlook.hpp"

#include <optional>
#include <string>
#include <vector>

namespace render::supervisor {

class forecast {
public:
  /// What a worker said `age_s` ago.
  void add(outlook x, double age_s);

  struct start {
    /// Most jobs begin between these two (docs/forecast.md).
    double low_s = 0;
    double median_s = 0;
    double high_s = 0;
    /// No boot was measured yet: the band is a guess.
    bool guessed = false;
    /// No slot can come: no worker serves it, or none may rent a GPU.
    bool never = false;
    workload_type type;
    launch_reason why;
  };

  /// Of a job that so many others come before: their kinds, and its own as the
  /// last one. `now_s`: Unix seconds, for the reasons' times. Nothing: no
  /// worker serves it.
  std::optional<start> of(const std::vector<job_kind>& queue,
                          double now_s) const;

  /// How long a run of this kind takes; a count of 0: not known.
  measured run(job_kind kind) const;

private:
  struct worker {
    outlook said;
    double age_s = 0;
  };
  std::vector<worker> workers_;
};

} // namespace render::supervisor
