#pragma once
// What waiting jobs wait for, and when they are to begin.
#include "actors/supervisor/forecast.hpp"
#include "app/records/record.hpp"
#include "app/records/redis.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace render::records {

/// Why one job waits.
struct waiting {
  /// In the queue, from 1.
  size_t place = 0;
  /// A word: no_worker, launching, …
  std::string reason;
  /// The same for people, in a few words: "jitter, launch in 12 s".
  std::string clause;
  /// "waits for a GPU of media:fast: jitter, launch in 12 s; begins in 30 s to
  /// 1 min 20 s or so".
  std::string sentence;
  /// The provider's workload type; empty: no worker serves the job.
  std::string gpu_type;
  /// When the reason is looked at again, Unix seconds; 0: nobody knows.
  double until_s = 0;
  /// Seconds from now: most jobs begin between these two. Nothing: no slot is
  /// to come.
  std::optional<std::pair<double, double>> begins_in;
  /// Nothing was measured yet.
  bool guessed = false;
  /// Nothing: it has no deadline, or nobody serves it.
  std::optional<bool> deadline_at_risk;
};

/// Why, and until when, jobs wait. By what the workers wrote down last.
class waits {
public:
  static result<waits> read(redis& db);

  /// Of what workers wrote, each `age_s` ago, at `now_s` (Unix seconds).
  static waits of(std::vector<std::pair<outlook, double>> said, double now_s);

  /// For the last of these jobs of the queue, given by their types, of which
  /// there is one at least.
  /// `complete_by_s`: its deadline, Unix seconds; 0: it has none.
  waiting why(const std::vector<std::string>& queue,
              double complete_by_s) const;

  /// Of a job that runs for so long, by what runs took lately: 0 to 0.95.
  std::optional<double> progress(const std::string& type,
                                 double runs_for_s) const;

  /// How long such a run takes; nothing: it was not measured.
  std::optional<measured> run(const std::string& type) const;

  /// Unix seconds, by Redis' clock.
  double now_s() const {
    return now_s_;
  }

private:
  std::optional<supervisor::forecast::start>
  start_of(const std::vector<std::string>& queue) const;

  supervisor::forecast all_;
  std::map<job_kind, workload_type> type_of_;
  double now_s_ = 0;
};

} // namespace render::records
