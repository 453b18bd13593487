#include "actors/io/job_store/queue_walk.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

std::string queue_walk::begin(const std::vector<msg::claim_quota>& quotas,
                              time_point now,
                              std::chrono::milliseconds whole_every) {
  std::set<std::string> types;
  for (auto& quota : quotas)
    types.insert(quota.types.begin(), quota.types.end());
  auto walked = std::includes(types_.begin(), types_.end(), types.begin(),
                              types.end());
  if (!walked || now - whole_at_ >= whole_every)
    forget();
  if (passed_.empty())
    whole_at_ = now;
  types_ = std::move(types);
  return passed_;
}

void queue_walk::end(std::string passed) {
  passed_ = std::move(passed);
}

void queue_walk::forget() {
  passed_.clear();
}

} // namespace render::job_store
