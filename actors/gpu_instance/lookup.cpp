#include "actors/gpu_instance/lookup.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace render::gpu_instance {

namespace {

bool same_end(double a_s, double b_s) {
  return std::abs(a_s - b_s) <= 1;
}

double end_of(const gpu_entry& x) {
  return static_cast<double>(x.expires_s);
}

bool looks_like(const gpu_entry& launch, const gpu_workload& x) {
  return x.type == launch.type && same_end(x.expires_s, end_of(launch));
}

bool contains(const std::vector<std::string>& xs, const std::string& x) {
  return std::find(xs.begin(), xs.end(), x) != xs.end();
}

/// A largest matching: as many workloads as possible go to a launch that can
/// have made them.
struct distribution {
  distribution(const std::vector<gpu_entry>& launches,
               const std::vector<gpu_workload>& candidates)
    : of_launch(launches.size()), launches_(launches), candidates_(candidates) {
    // nop
  }

  bool give(size_t candidate) {
    std::vector<bool> tried(launches_.size());
    return give(candidate, tried);
  }

  /// The candidate's index, by the launch's.
  std::vector<std::optional<size_t>> of_launch;

private:
  bool give(size_t candidate, std::vector<bool>& tried) {
    auto fits = [&](size_t launch) {
      return could_have_made(launches_[launch], candidates_[candidate]);
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
      if (give(*of_launch[i], tried)) {
        of_launch[i] = candidate;
        return true;
      }
    }
    return false;
  }

  const std::vector<gpu_entry>& launches_;
  const std::vector<gpu_workload>& candidates_;
};

} // namespace

bool could_have_made(const gpu_entry& launch, const gpu_workload& x) {
  auto in_time = x.created_s == 0
                 || x.created_s + clock_skew_s >= launch.intent_s;
  return looks_like(launch, x) && in_time
         && !contains(launch.known_before, x.workload);
}

std::vector<std::string> lookalikes(const gpu_entry& launch,
                                    const std::vector<gpu_workload>& listed) {
  std::vector<std::string> out;
  for (auto& x : listed)
    if (looks_like(launch, x))
      out.push_back(x.workload);
  return out;
}

finding find_workload(const gpu_entry& mine,
                      const std::vector<gpu_workload>& listed,
                      const std::vector<gpu_entry>& ledger,
                      const std::set<std::string>& held) {
  std::vector<gpu_entry> launches{mine};
  for (auto& x : ledger)
    if (x.id != mine.id && x.workload.empty() && x.type == mine.type
        && same_end(end_of(x), end_of(mine)))
      launches.push_back(x);
  std::vector<gpu_workload> candidates;
  for (auto& x : listed)
    if (looks_like(mine, x) && !held.contains(x.workload)
        && std::any_of(launches.begin(), launches.end(), [&](auto& launch) {
             return could_have_made(launch, x);
           }))
      candidates.push_back(x);
  // By their ends first: whose end differs sees other ones, in the same order.
  std::sort(launches.begin(), launches.end(), [](auto& a, auto& b) {
    return std::tie(a.expires_s, a.id) < std::tie(b.expires_s, b.id);
  });
  std::sort(candidates.begin(), candidates.end(), [](auto& a, auto& b) {
    return std::tie(a.expires_s, a.workload)
           < std::tie(b.expires_s, b.workload);
  });
  finding out{std::nullopt, candidates.size(), launches.size(), false};
  distribution all{launches, candidates};
  for (size_t i = 0; i < candidates.size(); ++i)
    if (!all.give(i))
      out.ambiguous = true;
  for (size_t i = 0; i < launches.size(); ++i)
    if (launches[i].id == mine.id && all.of_launch[i] && !out.ambiguous)
      out.mine = candidates[*all.of_launch[i]];
  return out;
}

} // namespace render::gpu_instance
