#include "actors/gpu_instance/attempt.hpp"

#include <algorithm>
#include <utility>

namespace render::gpu_instance {

launch_attempt::launch_attempt(uint32_t number, ledger_id entry_id,
                               workload_type type, bool recorded)
  : number_(number), recorded_(recorded) {
  intent_.id = std::move(entry_id);
  intent_.type = std::move(type);
}

launch_attempt::launch_attempt(uint32_t number, gpu_entry intent,
                               double sent_at_s, phase at)
  : number_(number), intent_(std::move(intent)), sent_at_s_(sent_at_s),
    recorded_(true), phase_(std::move(at)) {
  // nop
}

void launch_attempt::record(const std::vector<gpu_workload>& before,
                            int64_t expires_s, const moment& now) {
  intent_.expires_s = expires_s;
  intent_.intent_s = now.unix_s;
  intent_.known_before = lookalikes(intent_, before);
  sent_at_s_ = now.steady_s;
  recorded_ = true;
  phase_ = recording{};
}

void launch_attempt::call() {
  phase_ = calling{};
}

void launch_attempt::look_up(failure why, std::set<workload_id> held) {
  phase_ = looking_up{std::move(why), std::move(held)};
}

void launch_attempt::refuse() {
  intent_.expires_s = 0;
  phase_ = over{};
}

void launch_attempt::give_up() {
  phase_ = over{};
}

void launch_attempt::succeed() {
  phase_ = worked{};
}

finding launch_attempt::compare(const msg::gpus_seen& ledger) {
  auto& look = *lookup();
  auto mine = intent_;
  for (auto& x : ledger.entries) {
    if (!x.workload.empty())
      look.held.insert(x.workload);
    // As everybody else reads it: our clock may be ahead.
    if (x.id == mine.id)
      mine.intent_s = std::min(mine.intent_s, x.intent_s);
  }
  look.held.insert(ledger.ended_workloads.begin(),
                   ledger.ended_workloads.end());
  auto listed = *std::exchange(look.listed, std::nullopt);
  return find_workload(mine, listed, ledger.entries, look.held);
}

} // namespace render::gpu_instance
