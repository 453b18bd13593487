#include "app/local_cloud/voice_pitch.hpp"

#include "app/local_cloud/samples.hpp"

#include <algorithm>

namespace render::local_cloud {

namespace {

constexpr int rate = sample_rate;
constexpr size_t frame = 400; // 50 ms
constexpr int lag_min = rate / 350;
constexpr int lag_max = rate / 70;

/// 0 when the frame is not clearly periodic.
double frame_pitch(std::span<const int16_t> x) {
  double energy = 0;
  for (auto s : x)
    energy += double{1} * s * s;
  if (energy / static_cast<double>(x.size()) < 200.0 * 200.0)
    return 0;
  double best = 0;
  int best_lag = 0;
  for (int lag = lag_min; lag <= lag_max; ++lag) {
    double sum = 0, left = 1, right = 1;
    for (size_t i = 0; i + static_cast<size_t>(lag) < x.size(); ++i) {
      double a = x[i], b = x[i + static_cast<size_t>(lag)];
      sum += a * b;
      left += a * a;
      right += b * b;
    }
    double alike = sum / std::max(left, right);
    // A slight preference for short lags: the octave below matches as well.
    if (alike > best * 1.05) {
      best = alike;
      best_lag = lag;
    }
  }
  return best > 0.6 ? double{rate} / best_lag : 0;
}

} // namespace

double pitch_of(std::span<const int16_t> samples) {
  std::vector<double> voiced;
  for (size_t i = 0; i + frame <= samples.size(); i += frame)
    if (auto hertz = frame_pitch(samples.subspan(i, frame)); hertz > 0)
      voiced.push_back(hertz);
  if (voiced.empty())
    return 120;
  auto middle = voiced.begin() + static_cast<ptrdiff_t>(voiced.size() / 2);
  std::nth_element(voiced.begin(), middle, voiced.end());
  return *middle;
}

result<double> measure_pitch(const std::string& recording,
                             const std::filesystem::path& dir,
                             const std::stop_token& stop) {
  auto samples = read_samples(recording, 10, dir, stop);
  if (!samples)
    return fail(samples.error());
  return pitch_of(*samples);
}

} // namespace render::local_cloud
