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
gpu_owner_actor::behavior_type
recording_owner(gpu_owner_actor::pointer, event_log_ptr log,
                std::shared_ptr<std::vector<msg::gpu_update>> updates);

class gpu_world : public deterministic_system {
public:
  gpu_world();

  void start();

  void run_job(const std::string& id, const std::string& type = "csm");

  template <class T>
  void send(T x) {
    caf::anon_send(gpu, std::move(x));
    run();
  }

  void kill_renderers();

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
