#pragma once
// One round of each measurement. Every round has a redis-server of its own.
#include "tests/bench/redis_work.hpp"

#include <chrono>
#include <vector>

namespace render::bench {

/// Milliseconds from just before RPUSH until the claimer has the job in hand
/// (its status in Redis is `running` by then), 50 jobs a second.
std::vector<double> floor_hand_over(unsigned jobs);
std::vector<double> worker_hand_over(unsigned jobs);

/// Jobs a second, from a full queue, 16 in flight.
double floor_throughput(unsigned jobs);
double worker_throughput(unsigned jobs);

struct long_queue_figures {
  /// Milliseconds of a claim that walks the whole queue …
  std::vector<double> whole_ms;
  /// … and of one that goes on where the last one ended.
  std::vector<double> next_ms;
};

/// Claims that find nothing behind so many jobs of another type.
long_queue_figures claims_behind(unsigned foreign_jobs, unsigned claims);

struct idle_figures {
  double redis_commands_per_s = 0;
  double core_percent = 0;
  double resident_mib = 0;
};

/// The real program with an empty queue, after a moment to settle.
idle_figures idle_node(std::chrono::seconds duration);

/// Milliseconds from RPUSH to `running` with the real program and the local
/// cloud, less the cloud's boot time.
double cold_start(std::chrono::milliseconds boot_time);

} // namespace render::bench
