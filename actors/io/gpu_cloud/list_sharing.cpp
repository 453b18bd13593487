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
  auto last = std::find_if(under_way_.rbegin(), under_way_.rend(),
                           [&](const list& x) {
                             return x.running_only == running_only;
                           });
  if (last == under_way_.rend() || now_s - last->asked_s >= patience_s)
    return ask(running_only, now_s);
  auto next = std::find_if(next_.begin(), next_.end(), [&](auto& x) {
    return x.after == last->number;
  });
  if (next != next_.end())
    return {way::wait, next->what.number};
  next_.push_back({{++last_number_, running_only}, last->number});
  return {way::wait, last_number_};
}

list_sharing::verdict list_sharing::ask(bool running_only, double now_s) {
  under_way_.push_back({++last_number_, running_only, now_s});
  return {way::ask, last_number_};
}

list_sharing::outcome list_sharing::on_answer(uint64_t number, bool good,
                                              double now_s) {
  auto at = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& x) {
    return x.number == number;
  });
  if (at == under_way_.end())
    return {};
  auto answered = *at;
  under_way_.erase(at);
  outcome out;
  // Answers may overtake each other.
  if (good && (!latest_ || latest_->asked_s <= answered.asked_s)) {
    latest_ = answered;
    out.is_latest = true;
  }
  auto next = std::find_if(next_.begin(), next_.end(), [&](auto& x) {
    return x.after == number;
  });
  if (next != next_.end()) {
    out.next = next->what;
    under_way_.push_back({next->what.number, next->what.running_only, now_s});
    next_.erase(next);
  }
  return out;
}

} // namespace render::gpu_cloud
