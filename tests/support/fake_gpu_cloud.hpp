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

  gpu_workload& add(const std::string& type, double expires_s) {
    auto number = std::to_string(++last_number);
    auto& x = machines["w" + number];
    x.launched_ms = now_ms();
    x.record
      = {"w" + number, "n" + number,
         type,         "running",
         true,         start_s + static_cast<double>(x.launched_ms) / 1000,
         expires_s};
    return x.record;
  }

  /// The GPU answers no probe any more.
  void kill_node(const std::string& workload) {
    machines.at(workload).alive = false;
  }

  uint32_t running() const {
    uint32_t out = 0;
    for (auto& [id, x] : machines)
      out += x.record.running ? 1 : 0;
    return out;
  }

  bool answers(const std::string& node, const std::string& service) const {
    for (auto& [id, x] : machines) {
      if (x.record.node != node)
        continue;
      auto up = boot_time;
      if (auto at = service_time.find(service); at != service_time.end())
        up += at->second;
      return x.alive && x.record.running && !x.dead_services.contains(service)
             && now_ms() - x.launched_ms >= up.count();
    }
    return false;
  }
};

using fake_gpu_cloud_ptr = std::shared_ptr<fake_gpu_cloud>;
using fake_gpu_cloud_actor
  = gpu_cloud_actor::extend<caf::reacts_to<msg::timer_due>>;

inline std::optional<failure> next_failure(std::deque<failure>& from) {
  if (from.empty())
    return std::nullopt;
  auto out = from.front();
  from.pop_front();
  return out;
}

inline fake_gpu_cloud_actor::behavior_type
fake_gpu_cloud_behavior(fake_gpu_cloud_actor::stateful_pointer<later> self,
                        fake_gpu_cloud_ptr world) {
  return {
    [=](const msg::launch_gpu& x) {
      world->log->add("launch " + x.type);
      auto make = [=]() -> result<gpu_workload> {
        if (auto why = next_failure(world->launch_failures))
          return fail(*why);
        auto made = world->add(x.type, static_cast<double>(x.expires_s));
        if (world->lose_answers == 0)
          return made;
        --world->lose_answers;
        return fail(failure_kind::outcome_unknown, "the answer was lost");
      };
      if (world->answer_takes.count() == 0)
        return self->state.answer<gpu_workload>(self, world->launch_takes,
                                                make);
      return self->state.answer<gpu_workload>(self, world->answer_takes,
                                              [made = make()] {
                                                return made;
                                              });
    },
    [=](const msg::list_gpus&) -> caf::result<msg::gpu_list> {
      world->log->add("list");
      if (auto why = next_failure(world->list_failures))
        return to_error(*why);
      msg::gpu_list out;
      for (auto& [id, x] : world->machines)
        if (x.record.running && !world->hidden.contains(id))
          out.workloads.push_back(x.record);
      return out;
    },
    [=](const msg::stop_gpu& x) -> caf::result<msg::gpu_stopped> {
      world->log->add("stop " + x.workload);
      if (auto why = next_failure(world->stop_failures))
        return to_error(*why);
      if (auto at = world->machines.find(x.workload);
          at != world->machines.end())
        at->second.record.running = false;
      return msg::gpu_stopped{0.5};
    },
    [=](const msg::probe_gpu& x) {
      world->log->add("probe " + x.node + "/" + x.service);
      return self->state.answer<caf::ok_atom>(
        self, world->probe_takes, [=]() -> result<caf::ok_atom> {
          if (world->answers(x.node, x.service))
            return caf::ok_atom_v;
          return fail(failure_kind::unavailable, "no answer");
        });
    },
    [=](const msg::timer_due& x) {
      self->state.due(x);
    },
  };
}

} // namespace render::harness
