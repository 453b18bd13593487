#pragma once
// A SUPERVISOR's policy with GPUs that are ready, for its tests.
#include "actors/supervisor/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace render::supervisor {

inline constexpr double t0 = 1'700'000'000;
inline const failure unavailable{failure_kind::unavailable, "cut"};

inline config settings() {
  config out;
  out.workload_of_kind = {{job_kind::csm, "media:fast"},
                          {job_kind::whisper, "media:fast"},
                          {job_kind::portrait, "media:fast"},
                          {job_kind::analyze, "ollama_webui:fast"}};
  out.pre_launch_min = out.pre_launch_max = duration{0};
  out.max_gpus = 4;
  // supervisor_look_test.cpp tests the looks.
  out.look_before_launch = false;
  return out;
}

inline job a_job(const std::string& id, const std::string& type = "csm") {
  job out;
  out.id = job_id{id};
  out.type = type;
  out.attempt = 1;
  return out;
}

inline msg::gpu_update
update(uint64_t instance, gpu_phase phase,
       std::vector<job_kind> kinds = {job_kind::csm, job_kind::whisper,
                                      job_kind::portrait},
       uint32_t busy = 0) {
  msg::gpu_update out;
  out.instance = instance;
  out.phase = phase;
  out.ready_kinds = std::move(kinds);
  out.busy_slots = busy;
  return out;
}

/// Without a text: a success.
inline msg::job_ended ended(uint64_t instance, const std::string& id,
                            failure why = {failure_kind::internal, {}}) {
  return {instance, a_job(id),
          why.message.empty() ? job_outcome{} : failed_outcome(std::move(why))};
}

/// The timer of this kind that `out` arms.
inline arm_timer timer_of(const effects& out, timer which) {
  auto timers = all<arm_timer>(out);
  auto at = std::find_if(timers.begin(), timers.end(), [which](auto& x) {
    return x.which == which;
  });
  BOOST_REQUIRE(at != timers.end());
  return *at;
}

/// The effects at the end of the random wait that `out` arms.
inline effects after_the_wait(policy& x, const effects& out, double now_s) {
  effects after;
  for (auto& timer : all<arm_timer>(out))
    if (timer.which == timer::jitter)
      append(after, x.on_timer(timer.which, timer.generation, now_s));
  return after;
}

/// A policy with ready GPUs 1 to `gpus`.
struct fleet {
  explicit fleet(uint32_t gpus, config cfg = settings()) : x(std::move(cfg)) {
    x.on_watcher_started();
    msg::backlog waiting;
    waiting.waiting_by_type["csm"] = gpus;
    for (auto& timer : all<arm_timer>(x.on_backlog(waiting, both(t0))))
      x.on_timer(timer.which, timer.generation, t0);
    BOOST_REQUIRE(x.status().gpus.size() == gpus);
    x.on_backlog({}, both(t0));
    for (uint64_t i = 1; i <= gpus; ++i)
      x.on_gpu_update(update(i, gpu_phase::ready), t0);
  }

  effects claim(const std::string& id, double now_s = t0) {
    return x.on_jobs_claimed({{a_job(id)}, {}}, both(now_s));
  }

  /// The GPU reports its number of busy slots.
  void begun(uint64_t instance, uint32_t busy = 1) {
    x.on_gpu_update(update(instance, gpu_phase::ready,
                           {job_kind::csm, job_kind::whisper}, busy),
                    t0);
  }

  /// Fires the timer for jobs that wait for a slot each second, at first
  /// because of `out`, until a job goes back to the queue.
  struct given_back {
    int after_s = 0;
    render::job_id job_id;
  };
  given_back wait_until_given_back(effects out) {
    for (int s = 1; s <= 60; ++s) {
      auto due = timer_of(out, timer::pending);
      out = x.on_timer(due.which, due.generation, t0 + s);
      if (auto back = all<release>(out); !back.empty())
        return {s, back[0].job_id};
    }
    return {};
  }

  policy x;
};

} // namespace render::supervisor
