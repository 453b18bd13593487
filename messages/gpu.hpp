#pragma once
// Rented GPUs: messages of the GPU CLOUD, the GPU INSTANCES and the SUPERVISOR.
#include "messages/job.hpp"
#include "messages/money.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render {

/// One running workload as the provider lists it.
struct gpu_workload {
  workload_id workload;
  /// May be empty while the provider makes the machine.
  gpu_host node;
  workload_type type;
  std::string status;
  bool running = false;
  /// Unix seconds.
  double created_s = 0;
  double expires_s = 0;

  friend bool operator==(const gpu_workload&, const gpu_workload&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_workload& x) {
  return f(x.workload, x.node, x.type, x.status, x.running, x.created_s,
           x.expires_s);
}

enum class gpu_phase : uint8_t {
  launching,
  booting,
  ready,
  draining,
  stopping,
  gone,
};

std::string_view to_string(gpu_phase phase) noexcept;

namespace msg {

/// To the GPU CLOUD: rent a GPU. A failure of kind `outcome_unknown` means that
/// the GPU may exist: the asker looks with `list_gpus` before it asks again.
struct launch_gpu {
  workload_type type;
  /// Unix seconds, absolute: the provider ends the workload then.
  int64_t expires_s = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, launch_gpu& x) {
  return f(x.type, x.expires_s);
}

/// To the GPU CLOUD: list all running workloads of the account, also those of
/// others.
struct list_gpus {
  bool running_only = true;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, list_gpus& x) {
  return f(x.running_only);
}

/// Answer to `list_gpus`.
struct gpu_list {
  std::vector<gpu_workload> workloads;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_list& x) {
  return f(x.workloads);
}

/// To the GPU CLOUD: end a workload. An unknown or already stopped workload
/// counts as stopped.
struct stop_gpu {
  workload_id workload;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_gpu& x) {
  return f(x.workload);
}

/// Answer to `stop_gpu`.
struct gpu_stopped {
  /// As the provider reports it; 0 when it does not.
  double refund_amount = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_stopped& x) {
  return f(x.refund_amount);
}

/// To the GPU CLOUD: does this GPU answer? With an empty `service` the GPU
/// answers `GET https://{node}` with 200. Else the probe of that service
/// succeeds.
struct probe_gpu {
  gpu_host node;
  /// "", "csm", "whisper", "portrait" (ComfyUI) or "analyze" (Ollama).
  std::string service;
  std::chrono::milliseconds timeout{5'000};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, probe_gpu& x) {
  return f(x.node, x.service, x.timeout);
}

/// SUPERVISOR → GPU INSTANCE: render this job. Only sent while a slot is free.
struct run_job {
  job subject;
  /// When the job must have ended (max_time and complete_by), in seconds by the
  /// steady clock as in `moment`, and the error for a job that has not.
  double deadline_s = 0;
  std::string deadline_error;
  /// The attempt's span; none: nobody traces.
  span_context trace{};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, run_job& x) {
  return f(x.subject, x.deadline_s, x.deadline_error, x.trace);
}

/// SUPERVISOR → GPU INSTANCE: take no more jobs, and stop the GPU when the last
/// job has ended.
struct drain_gpu {
  std::string reason;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, drain_gpu& x) {
  return f(x.reason);
}

/// SUPERVISOR → GPU INSTANCE: interrupt what runs (each job ends with
/// `shutting_down`), stop the GPU.
struct halt_gpu {
  std::string reason;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, halt_gpu& x) {
  return f(x.reason);
}

/// GPU INSTANCE → SUPERVISOR: the state of the GPU. Sent on every change.
struct gpu_update {
  /// The number that the SUPERVISOR gave the GPU INSTANCE at spawn.
  uint64_t instance = 0;
  gpu_phase phase = gpu_phase::launching;
  /// Id of its entry in the launch ledger. A second launch has a second entry.
  render::ledger_id ledger_id;
  workload_id workload;
  gpu_host node;
  /// Kinds whose service answered its probe. Slots are shared by all of them.
  std::vector<job_kind> ready_kinds;
  uint32_t busy_slots = 0;
  /// Unix seconds; 0 until known.
  double launched_s = 0;
  /// The same by the steady clock, as in `moment`.
  double launched_at_s = 0;
  /// Why the GPU is draining, stopping or gone; while it is launched, how the
  /// last try failed.
  std::string reason;
  /// With `gone`: true when the GPU never became ready or was lost in use. The
  /// next launch of this type then waits longer.
  bool failed = false;
  /// With `gone`: true when its stop could not be confirmed. It may still cost
  /// money.
  bool leaked = false;
  /// With `gone`: the limit of spending that did not allow the launch, and when
  /// it begins anew, by the steady clock as in `moment`. Empty: none.
  std::string over_budget = {};
  double budget_until_s = 0;
  /// Shares of jobs that need the GPU no more but have not ended: their results
  /// wait for the storage.
  std::vector<gpu_share> left = {};
  /// The span of its boot; none: nobody traces, or it was taken over.
  span_context boot = {};
  workload_type type = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gpu_update& x) {
  return f(x.instance, x.phase, x.ledger_id, x.workload, x.node, x.ready_kinds,
           x.busy_slots, x.launched_s, x.launched_at_s, x.reason, x.failed,
           x.leaked, x.over_budget, x.budget_until_s, x.left, x.boot, x.type);
}

/// GPU INSTANCE → SUPERVISOR: a job has ended here and its slot is free. The
/// SUPERVISOR settles the job, tries it elsewhere or puts it back. A job that
/// was never begun comes back with `shutting_down`.
struct job_ended {
  uint64_t instance = 0;
  job subject;
  job_outcome outcome;
  /// Of the GPU's time.
  gpu_share used = {};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, job_ended& x) {
  return f(x.instance, x.subject, x.outcome, x.used);
}

} // namespace msg

} // namespace render
