#pragma once
// How long boots and runs take, from what they took lately. Pure: no clock, no
// randomness. Times are seconds, `now_s` by the steady clock.
#include "messages/fleet.hpp"
#include "messages/job.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <vector>

namespace render::supervisor {

/// What one thing took, the last few times.
class recent_times {
public:
  /// Of so many samples, none older than `longest_s`.
  static constexpr size_t most = 32;
  static constexpr double longest_s = 6 * 3'600;

  void add(double took_s, double now_s);
  measured summary(double now_s) const;

private:
  struct sample {
    double took_s = 0;
    double at_s = 0;
  };
  std::deque<sample> samples_;
};

/// As if one worker had measured all of it: means, weighted by the samples.
/// Leaves out what cannot be a time.
measured merged(const std::vector<measured>& all);

/// The mean of an even or of an exponential distribution with these quantiles,
/// or, without samples, `unknown_s`.
double mean_of(const measured& x, double unknown_s);

/// What this worker has measured.
class estimates {
public:
  using by_kind = std::array<measured, std::size(all_job_kinds)>;

  void on_boot(const workload_type& type, double took_s, double now_s);
  void on_run(job_kind kind, double took_s, double now_s);
  measured boot(const workload_type& type, double now_s) const;
  by_kind runs(double now_s) const;

private:
  std::map<workload_type, recent_times> boots_;
  std::array<recent_times, std::size(all_job_kinds)> runs_;
};

} // namespace render::supervisor
