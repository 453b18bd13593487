// GPUs that dead workers left, or others have given: taken over while there is
// work, stopped when not. A GPU that was given waits for its next job as long
// as any idle one, a dead worker's for a moment only.
#include "actors/supervisor/policy.hpp"
#include "messages/text/hex.hpp"

namespace render::supervisor {

ledger_id policy::make_ledger_id() {
  auto bits = random_();
  std::string out;
  for (int i = 0; i < 16; ++i, bits >>= 4)
    out += hex_digits[bits & 15];
  return ledger_id{std::move(out)};
}

effects policy::on_gpus_taken(const result<msg::gpus_taken>& got,
                              double now_s) {
  if (draining()) {
    // Not ours to look after: their leases run out again, for somebody else.
    effects out;
    if (got)
      for (auto& entry : got->entries)
        out.push_back(leave_gpu{entry.id});
    return out;
  }
  auto next = got && got->next_due_ms > 0 ? duration{got->next_due_ms}
                                          : cfg_.adoption_interval;
  due_.adoption = ++last_.generation;
  effects out{arm_timer{timer::adoption, due_.adoption, next}};
  if (!got || got->entries.empty())
    return out;
  for (auto& entry : got->entries) {
    auto given = got->given.find(entry.id);
    append(out, adopt(entry, got->known_workloads, false,
                      given != got->given.end() ? std::optional{given->second}
                                                : std::nullopt));
  }
  append(out, settle_down(now_s));
  return out;
}

effects policy::adopt(const gpu_entry& x, std::vector<workload_id> known,
                      bool vouched, std::optional<double> given_idle_s) {
  auto has_room = room() > 0;
  auto instance = add_gpu(x.type, x.id);
  gpus_.at(instance).idle_before_s = given_idle_s.value_or(0);
  effects out{
    rent{instance, x.type, x.id, x, std::move(known), vouched, given_idle_s}};
  if (!has_room) {
    gpus_.at(instance).told_to_stop = true;
    out.push_back(
      drain_gpu{instance, "taken over, but there is no room for it"});
  }
  return out;
}

} // namespace render::supervisor
