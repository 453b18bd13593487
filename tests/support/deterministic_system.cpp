#include "tests/support/deterministic_system.hpp"

namespace render::harness {

deterministic_system::deterministic_system() {
  add_message_types(cfg_);
  cfg_.set("scheduler.policy", caf::atom("testing"));
  system_ = std::make_unique<caf::actor_system>(cfg_);
  scheduler_
    = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

void deterministic_system::run() {
  while (scheduler_->has_job())
    scheduler_->run_once();
}

void deterministic_system::advance(caf::timespan d) {
  auto& clock = scheduler_->clock();
  const auto end = clock.now() + d;
  for (run(); clock.has_pending_timeout(); run()) {
    auto due = clock.schedule().begin()->first;
    if (due > end)
      break;
    clock.advance_time(due > clock.now() ? due - clock.now()
                                         : caf::timespan{0});
  }
  if (clock.now() < end)
    clock.advance_time(end - clock.now());
  run();
}

} // namespace render::harness
