#include "actors/io/object_store/result_sweeper.hpp"

namespace render {

result_sweeper_actor::behavior_type result_sweeper_behavior(
  result_sweeper_actor::stateful_pointer<result_sweeper_state> self,
  result_sweeper_config cfg, result_sweeper_deps deps) {
  self->send(self, msg::timer_due{});
  return {
    [self, cfg, deps = std::move(deps)](const msg::timer_due&) {
      auto swept = deps.sweep(deps.now(), cfg.files_max);
      if (swept > 0)
        deps.log->info("{} result(s) removed, RESULT_TTL has passed", swept);
      self->delayed_send(self,
                         swept < cfg.files_max ? cfg.every : cfg.when_more,
                         msg::timer_due{});
    },
  };
}

} // namespace render
