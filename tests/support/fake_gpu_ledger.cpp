#include "tests/support/fake_gpu_ledger.hpp"

namespace render::harness {

gpu_ledger_actor::behavior_type
fake_gpu_ledger_behavior(gpu_ledger_actor::pointer, fake_gpu_ledger_ptr world) {
  return {
    [=](const msg::write_gpu& x) {
      return world->write(x);
    },
    [=](const msg::close_gpu& x) {
      return world->close(x);
    },
    [=](const msg::leave_gpu& x) {
      world->left.push_back(x.id);
    },
    [=](const msg::confirm_gpus& x) {
      world->confirmed = x.ids;
    },
    [=](const msg::hand_over_gpus& x) {
      return world->hand_over(x);
    },
    [=](const msg::take_gpus&) {
      return world->take();
    },
    [=](const msg::view_gpus& x) {
      return world->view(x.type);
    },
  };
}

caf::result<caf::ok_atom> fake_gpu_ledger::write(const msg::write_gpu& x) {
  if (outage)
    return to_error({failure_kind::unavailable, "Redis: connection refused"});
  if (taken.contains(x.entry.id))
    return to_error({failure_kind::not_owner, "another worker's now"});
  for (auto& [id, other] : entries)
    if (id != x.entry.id.text() && !other.workload.empty()
        && other.workload == x.entry.workload)
      return to_error({failure_kind::rejected, "another entry has it"});
  entries[x.entry.id] = x.entry;
  return caf::ok_atom_v;
}

caf::result<caf::ok_atom> fake_gpu_ledger::close(const msg::close_gpu& x) {
  entries.erase(x.entry.id);
  closed.push_back(x);
  return caf::ok_atom_v;
}

caf::result<msg::gpus_handed_over>
fake_gpu_ledger::hand_over(const msg::hand_over_gpus& x) {
  if (outage)
    return to_error({failure_kind::unavailable, "Redis: connection refused"});
  msg::gpus_handed_over out;
  for (auto& id : x.entries)
    if (auto node = entries.extract(id)) {
      given.push_back(std::move(node.mapped()));
      taken.insert(id);
      out.entries.push_back(id);
    }
  return out;
}

msg::gpus_taken fake_gpu_ledger::take() {
  msg::gpus_taken out;
  out.entries = std::exchange(orphans, {});
  for (auto& x : out.entries)
    entries[x.id] = x;
  for (auto& [id, x] : entries)
    if (!x.workload.empty())
      out.known_workloads.push_back(x.workload);
  return out;
}

caf::result<msg::gpus_seen>
fake_gpu_ledger::view(const workload_type& type) const {
  if (outage)
    return to_error({failure_kind::unavailable, "Redis: connection refused"});
  msg::gpus_seen out;
  for (auto& [id, x] : entries)
    if (x.type == type)
      out.entries.push_back(x);
  for (auto& x : closed)
    out.ended_workloads.push_back(x.entry.workload);
  return out;
}

} // namespace render::harness
