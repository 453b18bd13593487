#include "tests/support/fake_gpu_cloud.hpp"

namespace render::harness {

std::optional<failure> next_failure(std::deque<failure>& from) {
  if (from.empty())
    return std::nullopt;
  auto out = from.front();
  from.pop_front();
  return out;
}

fake_gpu_cloud_actor::behavior_type
fake_gpu_cloud_behavior(fake_gpu_cloud_actor::stateful_pointer<later> self,
                        fake_gpu_cloud_ptr world) {
  auto list = [=]() -> caf::result<msg::gpu_list> {
    world->log->add("list");
    if (auto why = next_failure(world->list_failures))
      return to_error(*why);
    msg::gpu_list out;
    for (auto& [id, x] : world->machines)
      if (x.record.running && !world->hidden.contains(id))
        out.workloads.push_back(x.record);
    return self->state.answer<msg::gpu_list>(self, world->list_takes, [out] {
      return out;
    });
  };
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
    [=](const msg::list_gpus&) {
      return list();
    },
    // The GPU CLOUD alone knows which list serves whom.
    [=](const msg::list_gpus&, caf::timespan) {
      return list();
    },
    [=](const msg::stop_gpu& x) -> caf::result<msg::gpu_stopped> {
      world->log->add("stop " + x.workload);
      if (auto why = next_failure(world->stop_failures))
        return to_error(*why);
      if (auto at = world->machines.find(x.workload);
          at != world->machines.end())
        at->second.record.running = false;
      return self->state.answer<msg::gpu_stopped>(self, world->stop_takes, [] {
        return msg::gpu_stopped{0.5};
      });
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

gpu_workload& fake_gpu_cloud::add(const workload_type& type, double expires_s) {
  auto number = std::to_string(++last_number);
  auto& x = machines["w" + number];
  x.launched_ms = now_ms();
  x.record = {workload_id{"w" + number},
              gpu_host{"n" + number},
              type,
              "running",
              true,
              start_s + static_cast<double>(x.launched_ms) / 1000,
              expires_s};
  return x.record;
}

uint32_t fake_gpu_cloud::running() const {
  uint32_t out = 0;
  for (auto& [id, x] : machines)
    out += x.record.running ? 1 : 0;
  return out;
}

bool fake_gpu_cloud::answers(const gpu_host& node,
                             const std::string& service) const {
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

} // namespace render::harness
