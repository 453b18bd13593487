#include "actors/io/gpu_cloud/list_sharing.hpp"

#include <algorithm>

namespace render::gpu_cloud {

list_sharing::verdict list_sharing::on_question(bool running_only, double age_s,
                                                double now_s) {
  auto will_do = [&](const list& x) {
    return x.running_only == running_only && now_s - x.asked_s < age_s;
  };
  if (latest_ && will_do(*latest_))
    return {way::take, latest_->number};
  auto at = std::find_if(under_way_.rbegin(), under_way_.rend(), will_do);
  if (at != under_way_.rend())
    return {way::wait, at->number};
  under_way_.push_back({++last_number_, running_only, now_s});
  return {way::ask, last_number_};
}

bool list_sharing::on_answer(uint64_t number, bool good) {
  auto at = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& x) {
    return x.number == number;
  });
  if (at == under_way_.end())
    return false;
  auto answered = *at;
  under_way_.erase(at);
  // Answers may overtake each other.
  if (!good || (latest_ && latest_->number > number))
    return false;
  latest_ = answered;
  return true;
}

} // namespace render::gpu_cloud
