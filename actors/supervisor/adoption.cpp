// GPUs that dead workers left, or others have given: taken over while there is
// work, stopped when not. A dead worker's GPU is waited with for a moment only
// until its first job, one that was given as long as any idle one.
#include "actors/supervisor/policy.hpp"
#include "messages/text/hex.hpp"

#include <algorithm>

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
  for (auto& entry : got->entries)
    append(out,
           adopt(entry, got->known_workloads, false,
                 std::ranges::find(got->given, entry.id) != got->given.end()));
  append(out, settle_down(now_s));
  return out;
}

effects policy::adopt(const gpu_entry& x, std::vector<workload_id> known,
                      bool vouched, bool given) {
  auto has_room = room() > 0;
  auto instance = add_gpu(x.type, x.id);
  effects out{
    rent{instance, x.type, x.id, x, std::move(known), vouched, given}};
  if (!has_room) {
    gpus_.at(instance).told_to_stop = true;
    out.push_back(
      drain_gpu{instance, "taken over, but there is no room for it"});
  }
  return out;
}

} // namespace render::supervisor
