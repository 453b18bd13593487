#pragma once
// Whether clearly more waits than ever since nothing did. GPUs are launched for
// what a look at the queue shows, and a producer that pushes thousands of jobs
// is seen in the middle of it. Pure.
#include "messages/queue.hpp"

#include <algorithm>
#include <cstdint>

namespace render::queue_watcher {

struct growth {
  uint64_t most = 0;
  /// The last look has shown more than all before it by an eighth: some dozens
  /// of looks do so at most, however many jobs come.
  bool goes_on = false;

  void see(const msg::backlog& x) {
    uint64_t all = 0;
    for (auto& [type, count] : x.waiting_by_type)
      all += count;
    goes_on = all > most + most / 8;
    most = std::max(most, all);
  }
};

} // namespace render::queue_watcher
