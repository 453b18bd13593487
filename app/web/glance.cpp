#include "app/web/glance.hpp"

#include <algorithm>

namespace render::web {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto oldest = 1s;
/// For a job that is not in it yet.
constexpr auto oldest_without = 200ms;

bool has(const std::vector<records::queued_job>& queue, const std::string& id) {
  return std::any_of(queue.begin(), queue.end(), [&id](auto& x) {
    return x.id == id;
  });
}

} // namespace

result<std::optional<records::waiting>>
glance::why(records::redis& db, const std::string& id, const std::string& type,
            double complete_by_s) {
  auto now = look(db, id);
  if (!now)
    return fail(now.error());
  auto& queue = (*now)->queue;
  auto before = records::types_until(queue, id);
  // It may have been queued since that look: then it is the last one.
  if (before.empty() && clock::now() - (*now)->at < oldest_without
      && queue.size() < records::queue_looked_at) {
    for (auto& x : queue)
      before.push_back(x.type);
    before.push_back(type);
  }
  if (before.empty())
    return std::nullopt;
  return (*now)->all.why(before, complete_by_s);
}

std::optional<double>
glance::progress(records::redis& db, const std::string& type, double began_s) {
  auto now = look(db, {});
  if (!now)
    return std::nullopt;
  auto age = std::chrono::duration<double>(clock::now() - (*now)->at).count();
  return (*now)->all.progress(type, (*now)->all.now_s() + age - began_s);
}

result<std::shared_ptr<const glance::seen>>
glance::look(records::redis& db, const std::string& of) {
  std::lock_guard guard{lock_};
  auto now = clock::now();
  if (last_) {
    auto age = now - last_->at;
    if (age < oldest
        && (of.empty() || age < oldest_without || has(last_->queue, of)))
      return last_;
  }
  auto queue = records::read_queue_head(db);
  if (!queue)
    return fail(queue.error());
  auto all = records::waits::read(db);
  if (!all)
    return fail(all.error());
  last_ = std::make_shared<const seen>(
    seen{std::move(*queue), std::move(*all), now});
  return last_;
}

} // namespace render::web
