#pragma once
// What this worker holds, and who looks after it. A lease is renewed only while
// its owner confirms it: whoever asked for a job may be dead, or may have got
// no answer, and nobody else may touch what we renew. Pure.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render::job_store {

class holdings {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Renewals that a lease lasts for.
  static constexpr uint32_t renewals_of_a_lease = 3;

  struct holding {
    /// Of the latest claim; 0 for what has none.
    uint64_t fence = 0;
    time_point confirmed;
    /// Renewals since then. They count too, for a process that was stopped
    /// finds its clock ahead and nobody has had time to confirm anything.
    uint32_t renewals = 0;
  };

  void take(const std::string& id, uint64_t fence, time_point now) {
    all_[id] = {fence, now, 0};
  }

  /// Nothing happens when it is not held under this claim.
  void confirm(const std::string& id, uint64_t fence, time_point now) {
    if (auto at = all_.find(id); at != all_.end() && at->second.fence == fence)
      at->second = {fence, now, 0};
  }

  /// Unless it was claimed again meanwhile.
  void forget(const std::string& id, uint64_t fence) {
    if (auto at = all_.find(id); at != all_.end() && at->second.fence <= fence)
      all_.erase(at);
  }

  bool has(const std::string& id) const {
    return all_.contains(id);
  }

  const std::map<std::string, holding>& all() const {
    return all_;
  }

  /// Before a renewal: what nobody has confirmed for the time of a lease, to be
  /// given back.
  std::map<std::string, holding> unconfirmed(time_point now,
                                             std::chrono::milliseconds lease) {
    std::map<std::string, holding> out;
    for (auto& [id, x] : all_)
      if (++x.renewals >= renewals_of_a_lease && now - x.confirmed >= lease)
        out.emplace(id, x);
    return out;
  }

private:
  std::map<std::string, holding> all_;
};

} // namespace render::job_store
