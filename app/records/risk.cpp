#include "app/records/risk.hpp"

#include <algorithm>

namespace render::records {

namespace {

/// Each costs a forecast of the queue up to it.
constexpr size_t looked_at_most = 10;

} // namespace

std::vector<risky_job> jobs_at_risk(const waits& all,
                                    const std::vector<queued_job>& queue,
                                    const std::vector<leased_job>& running) {
  std::vector<risky_job> out;
  auto now_s = all.now_s();
  std::vector<size_t> due;
  for (size_t i = 0; i < queue.size(); ++i)
    if (queue[i].complete_by_s > now_s && !is_final(queue[i].status))
      due.push_back(i);
  std::stable_sort(due.begin(), due.end(), [&](auto a, auto b) {
    return queue[a].complete_by_s < queue[b].complete_by_s;
  });
  due.resize(std::min(due.size(), looked_at_most));
  for (auto i : due) {
    auto& x = queue[i];
    auto before = types_until(queue, x.id);
    if (all.why(before, x.complete_by_s).deadline_at_risk.value_or(false))
      out.push_back({x.id, x.type, x.complete_by_s});
  }
  for (auto& x : running) {
    auto type = field(x.fields, "type");
    auto by_s = number_field(x.fields, "complete_by");
    auto began_s = number_field(x.fields, "started_at");
    auto run = all.run(type);
    if (by_s > now_s && began_s > 0 && run && began_s + run->ninth_s > by_s)
      out.push_back({x.id, type, by_s});
  }
  std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) {
    return a.complete_by_s < b.complete_by_s;
  });
  return out;
}

} // namespace render::records
