#include "actors/renderer/stages.hpp"

#include <algorithm>

namespace render {

void stage_times::enter(std::string_view stage, double now_s) {
  if (stage.empty() || stage == current_)
    return;
  end(now_s);
  current_ = stage;
  since_s_ = now_s;
}

std::map<std::string_view, double> stage_times::end(double now_s) {
  if (!current_.empty())
    spent_[current_] += std::max(0.0, now_s - since_s_);
  current_ = {};
  return spent_;
}

} // namespace render
