#include "actors/io/redis/queue_walk.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

ended_walk queue_walk::begin(const std::vector<msg::claim_quota>& quotas,
                             time_point now,
                             std::chrono::milliseconds whole_every) {
  std::set<std::string> types;
  for (auto& quota : quotas)
    types.insert(quota.types.begin(), quota.types.end());
  auto walked = std::includes(types_.begin(), types_.end(), types.begin(),
                              types.end());
  if (!walked || now - whole_at_ >= whole_every)
    forget();
  if (last_.passed.empty())
    whole_at_ = now;
  types_ = std::move(types);
  return last_;
}

void queue_walk::end(ended_walk x) {
  last_ = std::move(x);
}

void queue_walk::forget() {
  last_ = {};
}

} // namespace render::job_store
