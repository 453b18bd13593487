#pragma once
// What a stretch of work costs: this process' CPU time, and what Redis says of
// itself.
#include "tests/bench/rounds.hpp"

#include <stdexcept>
#include <thread>

namespace render::bench {

class meter {
public:
  /// From now on.
  explicit meter(harness::redis_server& server);

  /// So many jobs are done; `questions`: that the watcher has asked Redis
  /// meanwhile, which are not the jobs'.
  job_cost read(unsigned jobs, unsigned questions) const;

private:
  harness::redis_server& server_;
  clock::time_point begin_;
  double cpu_s_ = 0;
  double redis_cpu_s_ = 0;
};

/// Asks each 5 ms until it holds, and gives the number of questions; throws
/// after two minutes.
template <class Condition>
unsigned count_until(Condition condition) {
  const auto end = clock::now() + std::chrono::minutes{2};
  auto out = 1u;
  for (; !condition(); ++out) {
    if (clock::now() > end)
      throw std::runtime_error("bench: it does not end");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return out;
}

} // namespace render::bench
