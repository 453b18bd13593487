#pragma once
// Whether the machine and its storage let the worker do its part.
#include <cstdint>
#include <string>

namespace render::msg {

/// To the SURROUNDINGS actor; answered with `surroundings_seen`.
struct check_surroundings {
  /// False: only the free space is read. True: a file is written, the storage
  /// is asked, and the programs that a job needs are looked for.
  bool thorough = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_surroundings& x) {
  return f(x.thorough);
}

struct surroundings_seen {
  /// What is unfit: "disk", "storage" or "tools"; empty: nothing.
  std::string unfit;
  /// For the operator: what is wrong.
  std::string text;
  /// Where results and inputs are written.
  uint64_t disk_free_bytes = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, surroundings_seen& x) {
  return f(x.unfit, x.text, x.disk_free_bytes);
}

} // namespace render::msg
