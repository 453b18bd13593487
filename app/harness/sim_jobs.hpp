#pragma once
// The jobs of a simulated queue with the facts of their trace. A simulated
// server finds a job by the id in a path or a body, to know how long its work
// takes.
#include "app/harness/timeline.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

struct sim_job {
  /// csm, whisper, portrait, analyze.
  std::string type = "whisper";
  /// When it is pushed.
  virtual_duration at{0};
  /// Work of a GPU, seconds.
  double duration_s = 10;
  /// Seconds after `at`; 0: none.
  double complete_within_s = 0;
  /// URL of its webhook; empty: none.
  std::string notify_url;
  /// A front end cancels it this long after `at`; negative: never.
  double cancel_after_s = -1;
};

/// Is this a final status of a job's record? It must not change any more.
inline bool is_final_status(std::string_view status) {
  return status == "success" || status == "failed" || status == "cancelled"
         || status == "timed_out";
}

class job_table {
public:
  explicit job_table(std::vector<sim_job> jobs = {}) : jobs_(std::move(jobs)) {
    // nop
  }

  size_t add(sim_job x) {
    jobs_.push_back(std::move(x));
    return jobs_.size() - 1;
  }

  const sim_job& operator[](size_t index) const {
    return jobs_[index];
  }

  size_t size() const noexcept {
    return jobs_.size();
  }

  static std::string id_of(size_t index) {
    std::string out{prefix};
    out.append(digits, '0');
    for (auto at = out.end(); index != 0; index >>= 4)
      *--at = "0123456789abcdef"[index & 15];
    return out;
  }

  /// The first job whose id is in `text`.
  std::optional<size_t> find_in(std::string_view text) const {
    auto at = text.find(prefix);
    if (at == std::string_view::npos
        || text.size() < at + prefix.size() + digits)
      return std::nullopt;
    size_t index = 0;
    auto* begin = text.data() + at + prefix.size();
    auto [end, error] = std::from_chars(begin, begin + digits, index, 16);
    if (error != std::errc{} || end != begin + digits || index >= jobs_.size())
      return std::nullopt;
    return index;
  }

  const std::vector<sim_job>& all() const noexcept {
    return jobs_;
  }

private:
  static constexpr std::string_view prefix = "5eed0000-0000-4000-8000-";
  static constexpr size_t digits = 12;
  std::vector<sim_job> jobs_;
};

} // namespace render::harness
