#pragma once
// A provider of GPUs in memory, behind the GPU CLOUD interface. GPUs boot in
// virtual time; a test scripts refusals, lost answers and dead GPUs.
#include "app/harness/event_log.hpp"
#include "messages/io_actors.hpp"
#include "tests/support/later.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace render::harness {

/// Shared by the test and the actor. Events: "launch TYPE", "list",
/// "stop WORKLOAD", "probe NODE/SERVICE".
struct fake_gpu_cloud {
  struct machine {
    gpu_workload record;
    int64_t launched_ms = 0;
    /// False: every probe fails from now on.
    bool alive = true;
    /// Services that never come up on this GPU.
    std::set<std::string> dead_services;
  };

  event_log_ptr log;
  std::function<int64_t()> now_ms;
  /// Unix time at 0 ms.
  double start_s = 1'700'000'000;

  /// From a launch until the GPU answers, and from then until a service
  /// answers.
  duration boot_time{1'000};
  std::map<std::string, duration> service_time;
  /// How long a launch takes: the GPU exists when the answer comes.
  duration launch_takes{0};
  /// How long an answer takes. Set for a launch, in place of `launch_takes`:
  /// the GPU exists at once, and the answer comes later.
  duration answer_takes{0};
  /// Lists and stops happen at once and are answered so much later.
  duration list_takes{0};
  duration stop_takes{0};
  duration probe_takes{0};

  /// Failures of the next launches, lists and stops, in order.
  std::deque<failure> launch_failures;
  std::deque<failure> list_failures;
  std::deque<failure> stop_failures;
  /// Number of next launches that work but lose their answers.
  uint32_t lose_answers = 0;
  /// Workloads that the list does not show yet.
  std::set<std::string> hidden;

  /// By workload id: "w1", "w2" … on nodes "n1", "n2" …
  std::map<std::string, machine> machines;
  uint32_t last_number = 0;

  gpu_workload& add(const workload_type& type, double expires_s);

  /// The GPU answers no probe any more.
  void kill_node(const std::string& workload) {
    machines.at(workload).alive = false;
  }

  uint32_t running() const;

  bool answers(const gpu_host& node, const std::string& service) const;
};

using fake_gpu_cloud_ptr = std::shared_ptr<fake_gpu_cloud>;
using fake_gpu_cloud_actor
  = gpu_cloud_actor::extend<caf::reacts_to<msg::timer_due>>;

std::optional<failure> next_failure(std::deque<failure>& from);

fake_gpu_cloud_actor::behavior_type
fake_gpu_cloud_behavior(fake_gpu_cloud_actor::stateful_pointer<later> self,
                        fake_gpu_cloud_ptr world);

} // namespace render::harness
