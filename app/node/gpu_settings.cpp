#include "app/node/gpu_settings.hpp"

namespace render {

gpu_instance::config
gpu_settings(gpu_instance::config base, const supervisor::rent& order,
             const std::map<job_kind, workload_type>& workload_of_kind) {
  base.instance = order.instance;
  base.ledger_id = order.ledger_id;
  base.adopted = order.adopted;
  base.known_workloads = order.known_workloads;
  base.vouched = order.vouched;
  base.given_idle_s = order.given_idle_s;
  base.workload_type = order.type;
  base.kinds.clear();
  for (auto& [kind, workload] : workload_of_kind)
    if (workload == order.type)
      base.kinds.push_back(kind);
  return base;
}

} // namespace render
