#include "actors/supervisor/recipient.hpp"

#include "actors/supervisor/fleet.hpp"

#include <utility>

namespace render::supervisor {

namespace {

bool can_use(const fleet_member& x, const workload_type& type) {
  return peer::works(x.facts) && !x.doubted && x.linked
         && peer::find(x.facts, type);
}

uint32_t gpus_of(const fleet_member& x, const gifts& given) {
  auto at = given.find(x.who.name);
  return peer::gpus_of(x.facts) + (at == given.end() ? 0 : at->second);
}

} // namespace

std::optional<worker_id> recipient_of(const msg::fleet_view& fleet,
                                      const workload_type& type,
                                      const gifts& given) {
  std::optional<std::pair<uint32_t, worker_id>> best;
  for (auto& x : fleet.others) {
    if (!can_use(x, type))
      continue;
    std::pair candidate{gpus_of(x, given), x.who.name};
    if (!best || candidate < *best)
      best = std::move(candidate);
  }
  if (!best)
    return std::nullopt;
  return best->second;
}

} // namespace render::supervisor
