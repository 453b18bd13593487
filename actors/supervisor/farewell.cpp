#include "actors/supervisor/farewell.hpp"

#include <utility>

namespace render::supervisor {

void farewell::forget(uint64_t instance) {
  kept_.erase(instance);
  distrusted_.erase(instance);
  std::erase_if(offered_, [instance](auto& x) {
    return x.second == instance;
  });
}

void farewell::offer(uint64_t instance, const ledger_id& id,
                     const worker_id& to, double idle_s) {
  kept_.erase(instance);
  offered_[id] = instance;
  auto& order = orders_[to];
  order.to = to;
  order.entries.push_back(id);
  order.idle_s[id] = idle_s;
  ++given_[to];
}

std::vector<msg::hand_over_gpus> farewell::take_orders() {
  std::vector<msg::hand_over_gpus> out;
  for (auto& [to, order] : std::exchange(orders_, {}))
    out.push_back(std::move(order));
  return out;
}

std::optional<msg::hand_over_gpus> farewell::due(uint64_t generation) {
  auto node = put_off_.extract(generation);
  if (node.empty())
    return std::nullopt;
  return std::move(node.mapped());
}

std::optional<uint64_t> farewell::answered(const ledger_id& id) {
  auto node = offered_.extract(id);
  if (node.empty())
    return std::nullopt;
  return node.mapped();
}

} // namespace render::supervisor
