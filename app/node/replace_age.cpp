#include "app/node/replace_age.hpp"

#include "actors/supervisor/replacement.hpp"
#include "messages/worker_place.hpp"

namespace render {

bool looks_before_launch(const worker_config& cfg) {
  return cfg.launch_policy == "ledger";
}

std::chrono::milliseconds replace_age(const worker_config& cfg) {
  auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
    cfg.gpu_replace_after);
  auto has_successor = cfg.gpu_replace_ahead > seconds_f{0};
  return looks_before_launch(cfg) && !has_successor
           ? supervisor::staggered_age(age, worker_place(cfg.worker_id))
           : age;
}

} // namespace render
