#pragma once
// A GPU as a test of its policy needs it: launched at t0, or lost in the
// launch.
#include "actors/gpu_instance/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

namespace render::gpu_instance {

inline constexpr double t0 = 1'700'000'000;

inline const failure unavailable{failure_kind::unavailable, "HTTP 502"};
inline const failure lost{failure_kind::outcome_unknown, "cut"};
inline const failure held{failure_kind::rejected, "another entry has it"};

/// As it was written.
inline gpu_entry entry_with(const std::string& workload) {
  gpu_entry out;
  out.workload = workload_id{workload};
  out.expires_s = static_cast<int64_t>(t0) + 7'200;
  return out;
}

inline const auto intent = entry_with({});

inline arm_timer timer_of(const effects& xs, timer which) {
  for (auto& x : all<arm_timer>(xs))
    if (x.which == which)
      return x;
  BOOST_FAIL("no such timer is armed");
  return {};
}

inline config media() {
  config out;
  out.instance = 7;
  out.workload_type = "media:fast";
  out.kinds = {job_kind::csm};
  return out;
}

inline gpu_workload workload(const std::string& id) {
  gpu_workload out;
  out.workload = workload_id{id};
  out.node = gpu_host{"n-" + id};
  out.type = "media:fast";
  out.running = true;
  out.created_s = t0;
  out.expires_s = t0 + 7'200;
  return out;
}

inline result<std::vector<gpu_workload>> list(std::vector<gpu_workload> xs) {
  return xs;
}

inline msg::run_job task(const std::string& id) {
  msg::run_job out;
  out.subject.id = job_id{id};
  out.subject.type = "csm";
  return out;
}

/// Launched at t0, and the answer did not come.
inline policy
lost_launch(config cfg = media(),
            const result<std::vector<gpu_workload>>& before = list({})) {
  policy x{std::move(cfg)};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, before, both(t0));
  x.on_ledger_written(intent, {}, t0);
  x.on_launched(fail(lost), t0);
  return x;
}

/// With a ledger that knows nothing else.
inline effects look(policy& x, std::vector<gpu_workload> listed) {
  auto out = x.on_listed(list_purpose::lookup, list(std::move(listed)),
                         both(t0 + 3));
  BOOST_REQUIRE(all<view_ledger>(out).size() == 1u);
  return x.on_ledger_viewed(msg::gpus_seen{}, t0 + 3);
}

/// Launched and ready at t0.
inline policy ready_gpu(config cfg = media()) {
  policy x{std::move(cfg)};
  x.start(both(t0));
  x.on_listed(list_purpose::before_launch, list({}), both(t0));
  x.on_ledger_written(intent, {}, t0);
  x.on_launched(workload("w"), t0);
  x.on_probed("", {}, t0);
  x.on_probed("csm", {}, t0);
  BOOST_REQUIRE((x.phase() == gpu_phase::ready));
  return x;
}

} // namespace render::gpu_instance
