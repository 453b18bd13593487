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
  /// The last look has shown more than all before it by 3 %: some hundreds of
  /// looks do so at most, however many jobs come.
  bool goes_on = false;
  double grown_at_s = 0;

  /// A look so soon after another that has shown growth says nothing.
  void see(const msg::backlog& x, double now_s, double soon_s) {
    uint64_t all = 0;
    for (auto& [type, count] : x.waiting_by_type)
      all += count;
    if (all > most + most / 32) {
      goes_on = true;
      grown_at_s = now_s;
    } else if (now_s - grown_at_s >= soon_s) {
      goes_on = false;
    }
    most = std::max(most, all);
  }
};

} // namespace render::queue_watcher
