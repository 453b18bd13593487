#pragma once
// A look at the inputs of waiting jobs, before a GPU is launched for them.
#include <cstdint>
#include <string>
#include <vector>

namespace render::msg {

/// SUPERVISOR → INPUT LOOK: can the inputs of the jobs that wait be fetched,
/// and are they what the jobs need? Answered with `inputs_seen`.
struct look_at_inputs {
  /// Of the jobs, as in their records ("csm" …).
  std::vector<std::string> types;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_at_inputs& x) {
  return f(x.types);
}

/// Of the first few that have inputs. Both 0: nothing of these types waits, or
/// what was refused is in other hands.
struct inputs_seen {
  /// Their inputs are good, or it cannot be told: a GPU is worth it.
  uint32_t usable = 0;
  /// Claimed, and sent to the asker as `jobs_claimed::unfit`.
  uint32_t refused = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inputs_seen& x) {
  return f(x.usable, x.refused);
}

} // namespace render::msg
