#include "actors/queue_watcher/giving_way.hpp"

#include <algorithm>
#include <bit>

namespace render::queue_watcher {

giving_way::duration giving_way::for_head(duration waited, bool full) {
  if (waited <= cfg_.at_once)
    return duration{0};
  // What we gave way for the last time was taken indeed.
  if (times_ > 0)
    ++late_;
  if (late_ == 0 || times_ >= cfg_.times_max)
    return duration{0};
  ++times_;
  if (!full)
    return std::min(cfg_.most, cfg_.step * std::bit_width(late_));
  auto doublings = std::min(late_ - 1, 16u);
  return std::min(cfg_.full_most, cfg_.full_least * (1 << doublings));
}

void giving_way::on_look(bool found, bool emptied) {
  times_ = 0;
  if (found)
    late_ = 0;
  else if (emptied)
    ++late_;
}

// Whoever has a slot stays behind those who have had the last jobs.
void giving_way::on_quiet(bool full) {
  if (full)
    late_ = 0;
}

} // namespace render::queue_watcher
