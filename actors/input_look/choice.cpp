#include "actors/input_look/choice.hpp"

#include "actors/queue_watcher/flaws.hpp"
#include "messages/job_params.hpp"

#include <algorithm>

namespace render::input_look {

namespace {

bool contains(const std::vector<std::string>& xs, const std::string& x) {
  return std::find(xs.begin(), xs.end(), x) != xs.end();
}

} // namespace

choice
choose(const msg::queue_snapshot& seen, const std::vector<std::string>& types,
       const std::set<job_id>& open, size_t most, size_t limit, double now_s) {
  choice out;
  auto shown = false;
  for (auto& x : seen.waiting) {
    if (!contains(types, x.type))
      continue;
    shown = true;
    if (out.jobs.size() + out.unseen >= most)
      break;
    if (x.data.empty() || open.contains(x.id))
      ++out.unseen;
    else if (!queue_watcher::flaw_of(x, now_s) && has_inputs(x))
      out.jobs.push_back(x);
  }
  auto waits = std::any_of(types.begin(), types.end(), [&](auto& type) {
    auto at = seen.waiting_by_type.find(type);
    return at != seen.waiting_by_type.end() && at->second > 0;
  });
  if (!shown && waits && seen.waiting.size() >= limit)
    ++out.unseen;
  return out;
}

bool is_refused(const job_outcome& x) {
  return !x.success()
         && (x.error.kind == failure_kind::invalid_input
             || x.error.kind == failure_kind::rejected);
}

bool is_same(const job& claimed, const job& looked_at) {
  return claimed.type == looked_at.type && claimed.data == looked_at.data;
}

} // namespace render::input_look
