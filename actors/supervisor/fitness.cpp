#include "actors/supervisor/fitness.hpp"

#include <algorithm>
#include <utility>

namespace render::supervisor {

fitness::fitness(config cfg) : cfg_(cfg) {
  if (!cfg_.watched)
    return;
  reason_ = "start";
  text_ = "the surroundings have not been looked at yet";
}

fitness::duration fitness::next_delay() {
  delay_ = std::clamp(delay_ * 2, cfg_.delay_min, cfg_.delay_max);
  return delay_;
}

fitness::change fitness::start() {
  if (!cfg_.watched)
    return {};
  return on_due();
}

fitness::change fitness::on_failure(std::string reason, std::string text) {
  change out;
  if (!cfg_.watched)
    return out;
  // A probe that was sent before says nothing of this.
  stale_ = asked_;
  if (!fit())
    return out;
  reason_ = std::move(reason);
  text_ = std::move(text);
  out.began = true;
  if (!asked_)
    out.due_in = next_delay();
  return out;
}

fitness::change fitness::on_seen(const msg::surroundings_seen& x) {
  change out;
  asked_ = false;
  disk_free_bytes_ = x.disk_free_bytes;
  auto stale = std::exchange(stale_, false);
  if (!x.unfit.empty()) {
    out.began = fit() || reason_ == "start";
    reason_ = x.unfit;
    text_ = x.text;
    out.due_in = next_delay();
    return out;
  }
  if (!fit() && stale) {
    out.due_in = next_delay();
    return out;
  }
  // The first look finds nothing wrong: no news.
  out.ended = !fit() && reason_ != "start";
  reason_.clear();
  text_.clear();
  out.due_in = cfg_.look_interval;
  return out;
}

fitness::change fitness::on_due() {
  change out;
  if (asked_)
    return out;
  asked_ = true;
  out.probe = msg::check_surroundings{!fit()};
  return out;
}

} // namespace render::supervisor
