#include "actors/account/policy.hpp"

#include "actors/io/gpu_cloud/account.hpp"

#include <algorithm>

namespace render::account {

namespace {

/// There is no such thing as a balance. A key that is refused, a limit of calls
/// or a proxy's trouble says nothing of it.
bool tells_none(const http_response& x) {
  return x.ok() || x.status == 404 || x.status == 405 || x.status == 410;
}

/// Since when it has been seen so.
template <class Gpu, class Id>
void keep_since(std::vector<Gpu>& now, const std::vector<Gpu>& before,
                Id Gpu::*id) {
  for (auto& x : now)
    for (auto& y : before)
      if (x.*id == y.*id)
        x.since_s = y.since_s;
}

/// The longest seen stay. How many there are beyond them.
template <class Gpu>
uint32_t cut(std::vector<Gpu>& xs) {
  std::stable_sort(xs.begin(), xs.end(), [](auto& a, auto& b) {
    return a.since_s < b.since_s;
  });
  auto more = xs.size() - std::min(xs.size(), provider_list::shown_most);
  xs.resize(xs.size() - more);
  return static_cast<uint32_t>(more);
}

} // namespace

bool is_due(const config& cfg, double now_s, std::optional<double> last_s,
            bool refused) {
  return !last_s || refused
         || now_s - *last_s >= static_cast<double>(cfg.every.count());
}

bool is_list_due(const config& cfg, double now_s, std::optional<double> last_s,
                 bool agrees) {
  return !agrees && last_s
         && now_s - *last_s >= static_cast<double>(cfg.every_unlike.count());
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

std::set<workload_id> ledger_sight::known() const {
  auto out = ended;
  for (auto& x : entries)
    out.insert(x.workload);
  return out;
}

provider_list compare(const config& cfg, const std::vector<gpu_workload>& list,
                      const ledger_sight& ledger,
                      const std::optional<provider_list>& before,
                      double now_s) {
  provider_list out;
  out.at_s = now_s;
  for (auto& type : cfg.types)
    out.types[type] = 0;
  auto known = ledger.known();
  std::set<workload_id> running;
  for (auto& x : list) {
    if (!x.running || !running.insert(x.workload).second)
      continue;
    auto at = out.types.find(x.type);
    if (at == out.types.end()) {
      ++out.others;
      continue;
    }
    ++at->second;
    if (!known.contains(x.workload))
      out.unknown.push_back({x.workload, x.type, x.created_s, now_s});
  }
  for (auto& x : ledger.entries) {
    auto launched_s = x.launched_s > 0 ? x.launched_s : x.intent_s;
    // Of a GPU that is being stopped it is what one waits for.
    if (!x.workload.empty() && x.state != gpu_entry_state::stopping
        && !running.contains(x.workload)
        && now_s - launched_s >= static_cast<double>(cfg.listed_within.count()))
      out.lost.push_back({x.id, x.workload, x.type, now_s});
  }
  if (before) {
    keep_since(out.unknown, before->unknown,
               &provider_list::unknown_gpu::workload);
    keep_since(out.lost, before->lost, &provider_list::lost_gpu::id);
  }
  out.more_unknown = cut(out.unknown);
  out.more_lost = cut(out.lost);
  return out;
}

} // namespace render::account
