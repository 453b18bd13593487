#include "actors/supervisor/recipient.hpp"

#include <algorithm>
#include <utility>

namespace render::supervisor {

namespace {

bool can_use(const fleet_member& x, const workload_type& type) {
  if (x.facts.draining || !x.facts.unfit.empty() || x.doubted || !x.linked)
    return false;
  return std::any_of(x.facts.types.begin(), x.facts.types.end(),
                     [&](auto& served) {
                       return served.type == type;
                     });
}

uint32_t gpus_of(const fleet_member& x, const gifts& given) {
  auto at = given.find(x.who.name);
  auto out = at == given.end() ? 0 : at->second;
  for (auto& served : x.facts.types)
    out += served.gpus;
  return out;
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
