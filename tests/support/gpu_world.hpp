#pragma once
// One GPU INSTANCE in virtual time, with a provider, renderers, and an owner
// that records its messages.
#include "actors/gpu_instance/gpu_instance.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_gpu_cloud.hpp"
#include "tests/support/fake_gpu_ledger.hpp"
#include "tests/support/fake_renderer.hpp"

#include <string>
#include <vector>

namespace render::harness {

/// Events of the owner: "phase NAME", "ended ID ok" or "ended ID KIND".
inline gpu_owner_actor::behavior_type
recording_owner(gpu_owner_actor::pointer, event_log_ptr log,
                std::shared_ptr<std::vector<msg::gpu_update>> updates) {
  return {
    [=](const msg::gpu_update& x) {
      if (updates->empty() || updates->back().phase != x.phase)
        log->add("phase " + std::string{to_string(x.phase)});
      updates->push_back(x);
    },
    [=](const msg::job_ended& x) {
      auto& outcome = x.outcome;
      log->add("ended " + x.subject.id + " "
               + (outcome.success()
                    ? std::string{"ok"}
                    : std::string{to_string(outcome.error.kind)}));
    },
    [](const msg::render_ended&) {
      // nop
    },
    [](const msg::render_parked&) {
      // nop
    },
  };
}

class gpu_world : public deterministic_system {
public:
  gpu_world() {
    cloud->log = log;
    cloud->now_ms = [this] {
      return elapsed_ms();
    };
    cfg.instance = 1;
    cfg.ledger_id = "e1";
    cfg.workload_type = "media:fast";
    cfg.kinds = {job_kind::csm, job_kind::whisper};
  }

  void start() {
    gpu_instance_deps deps;
    deps.cloud = spawn(fake_gpu_cloud_behavior, cloud);
    deps.ledger = spawn(fake_gpu_ledger_behavior, ledger);
    deps.owner = spawn(recording_owner, log, updates);
    deps.make_renderer = [this](const msg::run_job& task,
                                const std::string& node,
                                const render_owner_actor& owner) {
      log->add("render " + task.subject.id + " on " + node);
      renderers.push_back(adopt(system().spawn(
        fake_renderer_behavior, log, script, task.subject.id, owner)));
      return renderers.back();
    };
    deps.now = [this] {
      return unix_now();
    };
    deps.log = null_logger();
    gpu = spawn(gpu_instance_behavior, cfg, deps);
  }

  void run_job(const std::string& id, const std::string& type = "csm") {
    msg::run_job task;
    task.subject.id = id;
    task.subject.type = type;
    send(std::move(task));
  }

  template <class T>
  void send(T x) {
    caf::anon_send(gpu, std::move(x));
    run();
  }

  void kill_renderers() {
    for (auto& x : renderers)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    run();
  }

  gpu_phase phase() const {
    return updates->empty() ? gpu_phase::launching : updates->back().phase;
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_gpu_cloud_ptr cloud = std::make_shared<fake_gpu_cloud>();
  fake_gpu_ledger_ptr ledger = std::make_shared<fake_gpu_ledger>();
  std::shared_ptr<std::vector<msg::gpu_update>> updates
    = std::make_shared<std::vector<msg::gpu_update>>();
  /// For renders that begin from now on.
  fake_render script;
  gpu_instance::config cfg;
  gpu_instance_actor gpu;
  std::vector<renderer_actor> renderers;
};

} // namespace render::harness
