#pragma once
// What Redis has of the progress of the jobs that run. A job reports every
// second, mostly the same as before: that need not be written. Pure.
#include "messages/queue.hpp"

#include <chrono>
#include <map>
#include <string>

namespace render::job_store {

class written_progress {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Redis has this, written less than `kept` ago. Never so of a report without
  /// a stage, which writes none and renews the lease.
  bool has(const msg::report_progress& x, time_point now,
           std::chrono::milliseconds kept) const {
    auto at = jobs_.find(x.job_id);
    if (x.stage.empty() || at == jobs_.end())
      return false;
    auto& [what, when] = at->second;
    return what.fence == x.fence && what.stage == x.stage
           && what.progress == x.progress && now - when < kept;
  }

  /// What it has is not known until the answer comes.
  void on_write(const std::string& job_id) {
    jobs_.erase(job_id);
  }

  void on_written(const msg::report_progress& x, time_point sent) {
    jobs_[x.job_id] = {x, sent};
  }

  /// Unless it was claimed again meanwhile.
  void forget(const std::string& job_id, uint64_t fence) {
    if (auto at = jobs_.find(job_id);
        at != jobs_.end() && at->second.what.fence <= fence)
      jobs_.erase(at);
  }

private:
  struct entry {
    msg::report_progress what;
    time_point when;
  };

  std::map<std::string, entry> jobs_;
};

} // namespace render::job_store
