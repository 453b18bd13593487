#include "app/records/usage.hpp"

#include <algorithm>
#include <cmath>

namespace render::records {

namespace {

int64_t rate_of(const open_gpu& x) {
  return std::llround(
    std::clamp(number_field(x.fields, "paid_rate"), 0.0, 1e15));
}

/// Samples of one step.
struct mean {
  double sum = 0;
  size_t count = 0;

  void add(std::optional<double> x) {
    sum += x.value_or(0);
    count += x ? 1 : 0;
  }

  std::optional<double> get() const {
    if (count == 0)
      return std::nullopt;
    return sum / static_cast<double>(count);
  }
};

} // namespace

fleet_use use_of(const std::vector<open_gpu>& gpus,
                 const std::set<std::string>& busy) {
  fleet_use out;
  for (auto& x : gpus) {
    auto state = gpu_state(x);
    if (state == "intent" && x.rented_s <= 0)
      continue;
    ++out.rented;
    out.idle += state == "ready" && !busy.contains(x.id) ? 1 : 0;
    if (auto rate = rate_of(x); rate > 0)
      out.micro_per_hour = out.micro_per_hour.value_or(0) + rate;
  }
  return out;
}

accrued accrued_since(const std::vector<open_gpu>& gpus, double since_s,
                      double now_s) {
  accrued out;
  for (auto& x : gpus) {
    auto s = std::clamp(x.rented_s, 0.0, std::max(0.0, now_s - since_s));
    auto ms = std::llround(s * 1000);
    out.ms += ms;
    out.micro += std::llround(static_cast<double>(rate_of(x)) * s / 3600);
  }
  return out;
}

std::optional<double> idle_share_since(const std::vector<sample>& xs,
                                       double since_s) {
  double idle = 0;
  double all = 0;
  for (auto& x : xs)
    if (x.at_s >= since_s && x.idle_share) {
      idle += *x.idle_share * x.gpus;
      all += x.gpus;
    }
  if (all <= 0)
    return std::nullopt;
  return idle / all;
}

sample_grid grid_of(const std::vector<sample>& xs, double now_s, double step_s,
                    size_t count) {
  sample_grid out;
  out.step_s = step_s;
  auto end_s = (std::floor(now_s / step_s) + 1) * step_s;
  out.from_s = end_s - step_s * static_cast<double>(count);
  struct cell {
    mean waiting, running, usd, idle;
  };
  std::vector<cell> cells(count);
  for (auto& x : xs) {
    if (x.at_s < out.from_s || x.at_s >= end_s)
      continue;
    auto& to = cells[std::min(
      count - 1, static_cast<size_t>((x.at_s - out.from_s) / step_s))];
    to.waiting.add(x.waiting);
    to.running.add(x.running);
    to.usd.add(x.usd_per_hour);
    to.idle.add(x.idle_share);
  }
  for (auto& x : cells) {
    out.waiting.push_back(x.waiting.get());
    out.running.push_back(x.running.get());
    out.usd_per_hour.push_back(x.usd.get());
    out.idle_share.push_back(x.idle.get());
  }
  return out;
}

} // namespace render::records
