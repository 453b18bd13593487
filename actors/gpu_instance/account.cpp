#include "actors/gpu_instance/account.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::gpu_instance {

namespace {

int64_t to_ms(double s) {
  return std::llround(s * 1000);
}

/// The first ones get what does not divide.
template <class Field>
void deal(std::vector<gpu_share>& to, Field field, int64_t ms) {
  auto n = static_cast<int64_t>(to.size());
  auto rest = ms % n;
  for (auto& x : to)
    x.*field += ms / n + (rest-- > 0 ? 1 : 0);
}

} // namespace

void account::open(ledger_id id, workload_type type, double launched_s,
                   double since_s) {
  *this = {};
  open_ = true;
  blank_.gpu = std::move(id);
  blank_.type = std::move(type);
  at_ms_ = std::max(to_ms(launched_s), to_ms(since_s));
  split_.before_ms = at_ms_ - to_ms(launched_s);
}

void account::pass_to(double now_s) {
  auto passed = std::max<int64_t>(0, to_ms(now_s) - at_ms_);
  at_ms_ += passed;
  if (!running_.empty()) {
    split_.busy_ms += passed;
    deal(running_, &gpu_share::own_ms, passed);
    return;
  }
  switch (stage_) {
  case stage::boots:
    split_.boot_ms += passed;
    pot_.boot_ms += passed;
    return;
  case stage::serves:
    split_.idle_ms += passed;
    pot_.idle_ms += passed;
    return;
  case stage::leaves:
    split_.drain_ms += passed;
    return;
  }
}

void account::ready(double now_s) {
  if (!open_)
    return;
  pass_to(now_s);
  if (stage_ == stage::boots)
    stage_ = stage::serves;
}

void account::leave(double now_s) {
  if (!open_)
    return;
  pass_to(now_s);
  stage_ = stage::leaves;
}

void account::follow(const msg::gpu_update& x, const workload_type& type,
                     bool adopted, double now_s) {
  // Not launched yet; or what it had was another launch's.
  if (x.launched_at_s == 0) {
    *this = {};
    return;
  }
  if (!open_)
    open(x.ledger_id, type, x.launched_at_s, adopted ? now_s : x.launched_at_s);
  if (x.phase == gpu_phase::ready)
    ready(now_s);
  else if (x.phase == gpu_phase::stopping || x.phase == gpu_phase::gone)
    leave(now_s);
}

void account::begin(const job_id& id, double now_s) {
  if (!open_)
    return;
  pass_to(now_s);
  running_.push_back(blank_);
  running_.back().job = id;
}

void account::share_idle_time() {
  deal(running_, &gpu_share::boot_ms, std::exchange(pot_.boot_ms, 0));
  deal(running_, &gpu_share::idle_ms, std::exchange(pot_.idle_ms, 0));
}

gpu_share account::end(const job_id& id, double now_s) {
  auto at = std::find_if(running_.begin(), running_.end(), [&](auto& x) {
    return x.job == id;
  });
  if (at == running_.end())
    return {};
  pass_to(now_s);
  share_idle_time();
  auto out = std::move(*at);
  running_.erase(at);
  split_.jobs_ms += out.total_ms();
  return out;
}

gpu_split account::split(double now_s) {
  if (open_)
    pass_to(now_s);
  return split_;
}

} // namespace render::gpu_instance
