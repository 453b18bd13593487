#include "actors/account/policy.hpp"

#include "actors/io/gpu_cloud/account.hpp"

namespace render::account {

namespace {

/// There is no such thing as a balance. A key that is refused, a limit of calls
/// or a proxy's trouble says nothing of it.
bool tells_none(const http_response& x) {
  return x.ok() || x.status == 404 || x.status == 405 || x.status == 410;
}

} // namespace

bool is_due(const config& cfg, double now_s, std::optional<double> last_s,
            bool refused) {
  return !last_s || refused
         || now_s - *last_s >= static_cast<double>(cfg.every.count());
}

std::optional<job_store::account_balance>
after_balance(const result<http_response>& got,
              const std::optional<job_store::account_balance>& known,
              double now_s) {
  if (auto amount = gpu_cloud::read_balance(got))
    return job_store::account_balance{*amount, now_s};
  return got && tells_none(*got) ? std::nullopt : known;
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
