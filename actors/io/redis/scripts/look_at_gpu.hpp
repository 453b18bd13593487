#pragma once
// What became of a ledger entry that a process had written. Changes nothing.
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct look_at_gpu_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  std::string id;
  /// That process.
  node_id session;
  worker_id owner;
  /// Number of that write.
  uint64_t written = 0;
};

enum class look_at_gpu_answer : uint8_t {
  /// Redis has lost the write.
  lost,
  /// Nobody else has had it since.
  there,
  /// Another worker owns it, or it has been ended.
  gone,
};

script_call call_of(const look_at_gpu_args& x);

result<look_at_gpu_answer> read_look_at_gpu(const result<reply>& x);

} // namespace render::job_store
