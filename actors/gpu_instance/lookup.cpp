#include "actors/gpu_instance/lookup.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace render::gpu_instance {

namespace {

bool contains(const std::vector<workload_id>& xs, const workload_id& x) {
  return std::find(xs.begin(), xs.end(), x) != xs.end();
}

/// A largest matching: as many workloads as possible go to a launch that can
/// have made them, and as long as there is one, to one that asked for exactly
/// this end. For lists lag: what fits less well may be all that is left for a
/// launch whose own is not shown yet.
class distribution {
public:
  distribution(const std::vector<gpu_entry>& launches,
               const std::vector<gpu_workload>& candidates)
    : of_launch(launches.size()), launches_(launches), candidates_(candidates) {
    std::vector<size_t> left;
    for (size_t i = 0; i < candidates_.size(); ++i)
      if (!give(i, true))
        left.push_back(i);
    for (auto i : left)
      complete = give(i, false) && complete;
  }

  /// The candidate's index, by the launch's.
  std::vector<std::optional<size_t>> of_launch;
  /// None is left over.
  bool complete = true;

private:
  bool give(size_t candidate, bool exactly) {
    std::vector<bool> tried(launches_.size());
    return give(candidate, exactly, tried);
  }

  bool give(size_t candidate, bool exactly, std::vector<bool>& tried) {
    auto& x = candidates_[candidate];
    auto fits = [&](size_t launch) {
      auto& y = launches_[launch];
      return could_have_made(y, x)
             && (!exactly || std::lround(x.expires_s) == y.expires_s);
    };
    for (size_t i = 0; i < launches_.size(); ++i)
      if (!of_launch[i] && fits(i)) {
        of_launch[i] = candidate;
        return true;
      }
    // All are taken: can one of them do with another?
    for (size_t i = 0; i < launches_.size(); ++i) {
      if (tried[i] || !fits(i))
        continue;
      tried[i] = true;
      if (give(*of_launch[i], exactly, tried)) {
        of_launch[i] = candidate;
        return true;
      }
    }
    return false;
  }

  const std::vector<gpu_entry>& launches_;
  const std::vector<gpu_workload>& candidates_;
};

/// Leaves those that hang together with the first launch by what each of them
/// can have made.
void keep_connected(std::vector<gpu_entry>& launches,
                    std::vector<gpu_workload>& candidates) {
  std::set<ledger_id> kept{launches.front().id};
  std::set<workload_id> kept_workloads;
  for (auto grown = true; grown;) {
    grown = false;
    for (auto& launch : launches)
      for (auto& x : candidates)
        if (kept.contains(launch.id) != kept_workloads.contains(x.workload)
            && could_have_made(launch, x)) {
          kept.insert(launch.id);
          kept_workloads.insert(x.workload);
          grown = true;
        }
  }
  std::erase_if(launches, [&](auto& x) {
    return !kept.contains(x.id);
  });
  std::erase_if(candidates, [&](auto& x) {
    return !kept_workloads.contains(x.workload);
  });
}

} // namespace

bool looks_like(const gpu_entry& launch, const gpu_workload& x) {
  auto end_s = static_cast<double>(launch.expires_s);
  return x.type == launch.type && std::abs(x.expires_s - end_s) <= 1;
}

bool could_have_made(const gpu_entry& launch, const gpu_workload& x) {
  auto in_time = x.created_s == 0
                 || x.created_s + clock_skew_s >= launch.intent_s;
  return looks_like(launch, x) && in_time
         && !contains(launch.known_before, x.workload);
}

std::vector<workload_id> lookalikes(const gpu_entry& launch,
                                    const std::vector<gpu_workload>& listed) {
  std::vector<workload_id> out;
  for (auto& x : listed)
    if (looks_like(launch, x))
      out.push_back(x.workload);
  return out;
}

finding find_workload(const gpu_entry& mine,
                      const std::vector<gpu_workload>& listed,
                      const std::vector<gpu_entry>& ledger,
                      const std::set<workload_id>& held) {
  std::vector<gpu_entry> launches{mine};
  for (auto& x : ledger)
    if (x.id != mine.id && x.workload.empty() && x.type == mine.type)
      launches.push_back(x);
  std::vector<gpu_workload> candidates;
  for (auto& x : listed)
    if (x.type == mine.type && !held.contains(x.workload))
      candidates.push_back(x);
  keep_connected(launches, candidates);
  // Everybody who looks has to come to the same distribution.
  std::sort(launches.begin(), launches.end(), [](auto& a, auto& b) {
    return std::tie(a.expires_s, a.id) < std::tie(b.expires_s, b.id);
  });
  std::sort(candidates.begin(), candidates.end(), [](auto& a, auto& b) {
    return std::tie(a.expires_s, a.workload)
           < std::tie(b.expires_s, b.workload);
  });
  distribution all{launches, candidates};
  finding out{std::nullopt, candidates.size(), launches.size(), !all.complete};
  for (size_t i = 0; i < launches.size(); ++i)
    if (launches[i].id == mine.id && all.of_launch[i] && !out.ambiguous)
      out.mine = candidates[*all.of_launch[i]];
  return out;
}

} // namespace render::gpu_instance
