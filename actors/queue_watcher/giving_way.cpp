#include "actors/queue_watcher/giving_way.hpp"

#include <algorithm>

namespace render::queue_watcher {

using std::chrono::microseconds;

microseconds giving_way::with_slot(double idle_since_s, double now_s,
                                   const fleet_place& place) const {
  if (place.workers <= 1 || idle_since_s == 0
      || idle_timeout <= milliseconds{0})
    return microseconds{0};
  auto share = (now_s - idle_since_s)
               / std::chrono::duration<double>(idle_timeout).count();
  return std::chrono::duration_cast<microseconds>(most
                                                  * std::clamp(share, 0., 1.));
}

giving_way::milliseconds
giving_way::without_slot(uint32_t late, const fleet_place& place) const {
  if (late == 0)
    return milliseconds{0};
  auto doublings = std::min(late - 1, 16u);
  return std::min(full_most, full_least * (1 << doublings))
         + place.turn(full_turn, full_turn_most);
}

} // namespace render::queue_watcher
