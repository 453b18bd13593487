// The auditor's rules about renders: no second render without a reason, and no
// GPU for a job that is rendered already.
#include "app/harness/auditor.hpp"
#include "app/harness/virtual_seconds.hpp"
#include "messages/job.hpp"

#include <algorithm>
#include <cstdlib>

namespace render::harness {

// A job may be rendered again only when the GPU, the network to it, the worker,
// its disk or Redis has failed since the last render began. An outage of the
// storage is no reason, nor is a clock.
void auditor::check_second_render(const sim_gpu& gpu, const sim_run& run) {
  auto now = world_.time.now();
  auto* holder = world_.find_node(run.job < jobs_.size()
                                    ? std::string_view{jobs_[run.job].owner}
                                    : std::string_view{});
  rendering next{gpu.number, holder ? holder->client : 0, now};
  auto [at, first] = renders_.try_emplace(run.job, next);
  if (first)
    return;
  auto last = std::exchange(at->second, next);
  auto& machine = world_.cloud.gpus().at(last.gpu);
  if (machine.dead || !machine.running() || machine.troubled >= last.began)
    return;
  auto* worker = world_.find_node(last.client);
  if (!worker || !worker->alive || worker->draining || worker->lacks_a_part)
    return;
  // A probe that was sent while the way was cut may fail only now.
  auto probed = last.began - from_seconds(limits_.probe_s);
  for (auto& host : {machine.node, "ui-" + machine.node})
    if (world_.web.kept_off_at(last.client, host) >= probed)
      return;
  auto aftermath = last.began - from_seconds(limits_.redis_aftermath_s);
  if (world_.without_disk_at(last.client) >= last.began
      || world_.redis.troubled_at(last.client) >= aftermath
      || data_lost_ >= aftermath)
    return;
  break_rule("rendered again", job_table::id_of(run.job),
             "on " + gpu.node + ", and nothing has failed since its render on "
               + machine.node + " began at "
               + seconds_text(in_seconds(last.began)));
}

void auditor::on_rendered(const sim_run& run) {
  if (auto at = renders_.find(run.job); at != renders_.end())
    at->second.rendered = world_.time.now();
}

bool auditor::is_rendered(size_t job, double since_s) const {
  auto at = renders_.find(job);
  return at != renders_.end() && at->second.rendered >= virtual_duration{0}
         && in_seconds(world_.time.now() - at->second.rendered) > since_s;
}

bool auditor::holds_uploads_only(const sim_node& node, double since_s) const {
  for (size_t i = 0; i < jobs_.size(); ++i)
    if (jobs_[i].owner == node.worker_id && !is_rendered(i, since_s))
      return false;
  return true;
}

// Not counted: a launch for a job that has just ended, which the launcher could
// not know, and a launch that replaces a GPU.
void auditor::check_launch_for_upload(const sim_gpu& gpu) {
  auto launcher = world_.find_node(gpu.client);
  if (!launcher || !launcher->alive)
    return;
  auto uploads = false;
  auto now = world_.time.now();
  for (size_t i = 0; i < jobs_.size(); ++i) {
    auto& x = jobs_[i];
    auto since_end = in_seconds(now - x.ended);
    if (x.pushed < virtual_duration{0}
        || (x.end != 0 && since_end > limits_.upload_only_s))
      continue;
    auto* holder = world_.find_node(x.owner);
    // A dead worker's results are lost, so its jobs need a GPU again.
    auto waits_in_queue = x.end == 0 && (!holder || !holder->alive);
    if (x.end != 0 || waits_in_queue || !is_rendered(i, limits_.upload_only_s))
      return;
    uploads = true;
  }
  auto renewed = std::any_of(world_.cloud.running().begin(),
                             world_.cloud.running().end(), [&](auto& entry) {
                               return entry.second->client == gpu.client
                                      && entry.second != &gpu;
                             });
  if (uploads && !renewed)
    break_rule("GPU rented for an upload", gpu.workload,
               launcher->worker_id
                 + " launched it while all jobs were rendered and wait for "
                   "the storage");
}

// Measures by virtual time, which no clock jump changes.
void auditor::check_deadline(size_t job, std::string_view error) {
  constexpr std::string_view ran_out = "Job exceeded maximum runtime of ";
  constexpr std::string_view too_late = "Job exceeded completion deadline";
  // Largest difference of workers' clocks (fault "clock-skew").
  constexpr auto skew_s = 2.0;
  auto& x = jobs_[job];
  auto now = world_.time.now();
  auto due = long_ago;
  if (error.starts_with(ran_out))
    due = x.begun
          + from_seconds(std::strtod(error.data() + ran_out.size(), nullptr));
  else if (error.starts_with(too_late))
    due = world_.jobs[job].at
          + from_seconds(world_.jobs[job].complete_within_s);
  if (now + from_seconds(skew_s) < due)
    break_rule("failed before its time", job_table::id_of(job),
               seconds_text(in_seconds(due - now))
                 + " before its deadline: " + std::string{error});
}

} // namespace render::harness
