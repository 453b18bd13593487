#pragma once
// Plays the queue and the owner to the queue watcher's policy, for its tests.
#include "actors/queue_watcher/flaws.hpp"
#include "actors/queue_watcher/policy.hpp"
#include "tests/unit/effects.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace render::queue_watcher {

using namespace std::chrono_literals;

inline constexpr double t0 = 1'700'000'000;
inline const failure broken{failure_kind::unavailable, "no Redis"};

inline msg::capacity slots(uint32_t count, uint64_t received = 0) {
  return {{{{"csm", "whisper"}, count}}, received, true};
}

inline job good_job(const std::string& id, const std::string& type = "csm") {
  job out;
  out.id = job_id{id};
  out.type = type;
  out.created_at_s = t0 - 10;
  out.data = type == "csm" ? R"({"text":"Hi."})"
                           : R"({"image_url":"http://a.example/a.png"})";
  return out;
}

inline msg::claimed_jobs claimed(std::vector<job> jobs, bool more = false) {
  return {std::move(jobs), {}, more};
}

/// A policy with this capacity, and a queue that is known to have jobs.
inline policy awake(msg::capacity x) {
  policy out{{}};
  out.on_capacity(std::move(x), t0);
  return out;
}

} // namespace render::queue_watcher
