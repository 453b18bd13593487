#include "tests/support/gpu_world.hpp"

namespace render::harness {

gpu_owner_actor::behavior_type
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

gpu_world::gpu_world() {
  cloud->log = log;
  cloud->now_ms = [this] {
    return elapsed_ms();
  };
  cfg.instance = 1;
  cfg.ledger_id = "e1";
  cfg.workload_type = "media:fast";
  cfg.kinds = {job_kind::csm, job_kind::whisper};
}

void gpu_world::start() {
  gpu_instance_deps deps;
  deps.cloud = spawn(fake_gpu_cloud_behavior, cloud);
  deps.ledger = spawn(fake_gpu_ledger_behavior, ledger);
  deps.owner = spawn(recording_owner, log, updates);
  deps.make_renderer = [this](const msg::run_job& task, const std::string& node,
                              const render_owner_actor& owner) {
    log->add("render " + task.subject.id + " on " + node);
    renderers.push_back(adopt(system().spawn(fake_renderer_behavior, log,
                                             script, task.subject.id, owner)));
    return renderers.back();
  };
  deps.now = [this] {
    return unix_now();
  };
  deps.log = null_logger();
  gpu = spawn(gpu_instance_behavior, cfg, deps);
}

void gpu_world::run_job(const std::string& id, const std::string& type) {
  msg::run_job task;
  task.subject.id = job_id{id};
  task.subject.type = type;
  send(std::move(task));
}

void gpu_world::kill_renderers() {
  for (auto& x : renderers)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  run();
}

} // namespace render::harness
