#include "app/harness/auditor.hpp"

#include "app/harness/virtual_seconds.hpp"
#include "app/node/replace_age.hpp"
#include "messages/job.hpp"

#include <algorithm>

namespace render::harness {

auditor::auditor(sim_world& world, audit_limits limits)
  : world_(world), limits_(limits) {
  waited_.fill(long_ago);
  auto& server = world_.redis.server();
  server.on_field = [this](std::string_view key, std::string_view field,
                           std::string_view before, std::string_view now) {
    on_field(key, field, before, now);
  };
  server.on_removed = [this](std::string_view key) {
    ledger_.on_removed(key);
  };
  world_.cloud.on_launch = [this](const sim_gpu& gpu) {
    if (gpu.foreign())
      return;
    check_launch(gpu);
    check_launch_for_upload(gpu);
  };
  world_.cloud.on_run = [this](const sim_gpu& gpu, const sim_run& run,
                               bool begins) {
    if (begins)
      on_run(gpu, run);
  };
  world_.cloud.on_rendered = [this](const sim_gpu&, const sim_run& run) {
    on_rendered(run);
  };
  world_.cloud.on_stop_asked = [this](const sim_gpu& gpu, uint64_t client) {
    if (gpu.foreign())
      return break_rule("foreign GPU", gpu.workload,
                        "a workload that nobody of ours launched was stopped");
    if (gpu.running())
      check_stop(gpu, client);
  };
  world_.on_redis_data_lost = [this] {
    on_data_lost();
  };
  world_.time.events().after(from_seconds(limits_.interval_s), [this] {
    tick();
  });
}

auditor::~auditor() {
  world_.on_redis_data_lost = nullptr;
  world_.redis.server().on_field = nullptr;
  world_.redis.server().on_removed = nullptr;
  world_.cloud.on_launch = nullptr;
  world_.cloud.on_run = nullptr;
  world_.cloud.on_rendered = nullptr;
  world_.cloud.on_stop_asked = nullptr;
}

void auditor::break_rule(std::string rule, std::string subject,
                         std::string text) {
  if (found_)
    return;
  found_ = violation{std::move(rule), std::move(text), world_.time.now(),
                     std::move(subject)};
  world_.time.stop();
}

// -- every write --------------------------------------------------------------

void auditor::let_go(uint64_t client) {
  if (--held_[client] == 0)
    held_until_[client] = world_.time.now();
}

void auditor::on_field(std::string_view key, std::string_view field,
                       std::string_view before, std::string_view now) {
  auto status = field == "status";
  if (!key.starts_with("job:"))
    return ledger_.on_field(key, field, now);
  auto settler = field == "settled_by";
  if (!status && !settler && field != "locked_by")
    return;
  auto job = world_.jobs.find_in(key);
  if (!job)
    return;
  if (jobs_.size() <= *job)
    jobs_.resize(std::max(world_.jobs.size(), *job + 1));
  if (status)
    on_status(*job, before, now);
  else if (settler)
    on_settler(*job, now);
  else
    on_owner(*job, before, now);
}

void auditor::on_status(size_t job, std::string_view before,
                        std::string_view now) {
  auto& x = jobs_[job];
  // A worker's journal has restored the job that Redis had lost.
  if (x.end == 'l' && !is_final_status(now)) {
    x.end = 0;
    --finals_;
  }
  x.running = now == "running" ? world_.time.now() : virtual_duration{-1};
  auto id = job_table::id_of(job);
  if (world_.writing() == redis_writer::front_end) {
    if (now == "queued" && before.empty())
      x.pushed = world_.time.now();
    if (is_final_status(now)) {
      finals_ += x.end == 0 ? 1 : 0;
      x.end = 'c';
      x.ended = world_.time.now();
    }
  } else {
    if (is_final_status(before))
      return break_rule("final status twice", id,
                        "status " + std::string{before} + " became "
                          + std::string{now});
    if (now == "running" && x.begun < virtual_duration{0})
      x.begun = world_.time.now();
    if (is_final_status(now)) {
      finals_ += x.end == 0 ? 1 : 0;
      x.ended_under = x.owner;
      x.end = now == "success" ? 's' : 'f';
      x.ended = world_.time.now();
      if (x.end == 'f')
        check_failure(job);
    }
  }
  // A job that has ended, or is queued again, has no owner.
  if (is_final_status(now) || now == "queued") {
    if (auto* holder = world_.find_node(x.owner); holder && !x.owner.empty())
      let_go(holder->client);
    if (now == "queued" || world_.writing() == redis_writer::front_end)
      unsettled_[x.owner].insert(world_.time.now());
    x.owner.clear();
  }
}

// The error is written before the status. A job must not fail because the
// worker's own machine or the storage lacks something.
void auditor::check_failure(size_t job) {
  auto id = job_table::id_of(job);
  std::string error{world_.redis.server().field("job:" + id, "error")};
  auto detail
    = std::string{world_.redis.server().field("job:" + id, "error_detail")};
  for (auto* sign : {"No space left", "upload output/", "disk, memory",
                     "can be reached from here"})
    if (error.find(sign) != std::string::npos
        || detail.find(sign) != std::string::npos)
      return break_rule("failed for its worker", id, error + detail);
  check_deadline(job, error);
}

// "w3 2": the worker, and the fence of its claim. Written with the status.
void auditor::on_settler(size_t job, std::string_view now) {
  auto& owner = jobs_[job].ended_under;
  auto by = now.substr(0, now.find(' '));
  if (!by.empty() && !owner.empty() && by != owner)
    break_rule("ended by another", job_table::id_of(job),
               std::string{by} + " ended it while " + owner + " held it");
}

void auditor::on_owner(size_t job, std::string_view before,
                       std::string_view now) {
  auto& x = jobs_[job];
  if (now.empty() || now == before)
    return;
  if (auto at = renders_.find(job); at != renders_.end())
    at->second.rendered = virtual_duration{-1};
  auto id = job_table::id_of(job);
  auto* old = world_.find_node(x.owner);
  if (!x.owner.empty() && x.owner != now && old && old->alive
      && world_.redis.server().find("job:" + id + ":lock"))
    return break_rule("two owners", id,
                      "held by " + x.owner + ", taken by " + std::string{now});
  if (old && !x.owner.empty()) {
    let_go(old->client);
    unsettled_[x.owner].insert(world_.time.now());
  }
  x.owner = now;
  if (auto* holder = world_.find_node(now))
    ++held_[holder->client];
}

// Finds two runs of one job that are both followed.
void auditor::on_run(const sim_gpu& gpu, const sim_run& run) {
  auto& all = followed_[run.job];
  std::erase_if(all, [&](auto& entry) {
    auto& other = world_.cloud.gpus().at(entry.first);
    auto at = other.runs.find(entry.second);
    return at == other.runs.end() || at->second.ended;
  });
  for (auto& [other, number] : all) {
    auto& there = world_.cloud.gpus().at(other);
    auto listener = there.runs.at(number).listener.lock();
    if (listener && listener->open() && !there.dead)
      return break_rule("job runs twice", job_table::id_of(run.job),
                        "it runs on " + there.node + " and on " + gpu.node);
  }
  for (auto& [number, x] : gpu.runs)
    if (&x == &run)
      all.emplace_back(gpu.number, number);
  check_second_render(gpu, run);
}

// The ledger must have an entry at the launch, so that others find the GPU of a
// worker that dies now.
void auditor::check_launch(const sim_gpu& gpu) {
  auto since_loss = in_seconds(world_.time.now() - data_lost_);
  if (since_loss > limits_.orphan_s && !ledger_.has_intent(gpu))
    break_rule("GPU not in the ledger", gpu.workload,
               "w" + std::to_string(gpu.client)
                 + " launched it, and no entry was written before");
}

// A worker that was cut off may stop a GPU that another worker has taken over
// from it. A worker must not stop a GPU that it never had, unless that is being
// stopped already.
void auditor::check_stop(const sim_gpu& gpu, uint64_t client) {
  auto stopper = "w" + std::to_string(client);
  if (ledger_.ever_held(gpu, stopper)) {
    if (auto* node = world_.find_node(client); limits_.calm && node)
      check_early_stop(gpu, *node);
    return;
  }
  if (ledger_.is_stopping(gpu.workload))
    return;
  for (auto& owner : ledger_.holders(gpu.workload)) {
    auto* other = world_.find_node(owner);
    if (other && other->client != client && other->alive)
      return break_rule("foreign GPU", gpu.workload,
                        stopper + " stopped the GPU that the ledger gives to "
                          + std::string{owner});
  }
}

// A GPU is kept for its idle timeout, unless it is old or has to make room for
// another type.
void auditor::check_early_stop(const sim_gpu& gpu, const sim_node& node) {
  auto now = world_.time.now();
  auto age = in_seconds(now - gpu.created);
  if (gpu.dead || node.drained || gpu.last_busy > now
      || age > in_seconds(replace_age(node.cfg)) - 10)
    return;
  if (gpu.busy > 0)
    return break_rule("busy GPU stopped", gpu.workload, "a job runs on it");
  look_at_queue();
  for (size_t kind = 0; kind < waited_.size(); ++kind)
    if (now - waited_[kind] <= from_seconds(limits_.look_age_s)
        && gpu.service_up[kind] > now)
      return;
  auto idle = in_seconds(now - gpu.last_busy);
  // Others keep no more GPUs than the traffic is worth.
  auto& kept = node.cfg.gpu_idle_policy;
  if (kept == "adaptive" || (kept.empty() && world_.options.cluster))
    return;
  if (idle < node.cfg.gpu_idle_timeout.count() - 1)
    break_rule("GPU stopped early", gpu.workload,
               node.worker_id + " stopped it " + seconds_text(idle)
                 + " after its last job");
}

// The owner of a job has the job in its journal and writes it again. A job
// without an owner, or whose owner may not have heard of its claim yet, is lost
// with its record.
void auditor::on_data_lost() {
  auto& server = world_.redis.server();
  data_lost_ = world_.time.now();
  losses_.push_back(virtual_epoch_s + in_seconds(data_lost_));
  ledger_.reload(server);
  held_.clear();
  finals_ = 0;
  for (size_t i = 0; i < jobs_.size(); ++i) {
    auto& x = jobs_[i];
    auto id = job_table::id_of(i);
    auto* record = server.find("job:" + id);
    auto status = server.field(record, "status");
    auto held = x.running >= virtual_duration{0}
                && in_seconds(data_lost_ - x.running) > limits_.claim_heard_s
                && world_.find_node(x.owner);
    x.owner.clear();
    x.running = virtual_duration{-1};
    if (!record) {
      if (x.pushed >= virtual_duration{0} && x.end == 0 && !held)
        x.end = 'l';
      x.webhook_lost |= !server.find("c3:outbox:" + id);
    } else if (is_final_status(status)) {
      if (x.end == 0)
        x.end = status == "success" ? 's' : 'f';
    } else {
      x.end = 0;
      x.owner = server.field(record, "locked_by");
      if (auto* holder = world_.find_node(x.owner))
        ++held_[holder->client];
    }
    finals_ += x.end == 0 ? 0 : 1;
  }
}

} // namespace render::harness
