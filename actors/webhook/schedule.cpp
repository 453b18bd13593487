#include "actors/webhook/schedule.hpp"

namespace render::webhook_sender {

using namespace std::chrono_literals;

schedule contract_schedule() {
  return {{4, 5s}, 0};
}

schedule standard_schedule() {
  return {{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h}, 0.1};
}

std::chrono::milliseconds delay_after(const schedule& x, uint32_t attempts,
                                      std::mt19937_64& random) {
  auto delay = x.delays.at(attempts - 1);
  if (x.jitter <= 0)
    return delay;
  // The distributions of <random> differ between standard libraries.
  auto share = x.jitter * static_cast<double>(random() >> 11) * 0x1p-53;
  return delay
         + std::chrono::milliseconds{
           static_cast<int64_t>(share * static_cast<double>(delay.count()))};
}

} // namespace render::webhook_sender
