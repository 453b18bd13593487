#pragma once
// The launch ledger: every GPU that workers rent, from the intent to the
// confirmed stop. It is kept in Redis, so that others find a dead worker's
// GPUs. A GPU without an entry was not launched by a worker and is never
// touched.
#include "messages/gpu.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace render {

enum class gpu_entry_state : uint8_t {
  /// About to be launched, or launched and the answer was not seen.
  intent,
  /// The GPU boots: some of its services are not up yet.
  running,
  ready,
  stopping,
};

std::string_view to_string(gpu_entry_state state) noexcept;
/// `intent` for anything unknown: the state that takes the most care.
gpu_entry_state gpu_entry_state_from(std::string_view text) noexcept;

struct gpu_entry {
  /// Unique; made by the worker before the launch.
  ledger_id id;
  workload_type type;
  gpu_entry_state state = gpu_entry_state::intent;
  /// Unix seconds, as sent with the launch.
  int64_t expires_s = 0;
  /// Unix seconds of the intent, shortly before the provider is asked.
  double intent_s = 0;
  /// Empty until the provider has told it.
  workload_id workload;
  gpu_host node;
  /// Unix seconds; 0 until launched.
  double launched_s = 0;
  /// Workloads that look like the one of this launch and existed before it.
  std::vector<workload_id> known_before = {};

  friend bool operator==(const gpu_entry&, const gpu_entry&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_entry& x) {
  return f(x.id, x.type, x.state, x.expires_s, x.intent_s, x.workload, x.node,
           x.launched_s, x.known_before);
}

namespace msg {

/// To the JOB STORE: the state of a GPU. Tried until Redis has answered. Fails
/// as `not_owner` when another worker has taken the entry, and as `rejected`
/// when another entry has the workload. The sender gets `check_gpu` when the
/// entry cannot be renewed.
struct write_gpu {
  gpu_entry entry;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, write_gpu& x) {
  return f(x.entry);
}

/// To the JOB STORE: the GPU is confirmed to be stopped, or confirmed never to
/// have been launched.
struct close_gpu {
  gpu_entry entry;
  std::string reason;
  /// As the provider reports it; 0 when it does not.
  double refund_amount = 0;
  /// Of its time until now. Of nothing for what was never launched.
  gpu_split split = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, close_gpu& x) {
  return f(x.entry, x.reason, x.refund_amount, x.split);
}

/// To the JOB STORE: this worker gives the entry up. Its lease is not renewed,
/// so that another worker takes the entry over.
struct leave_gpu {
  ledger_id id;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, leave_gpu& x) {
  return f(x.id);
}

/// To the JOB STORE: takes over the entries whose leases have run out.
struct take_gpus {
  uint32_t limit = 20;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, take_gpus& x) {
  return f(x.limit);
}

/// Answer to `take_gpus`. The entries belong to this worker now.
struct gpus_taken {
  std::vector<gpu_entry> entries;
  /// All workloads in the ledger, these included.
  std::vector<workload_id> known_workloads;
  /// Until the first lease runs out, ms; 0: not known.
  int64_t next_due_ms = 0;
  /// Those of `entries` that another worker has given to this one, with the
  /// seconds that each has had no job.
  std::map<ledger_id, double> given = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpus_taken& x) {
  return f(x.entries, x.known_workloads, x.next_due_ms, x.given);
}

/// To the JOB STORE: all entries of a workload type, whoever owns them.
struct view_gpus {
  workload_type type;
  /// Also the workloads of entries that have ended.
  bool ended_too = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, view_gpus& x) {
  return f(x.type, x.ended_too);
}

/// Answer to `view_gpus`.
struct gpus_seen {
  std::vector<gpu_entry> entries;
  /// Of any type, as far as Redis still remembers them. The provider's list may
  /// lag behind and show them for a while.
  std::vector<workload_id> ended_workloads = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpus_seen& x) {
  return f(x.entries, x.ended_workloads);
}

/// JOB STORE → GPU INSTANCE: the entry was not renewed. The GPU INSTANCE has to
/// find out whether the GPU is still its own.
struct check_gpu {
  ledger_id id;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_gpu& x) {
  return f(x.id);
}

} // namespace msg

} // namespace render
