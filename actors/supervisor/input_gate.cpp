#include "actors/supervisor/input_gate.hpp"

#include <algorithm>
#include <cmath>

namespace render::supervisor {

namespace {

double seconds(input_gate::duration d) {
  return std::chrono::duration<double>(d).count();
}

} // namespace

uint64_t input_gate::usable(const config& cfg, uint64_t count,
                            uint64_t without_inputs, double now_s) const {
  if (!cfg.watched)
    return count;
  auto with = count - std::min(count, without_inputs);
  auto share = now_s < until_s_ ? share_ : 0;
  auto believed = std::ceil(share * static_cast<double>(with));
  return count - with + static_cast<uint64_t>(believed);
}

void input_gate::begin(double now_s) {
  looking_ = true;
  if (!held_up_)
    held_up_since_s_ = now_s;
  held_up_ = true;
}

void input_gate::end(const config& cfg, const result<msg::inputs_seen>& got,
                     double now_s) {
  looking_ = false;
  auto seen = got.value_or(msg::inputs_seen{1, 0});
  auto out_of_patience = held_up_
                         && now_s - held_up_since_s_ >= seconds(cfg.patience);
  auto all = static_cast<double>(seen.usable) + seen.refused;
  share_ = out_of_patience ? 1 : all > 0 ? seen.usable / all : 0;
  until_s_ = now_s + seconds(cfg.valid);
  if (share_ > 0)
    held_up_ = false;
}

} // namespace render::supervisor
