#pragma once
// Every Redis key the worker touches. The first three belong to the contract
// with producers, front ends and the Python workers; all others are ours and
// begin with the configured prefix ("c3:").
#include "messages/ids.hpp"

#include <string>
#include <string_view>

namespace render::job_store::keys {

/// List of waiting job ids; the head is the oldest.
inline constexpr std::string_view queue = "queue:jobs";

/// In front of a job id: the hash with its record.
inline constexpr std::string_view job_prefix = "job:";

/// Behind the record's key: the lock, a string with the owner's id, expiring.
inline constexpr std::string_view lock_suffix = ":lock";

inline std::string record(std::string_view job_id) {
  return std::string{job_prefix} + std::string{job_id};
}

inline std::string lock(std::string_view job_id) {
  return record(job_id) + std::string{lock_suffix};
}

/// In front of a worker id: see `running`.
inline std::string running_prefix(std::string_view prefix) {
  return std::string{prefix} + "running:";
}

/// Set of job ids that a worker has claimed and neither settled nor released.
inline std::string running(std::string_view prefix, std::string_view worker) {
  return running_prefix(prefix) + std::string{worker};
}

/// String with the number of the latest write of one process, see mark_move.
inline std::string mark(std::string_view prefix, const node_id& session) {
  return std::string{prefix} + "mark:" + to_string(session);
}

/// Sorted set of all job ids that a worker of ours runs, by the Unix
/// milliseconds (Redis' clock) at which its lease runs out.
inline std::string leases(std::string_view prefix) {
  return std::string{prefix} + "leases";
}

/// Sorted set of the ids of all ledger entries, by the Unix milliseconds
/// (Redis' clock) at which their owner's lease runs out.
inline std::string gpus(std::string_view prefix) {
  return std::string{prefix} + "gpus";
}

/// Behind the id of a ledger entry: its hash.
inline std::string gpu_prefix(std::string_view prefix) {
  return std::string{prefix} + "gpu:";
}

inline std::string gpu(std::string_view prefix, std::string_view id) {
  return gpu_prefix(prefix) + std::string{id};
}

/// Sorted set of the ids of the workers that live, by the Unix milliseconds
/// (Redis' clock) until which each is counted.
inline std::string workers(std::string_view prefix) {
  return std::string{prefix} + "workers";
}

/// Hash with what a worker says of itself; expires when it says no more.
inline std::string worker(std::string_view prefix, std::string_view id) {
  return std::string{prefix} + "worker:" + std::string{id};
}

/// Set of the ids of ledger entries that others have given to a worker, which
/// has not taken them yet; expires.
inline std::string given(std::string_view prefix, std::string_view worker) {
  return std::string{prefix} + "given:" + std::string{worker};
}

/// String that says nothing: written to see whether Redis takes writes again.
inline std::string probe(std::string_view prefix) {
  return std::string{prefix} + "probe";
}

/// String with the number of waiting jobs of each type in a long queue; expires
/// after seconds.
inline std::string waiting_count(std::string_view prefix) {
  return std::string{prefix} + "waiting";
}

/// Behind an hour, whole hours since 1970 by Redis' clock: what the fleet
/// spends in it.
inline std::string spend_prefix(std::string_view prefix) {
  return std::string{prefix} + "spend:";
}

/// List of ended GPUs as JSON, the latest first.
inline std::string closed_gpus(std::string_view prefix) {
  return std::string{prefix} + "gpus:closed";
}

/// Hash of the pause of the fleet's launches, while there is one: since, by,
/// why.
inline std::string paused(std::string_view prefix) {
  return std::string{prefix} + "paused";
}

/// Stream of what has changed its state, for people to see.
inline std::string events(std::string_view prefix) {
  return std::string{prefix} + "events";
}

/// Sorted set of the ids of ended jobs, by the Unix milliseconds (Redis' clock)
/// of their end. With ":" and a type or a final status behind it: of those
/// only.
inline std::string ended(std::string_view prefix) {
  return std::string{prefix} + "ended";
}

/// Sorted set of job ids whose webhook is undelivered, by the Unix
/// milliseconds from which anybody may take it.
inline std::string outbox(std::string_view prefix) {
  return std::string{prefix} + "outbox";
}

/// Behind a job id: the hash with its webhook. Kept for dead letters too.
inline std::string outbox_entry_prefix(std::string_view prefix) {
  return std::string{prefix} + "outbox:";
}

inline std::string outbox_entry(std::string_view prefix,
                                std::string_view job_id) {
  return outbox_entry_prefix(prefix) + std::string{job_id};
}

/// Sorted set of job ids whose webhook was given up, by Unix milliseconds.
inline std::string dead_webhooks(std::string_view prefix) {
  return std::string{prefix} + "webhooks:dead";
}

} // namespace render::job_store::keys
