#include "actors/queue_watcher/giving_way.hpp"

#include <algorithm>
#include <bit>

namespace render::queue_watcher {

giving_way::milliseconds
giving_way::for_head(const std::string& id, std::chrono::microseconds waited,
                     bool full, const fleet_place& place) {
  at_once_in_a_row_ = waited <= cfg_.at_once ? at_once_in_a_row_ + 1 : 0;
  auto is_old = full ? waited <= cfg_.full_at_once : left_to_others_ == id;
  auto crowded = !full && at_once_in_a_row_ > cfg_.at_once_max;
  if (is_old || crowded)
    return milliseconds{0};
  // What we gave way for the last time was taken indeed.
  if (left_to_others_)
    ++late_;
  if (late_ == 0)
    return milliseconds{0};
  left_to_others_ = id;
  if (!full)
    return std::min(cfg_.most, cfg_.step * std::bit_width(late_));
  auto doublings = std::min(late_ - 1, 16u);
  return std::min(cfg_.full_most, cfg_.full_least * (1 << doublings))
         + place.turn(cfg_.full_turn, cfg_.full_turn_most);
}

void giving_way::on_look(bool found, bool emptied) {
  left_to_others_.reset();
  if (found)
    late_ = 0;
  else if (emptied)
    ++late_;
}

// The GPU that was used last goes first.
void giving_way::on_slot_free() {
  on_look(true, false);
}

// Whoever has a slot stays behind those who have had the last jobs.
void giving_way::on_quiet(bool full) {
  if (full)
    late_ = 0;
}

} // namespace render::queue_watcher
