#pragma once
// Where a claim's walk through the queue begins. Jobs that are not for us can
// stand there by the thousand, and each of them costs Redis a look. So the
// whole queue is walked now and then only; in between its head, where jobs are
// put back, and what was pushed since. Pure.
#include "messages/queue.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace render::job_store {

/// What the script of a claim says of its walk, and is told by the next one.
struct ended_walk {
  /// Of the ids that were left in the queue, the last one before which no job
  /// for the quotas waits; empty when there is none.
  std::string passed;
  /// The queue, if nothing in it can become one for the quotas as it stands
  /// there; else empty. Only the script can read it.
  std::string left;

  friend bool operator==(const ended_walk&, const ended_walk&) = default;
};

class queue_walk {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// The walk of a claim for `quotas` begins: how the last one has ended. Both
  /// empty: it is of the whole queue, as when the last such walk was
  /// `whole_every` ago or when other types are asked for.
  ended_walk begin(const std::vector<msg::claim_quota>& quotas, time_point now,
                   std::chrono::milliseconds whole_every) {
    std::set<std::string> types;
    for (auto& quota : quotas)
      types.insert(quota.types.begin(), quota.types.end());
    auto walked = std::includes(types_.begin(), types_.end(), types.begin(),
                                types.end());
    if (!walked || now - whole_at_ >= whole_every)
      forget();
    if (last_.passed.empty())
      whole_at_ = now;
    types_ = std::move(types);
    return last_;
  }

  void end(ended_walk x) {
    last_ = std::move(x);
  }

  /// The walk had no answer.
  void forget() {
    last_ = {};
  }

private:
  ended_walk last_;
  /// For which it holds.
  std::set<std::string> types_;
  time_point whole_at_;
};

} // namespace render::job_store
