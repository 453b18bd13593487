#pragma once
// `c3ctl why`: what a job waits for, and when it is to begin.
#include "actors/supervisor/forecast.hpp"
#include "app/ctl/context.hpp"
#include "app/ctl/record_text.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render::ctl {

/// Why, and until when, jobs wait. By what the workers wrote down last.
class waits {
public:
  static result<waits> read(redis& db);

  /// For the last of these jobs of the queue, given by their types.
  /// `complete_by_s`: its deadline, Unix seconds; 0: it has none.
  /// "waits for a GPU of media:fast: jitter, launch in 12 s; begins in 30 s to
  /// 1 min 20 s".
  std::string text(const std::vector<std::string>& queue,
                   double complete_by_s) const;
  std::string json(const std::vector<std::string>& queue,
                   double complete_by_s) const;

  /// Of a job that runs for so long, by what runs took lately: 0 to 0.95.
  std::optional<double> progress(const std::string& type,
                                 double runs_for_s) const;

private:
  std::optional<supervisor::forecast::start>
  start_of(const std::vector<std::string>& queue) const;

  supervisor::forecast all_;
  std::map<job_kind, workload_type> type_of_;
  double now_s_ = 0;
};

/// For whoever follows a job that is queued: place, reason, begin. "queued"
/// when that cannot be told.
std::string why_it_waits(redis& db, const std::string& id, const record& job);

void add_why(CLI::App& app, context& ctx, std::function<int()>& action);

} // namespace render::ctl
