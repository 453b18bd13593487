// The auditor's rules that need a look at everything: every second, and at the
// end.
#include "app/harness/auditor.hpp"
#include "app/harness/virtual_seconds.hpp"
#include "app/node/replace_age.hpp"
#include "messages/job.hpp"

#include <algorithm>

namespace render::harness {

namespace {

constexpr double lease_s = 30;

/// A dead host is probed at growing intervals, so its webhooks may wait for
/// hours. No other entry may be left.
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

// -- every second -------------------------------------------------------------

void auditor::tick() {
  world_.time.events().after(from_seconds(limits_.interval_s), [this] {
    tick();
  });
  auto now_s = in_seconds(world_.time.now());
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
        x.busy += gpu->busy > 0 ? 1 : 0;
      }
    samples_.push_back(x);
  }
}

// The living worker that the ledger names, else the launcher. Null when none of
// them lives.
const sim_node* auditor::keeper_of(const sim_gpu& gpu) {
  auto works = [](const sim_node* x) {
    return x && x->alive && !x->drained;
  };
  for (auto& owner : ledger_.holders(gpu.workload))
    if (auto* x = world_.find_node(owner); works(x))
      return x;
  auto* launcher = world_.find_node(gpu.client);
  return works(launcher) ? launcher : nullptr;
}

void auditor::check_gpus() {
  auto now = world_.time.now();
  redis_troubled_ = std::max(redis_troubled_, world_.redis.troubled_at(0));
  for (auto& [number, gpu] : world_.cloud.running()) {
    if (gpu->foreign())
      continue;
    auto* node = keeper_of(*gpu);
    auto client = node ? node->client : 0;
    auto& kept = kept_.try_emplace(number, keeping{client, now}).first->second;
    if (kept.client != client) {
      kept.taken_over = kept.client != 0 || kept.taken_over;
      if (kept.client != 0)
        kept.held = std::max(kept.held, held_until_[kept.client]);
      kept.client = client;
      kept.since = now;
    }
    if (in_seconds(now - world_.without_api_at(client)) < limits_.dead_gpu_s) {
      kept.helpless = now;
      continue;
    }
    // After an outage the living have the time of a lease to renew theirs, and
    // until then nobody takes anything over: that time does not count.
    if (!node && in_seconds(now - redis_troubled_) < lease_s)
      kept.since += from_seconds(limits_.interval_s);
    if (node)
      check_idle(*gpu, *node, kept);
    else if (in_seconds(now - kept.since) > limits_.orphan_s)
      break_rule("orphaned GPU", gpu->workload,
                 gpu->node
                   + ": its worker is gone, and nobody has taken it over or "
                     "stopped it for "
                   + seconds_text(in_seconds(now - kept.since)));
  }
}

void auditor::check_idle(const sim_gpu& gpu, const sim_node& node,
                         const keeping& kept) {
  auto now = world_.time.now();
  // A job that has failed before its render has also occupied the GPU.
  auto idle = in_seconds(now
                         - std::max({gpu.last_busy, held_until_[node.client],
                                     kept.held, kept.helpless}));
  auto allowed = node.cfg.gpu_idle_timeout.count() + limits_.idle_tolerance_s;
  if (gpu.busy == 0 && !gpu.dead && now > gpu.last_busy && idle > allowed) {
    // A worker that cannot reach its GPU takes that for booting.
    if (in_seconds(now - world_.web.kept_off_at(node.client, gpu.node))
        < allowed)
      return;
    auto text = gpu.node + " of " + node.worker_id + " does nothing for "
                + seconds_text(idle);
    if (held_[node.client] == 0)
      return break_rule("idle GPU", gpu.workload, text);
    if (holds_uploads_only(node, allowed))
      return break_rule("GPU held for an upload", gpu.workload, text);
  }
  // A worker that has adopted the GPU waits for its boot anew.
  auto waits = in_seconds(now - kept.since);
  if (waits > node.cfg.boot_timeout.count() + limits_.dead_gpu_s
      && gpu.node_up > now)
    break_rule("idle GPU", gpu.workload,
               gpu.node + " does not boot since " + seconds_text(waits));
}

std::array<bool, 4> auditor::look_at_queue() {
  std::array<bool, 4> out{};
  auto& server = world_.redis.server();
  auto* queue = server.find("queue:jobs");
  if (!queue)
    return out;
  auto& ids = std::get<redis_list>(queue->data);
  for (size_t i = 0; i < std::min<size_t>(ids.size(), 50); ++i) {
    auto record = "job:" + ids[i];
    auto kind = job_kind_from(server.field(record, "type"));
    // A worker outside the fleet may have locked a job that is still in the
    // queue.
    auto held = !server.field(record, "locked_by").empty()
                && server.find(record + ":lock");
    if (kind && server.field(record, "status") == "queued" && !held)
      out[static_cast<size_t>(*kind)] = true;
  }
  for (size_t kind = 0; kind < out.size(); ++kind)
    if (out[kind])
      waited_[kind] = world_.time.now();
  return out;
}

// Finds workers that have fewer jobs than slots on ready GPUs while fitting
// jobs wait.
void auditor::check_warm_slots() {
  auto waits = look_at_queue();
  if (waits == std::array<bool, 4>{})
    return waits_since_.clear();
  auto now = world_.time.now();
  std::map<uint64_t, size_t> ready;
  for (auto& [number, gpu] : world_.cloud.running()) {
    auto* node = keeper_of(*gpu);
    // A GPU without an entry is still searched for: its launch lost the answer.
    auto known = !ledger_.holders(gpu->workload).empty();
    if (!node || gpu->dead || !known || ledger_.is_stopping(gpu->workload))
      continue;
    auto age = in_seconds(now - gpu->created);
    if (age > in_seconds(replace_age(node->cfg)) - 10)
      continue;
    // The worker takes the GPU for dead, and its look-ups fail for a while
    // longer.
    if (in_seconds(now - world_.web.kept_off_at(node->client, gpu->node))
        < limits_.warm_slot_s)
      continue;
    // A worker that cannot ask the provider does not learn whether what it has
    // taken over is there.
    auto kept = kept_.find(number);
    if (kept != kept_.end() && kept->second.taken_over
        && in_seconds(now - world_.without_api_at(node->client))
             < limits_.warm_slot_s)
      continue;
    for (size_t kind = 0; kind < 4; ++kind)
      if (waits[kind] && gpu->service_up[kind] < now - from_seconds(5)) {
        ready[node->client] += node->cfg.jobs_per_gpu;
        break;
      }
  }
  std::erase_if(waits_since_, [&](auto& entry) {
    auto at = ready.find(entry.first);
    return at == ready.end() || at->second <= held_[entry.first];
  });
  for (auto& [client, slots] : ready) {
    // An unfit worker claims nothing.
    if (slots <= held_[client] || world_.may_be_unfit(client)) {
      waits_since_.erase(client);
      continue;
    }
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
    if (!is_final_status(status) && !forgotten)
      return break_rule(
        "job lost", id,
        "its status is \"" + status + "\", held by \""
          + std::string{world_.redis.server().field("job:" + id, "locked_by")}
          + "\"");
    auto& server = world_.redis.server();
    if (status == "success" && server.field("job:" + id, "result").empty()
        && server.field("job:" + id, "result_url").empty())
      return break_rule("no result", id, "it succeeded without one");
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
        || jobs_[i].end == 'c' || jobs_[i].end == 'l' || jobs_[i].webhook_lost
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
  check_money();
}

} // namespace render::harness
