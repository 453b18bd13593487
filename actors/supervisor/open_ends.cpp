#include "actors/supervisor/open_ends.hpp"

#include <utility>

namespace render::supervisor {

uint64_t open_ends::ask(end what, double now_s) {
  auto id = what->what.subject.id;
  open_.insert_or_assign(id, question{std::move(what), ++last_, now_s});
  return last_;
}

open_ends::end open_ends::take(const job_id& id, uint64_t number) {
  auto at = open_.find(id);
  if (at == open_.end() || at->second.number != number)
    return nullptr;
  auto out = std::move(at->second.what);
  open_.erase(at);
  return out;
}

std::vector<open_ends::end> open_ends::take_late(double now_s) {
  constexpr auto patience_s = std::chrono::duration<double>(patience).count();
  std::vector<end> out;
  std::erase_if(open_, [&](auto& x) {
    auto is_late = now_s - x.second.since_s >= patience_s;
    if (is_late)
      out.push_back(std::move(x.second.what));
    return is_late;
  });
  return out;
}

} // namespace render::supervisor
