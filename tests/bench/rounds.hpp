#pragma once
// One round of each measurement. Every round has a redis-server of its own.
#include "tests/bench/redis_work.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace render::bench {

/// Milliseconds from just before RPUSH until the claimer has the job in hand,
/// 50 jobs a second. The bare one is woken by BLMOVE and does no more; for the
/// others the job's status in Redis is `running` by then.
std::vector<double> bare_hand_over(unsigned jobs);
std::vector<double> floor_hand_over(unsigned jobs);
std::vector<double> worker_hand_over(unsigned jobs);

/// What no-op jobs cost, from a full queue.
struct job_cost {
  double jobs_per_s = 0;
  /// User and system time of the claimer, without the one who watches.
  double cpu_us = 0;
  /// Commands that Redis has run, those inside scripts too.
  double redis_calls = 0;
  /// Of Redis' main thread in scripts …
  double redis_us = 0;
  /// … and of its process, the network too.
  double redis_cpu_us = 0;
};

/// Two scripts a job that do the contract's minimum: one claims a job, one
/// ends it. One connection, so many jobs in flight.
job_cost bare_throughput(unsigned jobs, unsigned in_flight);
/// The worker's own scripts, in batches as large as they can be.
job_cost floor_throughput(unsigned jobs, unsigned in_flight);
job_cost worker_throughput(unsigned jobs, unsigned in_flight);

/// Nothing: it cannot be run here.
std::optional<job_cost> peer_throughput(const std::string& name, unsigned jobs,
                                        unsigned in_flight);

struct long_queue_figures {
  /// Milliseconds of a claim that walks the whole queue …
  std::vector<double> whole_ms;
  /// … and of one that goes on where the last one ended.
  std::vector<double> next_ms;
};

/// Claims that find nothing behind so many jobs of another type.
long_queue_figures claims_behind(unsigned foreign_jobs, unsigned claims);

/// Milliseconds of each of so many claims of one job, of a queue of so many
/// that fit.
std::vector<double> claims_from(unsigned waiting, unsigned claims);

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
