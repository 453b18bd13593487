#include "actors/supervisor/estimates.hpp"

#include <algorithm>
#include <cmath>

namespace render::supervisor {

namespace {

// Of sorted samples, the one that so many of them do not exceed.
double quantile(const std::vector<double>& sorted, double share) {
  auto place = std::ceil(share * static_cast<double>(sorted.size())) - 1;
  return sorted[static_cast<size_t>(std::max(0.0, place))];
}

bool is_time(double x) {
  return std::isfinite(x) && x >= 0 && x < 1e6;
}

} // namespace

void recent_times::add(double took_s, double now_s) {
  if (!is_time(took_s))
    return;
  samples_.push_back({took_s, now_s});
  if (samples_.size() > most)
    samples_.pop_front();
}

measured recent_times::summary(double now_s) const {
  std::vector<double> times;
  for (auto& x : samples_)
    if (now_s - x.at_s <= longest_s)
      times.push_back(x.took_s);
  if (times.empty())
    return {};
  std::sort(times.begin(), times.end());
  return {static_cast<uint32_t>(times.size()), quantile(times, 0.5),
          quantile(times, 0.9)};
}

measured merged(const std::vector<measured>& all) {
  measured out;
  double samples = 0;
  for (auto& x : all) {
    if (x.count == 0 || !is_time(x.median_s) || !is_time(x.ninth_s))
      continue;
    auto count = std::min<uint32_t>(x.count, recent_times::most);
    out.count += count;
    samples += count;
    out.median_s += count * x.median_s;
    out.ninth_s += count * std::max(x.median_s, x.ninth_s);
  }
  if (samples > 0) {
    out.median_s /= samples;
    out.ninth_s /= samples;
  }
  return out;
}

double mean_of(const measured& x, double unknown_s) {
  if (x.count == 0)
    return unknown_s;
  constexpr double skew = 0.19;
  return x.median_s + skew * std::max(0.0, x.ninth_s - x.median_s);
}

void estimates::on_boot(const workload_type& type, double took_s,
                        double now_s) {
  boots_[type].add(took_s, now_s);
}

void estimates::on_run(job_kind kind, double took_s, double now_s) {
  runs_[static_cast<size_t>(kind)].add(took_s, now_s);
}

measured estimates::boot(const workload_type& type, double now_s) const {
  auto at = boots_.find(type);
  return at == boots_.end() ? measured{} : at->second.summary(now_s);
}

estimates::by_kind estimates::runs(double now_s) const {
  by_kind out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = runs_[i].summary(now_s);
  return out;
}

} // namespace render::supervisor
