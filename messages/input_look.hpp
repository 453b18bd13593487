#pragma once
// A look at the inputs of waiting jobs, before a GPU is launched for them.
#include <cstdint>
#include <string>
#include <vector>

namespace render::msg {

/// SUPERVISOR → INPUT LOOK: can the inputs of the waiting jobs be fetched, and
/// are they what the jobs need? Answered with `inputs_seen`.
struct look_at_inputs {
  /// Types of the jobs, as in their records ("csm" …).
  std::vector<std::string> types;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, look_at_inputs& x) {
  return f(x.types);
}

/// Counts of the first few jobs that have inputs. Both 0: no job of these types
/// waits, or other workers have the refused jobs.
struct inputs_seen {
  /// Jobs whose inputs are good, or cannot be judged: a GPU is worth its price.
  uint32_t usable = 0;
  /// Jobs that were claimed and sent to the asker as `jobs_claimed::unfit`.
  uint32_t refused = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inputs_seen& x) {
  return f(x.usable, x.refused);
}

} // namespace render::msg
