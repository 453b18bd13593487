#pragma once
// Cancels, or runs again, all jobs that match.
#include "app/records/job_list.hpp"
#include "app/records/redis.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace render::records {

struct bulk_terms {
  enum class action : uint8_t {
    /// Jobs that wait or run.
    cancel,
    /// Jobs that have ended.
    retry,
  };
  action what = action::cancel;
  job_filter filter{};
  /// These jobs alone, as far as they fit the filter, whose words are not
  /// looked for then. Empty: all.
  std::vector<std::string> ids{};
  /// Only count.
  bool dry_run = false;
  /// No more are changed.
  size_t limit = 10'000;
  /// Written to the error field of those that are cancelled.
  std::string reason{};
};

struct bulk_done {
  /// That match and are in a state that allows it.
  size_t matched = 0;
  size_t done = 0;
  /// Those that have changed meanwhile, or could not be changed.
  size_t failed = 0;
  /// Of the jobs that run again.
  std::vector<std::string> new_ids;
};

/// All that match are found before the first is changed.
result<bulk_done> bulk(redis& db, const bulk_terms& terms);

} // namespace render::records
