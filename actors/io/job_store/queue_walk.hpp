#pragma once
// Where a claim's walk through the queue begins. Jobs that are not for us can
// stand there by the thousand, and each of them costs Redis a look. So the
// whole queue is walked now and then only; in between its head, where jobs are
// put back, and what was pushed since. Pure.
#include "messages/queue.hpp"

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace render::job_store {

class queue_walk {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// The walk of a claim for `quotas` begins: the id after which it goes on
  /// once it has seen the head; empty: it is of the whole queue, as when the
  /// last such walk was `whole_every` ago or when other types are asked for.
  std::string begin(const std::vector<msg::claim_quota>& quotas, time_point now,
                    std::chrono::milliseconds whole_every);

  /// `passed`: of the ids that were left in the queue, the last one before
  /// which no job for these quotas waits; empty when there is none.
  void end(std::string passed);

  /// The walk had no answer.
  void forget();

private:
  std::string passed_;
  /// For which `passed_` holds.
  std::set<std::string> types_;
  time_point whole_at_;
};

} // namespace render::job_store
