#include "actors/supervisor/traffic.hpp"

#include <algorithm>
#include <cmath>

namespace render::supervisor {

namespace {

/// Jobs of one burst that are looked at.
constexpr uint64_t burst_most = 256;

/// What is older counts for less, by e in this time.
constexpr double memory_s = 1'800;
/// Before that nothing is known.
constexpr double young_s = 300;
/// What a job's wait is worth in GPU seconds: so many boots at most, half of it
/// for a wait of this length, and this much for each second.
constexpr double boots_a_wait = 3;
constexpr double half_s = 4;
constexpr double each_second = 0.6;

double price(double wait_s, const traffic::times& t) {
  auto once = boots_a_wait * t.boot_s * wait_s / (wait_s + half_s);
  return (once + each_second * wait_s) / t.patience;
}

} // namespace

bool traffic::is_young(double now_s) const {
  return !begun_ || now_s - since_s_ < young_s;
}

void traffic::forget(double now_s) {
  auto passed = std::max(0.0, now_s - at_s_);
  at_s_ = now_s;
  auto left = std::exp(-passed / memory_s);
  auto added = memory_s * (1 - left);
  span_s_ = span_s_ * left + added;
  for (size_t i = 0; i < most; ++i) {
    auto& x = levels_[i];
    x.spared *= left;
    x.used_s = x.used_s * left + (jobs_ > i * slots_ ? added : 0);
  }
}

void traffic::on_jobs(uint64_t jobs, const times& t, double now_s) {
  if (!begun_) {
    if (jobs == 0)
      return;
    begun_ = true;
    since_s_ = at_s_ = now_s;
  }
  if (jobs == jobs_)
    return;
  forget(now_s);
  auto slots = slots_ = std::max(t.slots, 1u);
  auto last = std::min(jobs, jobs_ + burst_most);
  for (auto j = jobs_ + 1; j <= last; ++j) {
    // The j-th job would begin after so long on that many GPUs.
    auto wait = [&](size_t gpus) {
      auto places = static_cast<double>(gpus * slots);
      if (gpus == 0)
        return t.boot_s;
      if (static_cast<double>(j) <= places)
        return 0.0;
      return std::min(t.boot_s,
                      (static_cast<double>(j) - places) * t.run_s / places);
    };
    auto gpus = std::min<size_t>(most, (j + slots - 1) / slots);
    auto longer = price(wait(0), t);
    for (size_t i = 0; i < gpus; ++i) {
      auto shorter = price(wait(i + 1), t);
      levels_[i].spared += longer - shorter;
      longer = shorter;
    }
  }
  jobs_ = jobs;
}

uint32_t traffic::worth(double now_s, double idle_second) const {
  if (!begun_)
    return 0;
  auto now = *this;
  now.forget(now_s);
  uint32_t out = 0;
  for (auto& x : now.levels_) {
    auto idle_s = std::max(0.0, now.span_s_ - x.used_s);
    if (x.spared < idle_s * idle_second)
      break;
    ++out;
  }
  return out;
}

} // namespace render::supervisor
