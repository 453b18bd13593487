#include "actors/account/policy.hpp"

namespace render::account {

bool is_due(const config& cfg, double now_s, std::optional<double> last_s,
            bool refused) {
  return !last_s || refused
         || now_s - *last_s >= static_cast<double>(cfg.every.count());
}

std::map<workload_type, uint32_t>
unknown_of(const config& cfg, const std::vector<gpu_workload>& list,
           const std::set<workload_id>& known, double now_s) {
  std::map<workload_type, uint32_t> out;
  for (auto& type : cfg.types)
    out[type] = 0;
  for (auto& x : list)
    if (auto at = out.find(x.type);
        at != out.end() && x.running && !known.contains(x.workload)
        && now_s - x.created_s >= static_cast<double>(cfg.young.count()))
      ++at->second;
  return out;
}

} // namespace render::account
