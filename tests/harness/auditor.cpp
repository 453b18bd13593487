#include "tests/harness/auditor.hpp"

#include "messages/job.hpp"

#include <algorithm>

namespace render::harness {

namespace {

double in_seconds(virtual_duration x) {
  return static_cast<double>(x.count()) / 1e9;
}

virtual_duration seconds(double x) {
  return virtual_duration{static_cast<int64_t>(x * 1e9)};
}

bool is_final(std::string_view status) {
  return status == "success" || status == "failed" || status == "cancelled"
         || status == "timed_out";
}

std::string seconds_text(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.3f s", x);
  return buffer;
}

/// A dead host is probed ever more seldom, so its webhooks may wait for hours;
/// nothing else may be left.
bool outbox_is_done(sim_world& world) {
  auto& redis = world.redis.server();
  auto* outbox = redis.find("c3:outbox");
  if (!outbox)
    return true;
  auto& scores = std::get<redis_zset>(outbox->data).scores;
  return std::all_of(scores.begin(), scores.end(), [&](auto& entry) {
    return world.places.is_dead(redis.field("c3:outbox:" + entry.first, "url"));
  });
}

} // namespace

auditor::auditor(sim_world& world, audit_limits limits)
  : world_(world), limits_(limits) {
  auto& server = world_.redis.server();
  server.on_field = [this](std::string_view key, std::string_view field,
                           std::string_view before, std::string_view now) {
    on_field(key, field, before, now);
  };
  world_.cloud.on_run = [this](const sim_gpu& gpu, const sim_run& run,
                               bool begins) {
    if (begins)
      on_run(gpu, run);
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
  world_.time.events().after(seconds(limits_.interval_s), [this] {
    tick();
  });
}

auditor::~auditor() {
  world_.on_redis_data_lost = nullptr;
  world_.redis.server().on_field = nullptr;
  world_.cloud.on_run = nullptr;
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

void auditor::on_field(std::string_view key, std::string_view field,
                       std::string_view before, std::string_view now) {
  auto status = field == "status";
  if (!status && field != "locked_by")
    return;
  if (!key.starts_with("job:"))
    return;
  auto job = world_.jobs.find_in(key);
  if (!job)
    return;
  if (jobs_.size() <= *job)
    jobs_.resize(std::max(world_.jobs.size(), *job + 1));
  if (status)
    on_status(*job, before, now);
  else
    on_owner(*job, before, now);
}

void auditor::on_status(size_t job, std::string_view before,
                        std::string_view now) {
  auto& x = jobs_[job];
  auto id = job_table::id_of(job);
  if (world_.writing() == redis_writer::front_end) {
    if (now == "queued" && before.empty())
      x.pushed = world_.time.now();
    if (is_final(now)) {
      x.end = 'c';
      x.ended = world_.time.now();
      ++finals_;
    }
  } else {
    if (is_final(before))
      return break_rule("final status twice", id,
                        "status " + std::string{before} + " became "
                          + std::string{now});
    if (now == "running" && x.begun < virtual_duration{0})
      x.begun = world_.time.now();
    if (is_final(now)) {
      x.end = now == "success" ? 's' : 'f';
      x.ended = world_.time.now();
      ++finals_;
    }
  }
  // Whatever ends it, nobody holds it any more.
  if (is_final(now) || now == "queued") {
    if (auto* holder = world_.find_node(x.owner); holder && !x.owner.empty())
      --held_[holder->client];
    x.owner.clear();
  }
}

void auditor::on_owner(size_t job, std::string_view before,
                       std::string_view now) {
  auto& x = jobs_[job];
  if (now.empty() || now == before)
    return;
  auto id = job_table::id_of(job);
  auto* old = world_.find_node(x.owner);
  if (!x.owner.empty() && x.owner != now && old && old->alive
      && world_.redis.server().find("job:" + id + ":lock"))
    return break_rule("two owners", id,
                      "held by " + x.owner + ", taken by " + std::string{now});
  if (old && !x.owner.empty())
    --held_[old->client];
  x.owner = now;
  ++x.owners;
  if (auto* holder = world_.find_node(now))
    ++held_[holder->client];
}

// Two runs of one job that somebody alive follows.
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
}

// Whoever stops a machine holds it in the ledger; nobody else does.
void auditor::check_stop(const sim_gpu& gpu, uint64_t client) {
  auto& server = world_.redis.server();
  auto* ledger = server.find("c3:gpus");
  if (!ledger)
    return;
  for (auto& [id, score] : std::get<redis_zset>(ledger->data).scores) {
    auto entry = "c3:gpu:" + id;
    auto owner = server.field(entry, "owner");
    auto* other = world_.find_node(owner);
    if (server.field(entry, "workload") == gpu.workload && other
        && other->client != client && other->alive)
      return break_rule("foreign GPU", gpu.workload,
                        "w" + std::to_string(client)
                          + " stopped the GPU that the ledger gives to "
                          + std::string{owner});
  }
}

void auditor::on_data_lost() {
  memory_lost_ = true;
  auto& server = world_.redis.server();
  held_.clear();
  finals_ = 0;
  for (size_t i = 0; i < jobs_.size(); ++i) {
    auto& x = jobs_[i];
    auto record = "job:" + job_table::id_of(i);
    auto status = server.field(record, "status");
    if (!server.find(record)) {
      // Nobody but Redis knew of a job that waited, and of one that had ended
      // nobody has to know any more. A job that was held is its holder's.
      if (x.pushed >= virtual_duration{0} && x.owner.empty() && x.end == 0)
        x.end = 'l';
    } else if (is_final(status)) {
      if (x.end == 0)
        x.end = status == "success" ? 's' : 'f';
    } else {
      x.end = 0;
    }
    if (x.end == 0) {
      x.owner = server.field(record, "locked_by");
      if (auto* holder = world_.find_node(x.owner))
        ++held_[holder->client];
    } else {
      x.owner.clear();
      ++finals_;
    }
  }
}

// -- every second -------------------------------------------------------------

void auditor::tick() {
  world_.time.events().after(seconds(limits_.interval_s), [this] {
    tick();
  });
  auto now_s = in_seconds(world_.time.now());
  if (world_.cloud.api_down)
    api_ok_since_ = world_.time.now();
  check_gpus();
  check_warm_slots();
  auto nodes = std::max<size_t>(1, world_.nodes().size());
  if (world_.web.open() > limits_.requests_max * nodes)
    break_rule("bounded queues", "http",
               std::to_string(world_.web.open()) + " requests are under way");
  if (sample_interval_s_ > 0 && now_s >= next_sample_s_) {
    next_sample_s_ = now_s + sample_interval_s_;
    sample x;
    x.at_s = now_s;
    if (auto* queue = world_.redis.server().find("queue:jobs"))
      x.queued = std::get<redis_list>(queue->data).size();
    for (auto& [number, gpu] : world_.cloud.running())
      if (!gpu->foreign()) {
        ++x.gpus;
        x.busy += gpu->busy() > 0 ? 1 : 0;
      }
    samples_.push_back(x);
  }
}

void auditor::check_gpus() {
  auto now = world_.time.now();
  if (in_seconds(now - api_ok_since_) < limits_.dead_gpu_s
      && api_ok_since_.count() > 0)
    return;
  for (auto& [number, gpu] : world_.cloud.running()) {
    if (gpu->foreign())
      continue;
    auto* node = world_.find_node(gpu->client);
    if (!node || !node->alive)
      continue; // Whoever is left has to notice; checked at the end.
    auto idle = in_seconds(now - gpu->last_busy);
    auto allowed = node->cfg.gpu_idle_timeout.count()
                   + limits_.idle_tolerance_s;
    if (gpu->busy() == 0 && !gpu->dead && now > gpu->last_busy && idle > allowed
        && held_[gpu->client] == 0)
      return break_rule("idle GPU", gpu->workload,
                        gpu->node + " of " + node->worker_id
                          + " does nothing for " + seconds_text(idle));
    auto age = in_seconds(now - gpu->created);
    if (age > node->cfg.boot_timeout.count() + limits_.dead_gpu_s
        && gpu->node_up > now)
      return break_rule("idle GPU", gpu->workload,
                        gpu->node + " does not boot since "
                          + seconds_text(age));
  }
}

// Of the workers who hold fewer jobs than their ready machines have slots.
void auditor::check_warm_slots() {
  auto* queue = world_.redis.server().find("queue:jobs");
  std::array<bool, 4> waits{};
  if (queue) {
    auto& ids = std::get<redis_list>(queue->data);
    for (size_t i = 0; i < std::min<size_t>(ids.size(), 50); ++i) {
      auto record = "job:" + ids[i];
      auto kind = job_kind_from(world_.redis.server().field(record, "type"));
      auto& server = world_.redis.server();
      // Somebody outside the fleet may hold a job that still stands there.
      auto held = !server.field(record, "locked_by").empty()
                  && server.find(record + ":lock");
      if (kind && server.field(record, "status") == "queued" && !held)
        waits[static_cast<size_t>(*kind)] = true;
    }
  }
  auto now = world_.time.now();
  std::map<uint64_t, size_t> ready;
  for (auto& [number, gpu] : world_.cloud.running()) {
    auto* node = world_.find_node(gpu->client);
    if (!node || !node->alive || node->drained || gpu->dead)
      continue;
    auto age = in_seconds(now - gpu->created);
    if (age > node->cfg.gpu_replace_after.count() - 10)
      continue;
    for (size_t kind = 0; kind < 4; ++kind)
      if (waits[kind] && gpu->service_up[kind] < now - seconds(5)) {
        ready[gpu->client] += node->cfg.jobs_per_gpu;
        break;
      }
  }
  std::erase_if(waits_since_, [&](auto& entry) {
    auto at = ready.find(entry.first);
    return at == ready.end() || at->second <= held_[entry.first];
  });
  for (auto& [client, slots] : ready) {
    if (slots <= held_[client])
      continue;
    auto since = waits_since_.try_emplace(client, now).first->second;
    if (in_seconds(now - since) > limits_.warm_slot_s)
      return break_rule("warm slot waits", world_.find_node(client)->worker_id,
                        "it holds " + std::to_string(held_[client])
                          + " jobs, has " + std::to_string(slots)
                          + " warm slots, and fitting jobs wait since "
                          + seconds_text(in_seconds(now - since)));
  }
}

// -- the end ------------------------------------------------------------------

bool auditor::all_done() const {
  if (world_.unpushed() > 0 || finals_ < world_.jobs.size())
    return false;
  if (!outbox_is_done(world_))
    return false;
  for (auto& [number, gpu] : world_.cloud.running())
    if (!gpu->foreign())
      return false;
  return true;
}

void auditor::check_end() {
  for (size_t i = 0; i < world_.jobs.size(); ++i) {
    auto id = job_table::id_of(i);
    auto status = world_.status(i);
    auto forgotten = i < jobs_.size() && jobs_[i].end != 0 && status.empty();
    if (!is_final(status) && !forgotten)
      return break_rule(
        "job lost", id,
        "its status is \"" + status + "\", held by \""
          + std::string{world_.redis.server().field("job:" + id, "locked_by")}
          + "\"");
  }
  for (auto& [number, gpu] : world_.cloud.running())
    if (!gpu->foreign())
      return break_rule("GPU not stopped", gpu->workload,
                        gpu->node + ", launched by w"
                          + std::to_string(gpu->client) + " at "
                          + seconds_text(in_seconds(gpu->created)));
  auto* dead = world_.redis.server().find("c3:webhooks:dead");
  for (size_t i = 0; i < world_.jobs.size(); ++i) {
    if (world_.jobs[i].notify_url.empty() || i >= jobs_.size()
        || jobs_[i].end == 'c' || jobs_[i].end == 'l' || memory_lost_
        || world_.places.delivered().contains(i))
      continue;
    if (auto* outbox = world_.redis.server().find("c3:outbox");
        outbox && world_.places.is_dead(world_.jobs[i].notify_url)
        && std::get<redis_zset>(outbox->data)
             .scores.contains(job_table::id_of(i)))
      continue;
    auto id = job_table::id_of(i);
    auto given_up = dead
                    && std::get<redis_zset>(dead->data).scores.contains(id);
    if (!given_up)
      return break_rule("webhook lost", id,
                        "neither delivered nor among the dead letters");
  }
}

} // namespace render::harness
