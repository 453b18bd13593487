// When GPUs are rented, and when one is given up to make room for another: what
// launching.hpp decides from is gathered here, and what it decides is done.
#include "actors/supervisor/policy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::supervisor {

namespace {

size_t index_of(job_kind kind) {
  return static_cast<size_t>(kind);
}

// Never earlier than `then_s`, but for the last digits of a double.
duration until(double then_s, double now_s) {
  if (then_s <= now_s)
    return duration{0};
  auto ms = std::ceil((then_s - now_s) * 1000 - 1e-3);
  return duration{std::max<int64_t>(1, static_cast<int64_t>(ms))};
}

} // namespace

const workload_type& policy::workload_of(const std::string& job_type) const {
  static const workload_type none;
  auto kind = job_kind_from(job_type);
  if (!kind)
    return none;
  auto at = cfg_.workload_of_kind.find(*kind);
  return at == cfg_.workload_of_kind.end() ? none : at->second;
}

uint64_t policy::queued_for(const workload_type& type) const {
  uint64_t out = 0;
  for (auto& [job_type, count] : queue_.by_type)
    if (workload_of(job_type) == type)
      out += count;
  return out;
}

uint64_t policy::waiting_for(const workload_type& type) const {
  auto out = queued_for(type);
  for (auto& id : pending_)
    if (workload_of(jobs_.at(id).task.subject.type) == type)
      ++out;
  return out;
}

// -- what is known ------------------------------------------------------------

launching::by_kind<launching::waiting_jobs>
policy::waiting_jobs_of(const workload_type& type, const input_gate& inputs,
                        double now_s) const {
  launching::by_kind<launching::waiting_jobs> out;
  for (auto& [job_type, count] : queue_.by_type) {
    if (count == 0 || workload_of(job_type) != type)
      continue;
    auto at = queue_.without_inputs.find(job_type);
    auto without = at == queue_.without_inputs.end() ? 0 : at->second;
    auto& x = out[index_of(*job_kind_from(job_type))];
    x.others += count;
    x.worth += inputs.usable(cfg_.inputs, count, without, now_s);
  }
  for (auto& id : pending_) {
    auto& held = jobs_.at(id);
    auto& job_type = held.task.subject.type;
    if (workload_of(job_type) != type)
      continue;
    auto& x = out[index_of(*job_kind_from(job_type))];
    if (held.failures > 0) {
      ++x.tried;
    } else {
      ++x.others;
      ++x.worth;
    }
  }
  return out;
}

std::vector<launching::own_gpu> policy::own_gpus_of(const workload_type& type,
                                                    double now_s) const {
  std::vector<launching::own_gpu> out;
  for (auto& [instance, x] : gpus_) {
    auto phase = x.last.phase;
    auto boots = phase == gpu_phase::launching || phase == gpu_phase::booting;
    if (x.type != type || x.told_to_stop
        || (!boots && phase != gpu_phase::ready))
      continue;
    launching::own_gpu gpu;
    gpu.boots = boots;
    if (phase == gpu_phase::launching)
      gpu.trouble = x.last.reason;
    gpu.trusted = x.suspect_generation == 0;
    gpu.free_slots = cfg_.slots_per_gpu
                     - static_cast<uint32_t>(
                       std::min<size_t>(cfg_.slots_per_gpu, x.jobs.size()));
    // Its other services may be about to come up, but not for ever.
    gpu.serves.fill(
      boots || now_s - x.ready_since_s < in_seconds(cfg_.service_boot_time));
    for (auto kind : x.last.ready_kinds)
      gpu.serves[index_of(kind)] = true;
    out.push_back(gpu);
  }
  return out;
}

launching::situation policy::situation_of(const workload_type& type,
                                          double now_s) {
  auto& record = launches_[type];
  launching::situation out;
  out.waiting = waiting_jobs_of(type, record.inputs, now_s);
  for (auto& id : pending_)
    if (auto& task = jobs_.at(id).task; workload_of(task.subject.type) == type)
      out.first_deadline_s = std::min(
        out.first_deadline_s.value_or(task.deadline_s), task.deadline_s);
  out.gpus = own_gpus_of(type, now_s);
  out.slots_per_gpu = cfg_.slots_per_gpu;
  out.max_gpus = cfg_.max_gpus;
  out.room = room();
  if (out.room == 0) {
    out.can_make_room = in_the_way(type, now_s).has_value();
    out.room_comes = is_leaving();
  }
  out.asks_ledger = cfg_.look_before_launch;
  if (waiting_for(type) > 0 && sees_fleet(now_s)) {
    auto fleet = outlook_of(type, now_s);
    // Jobs that wait for so long show that it is not as the others say.
    auto limit_s = cfg_.peers.disbelief
                   * std::max(fleet.boot_s, fleet.target_wait_s);
    if (queue_.waits_since_s == 0 || now_s - queue_.waits_since_s < limit_s)
      out.fleet = std::move(fleet);
  }
  out.inputs_asked = record.inputs.looking();
  out.refused = record.refused;
  out.budget = record.budget;
  if (!record.jitter)
    record.jitter = duration{std::uniform_int_distribution<int64_t>{
      cfg_.pre_launch_min.count(), cfg_.pre_launch_max.count()}(random_)};
  out.jitter_s = in_seconds(*record.jitter);
  out.spacing_s = in_seconds(cfg_.look_spacing);
  out.draining = draining();
  out.unfit = fitness_.reason();
  out.paused = unfit_.paused;
  out.now_s = now_s;
  return out;
}

// -- the plan -----------------------------------------------------------------

effects policy::scale(double now_s) {
  effects out;
  for (auto& [type, record] : launches_) {
    watch_traffic(type, now_s);
    if (!draining())
      append(out, scale_type(type, now_s));
  }
  if (!draining() && fitness_.fit() && unfit_.paused.empty())
    append(out, succeed(now_s));
  append(out, watch_idle());
  append(out, tell_others(now_s));
  return out;
}

// An order that is heard again is none.
effects policy::on_orders(const msg::fleet_orders& x, double now_s) {
  if (x.paused == unfit_.paused)
    return {};
  unfit_.paused = x.paused;
  effects out{say{severity::warning,
                  x.paused.empty()
                    ? "launches of the fleet are resumed"
                    : "launches of the fleet are paused: " + x.paused}};
  append(out, scale(now_s));
  return out;
}

effects policy::decide(const workload_type& type, double now_s) {
  auto* seen = std::get_if<launching::asking_queue>(&launches_[type].at);
  return scale_type(type, now_s,
                    seen ? std::optional{seen->found} : std::nullopt);
}

// `elsewhere`: slots of GPUs that other workers have just launched; absent
// while nobody has looked.
effects
policy::scale_type(const workload_type& type, double now_s,
                   std::optional<launching::slots_elsewhere> elsewhere) {
  auto& record = launches_[type];
  auto situation = situation_of(type, now_s);
  situation.elsewhere = elsewhere;
  auto plan = launching::decide(record.at, situation);
  if (plan.missing.others == 0)
    record.inputs.rest();
  if (std::holds_alternative<launching::waiting>(plan.next)
      && !std::holds_alternative<launching::waiting>(record.at))
    record.jitter.reset();
  record.at = std::move(plan.next);
  auto out = tell(type, std::move(plan.why), now_s);
  append(out, carry_out(type, plan.what, now_s));
  append(out, watch_launch(type, plan.due_s, now_s));
  return out;
}

effects policy::carry_out(const workload_type& type,
                          const launching::step& what, double now_s) {
  effects out;
  uint64_t unseen = 0;
  if (std::holds_alternative<launching::look_at_ledger>(what)) {
    out.push_back(view_gpus{type, now_s});
  } else if (std::holds_alternative<launching::look_again>(what)) {
    out.push_back(look_at_queue{});
  } else if (auto* look = std::get_if<launching::look_at_inputs>(&what)) {
    unseen = look->jobs;
  } else if (auto* room = std::get_if<launching::make_room>(&what)) {
    unseen = room->unseen;
    append(out, make_room(type, now_s));
  } else if (auto* order = std::get_if<launching::launch>(&what)) {
    unseen = order->unseen;
    for (uint32_t i = 0; i < order->gpus; ++i)
      out.push_back(rent_one(type, now_s));
  }
  if (unseen > 0)
    append(out, look_first(type, now_s));
  return out;
}

effects policy::watch_launch(const workload_type& type,
                             std::optional<double> due_s, double now_s) {
  auto& due = launches_[type].due;
  if (!due_s) {
    due.reset();
    return {};
  }
  if (due && due->until_s == *due_s)
    return {};
  due = {*due_s, ++last_.generation};
  return {arm_timer{timer::jitter, due->generation, until(*due_s, now_s)}};
}

effects policy::on_launch_due(uint64_t generation, double now_s) {
  for (auto& [type, record] : launches_)
    if (record.due && record.due->generation == generation) {
      record.at = launching::after_wait(record.at, record.due->until_s);
      record.due.reset();
      return scale(now_s);
    }
  return {};
}

// Kept for whoever asks why a job waits, and said once.
effects policy::tell(const workload_type& type, launch_reason why,
                     double now_s) {
  auto& known = launches_[type].why;
  effects out;
  if (launching::is_news(known, why))
    out.push_back(say{severity::info, std::to_string(why.jobs)
                                        + " job(s) wait for a GPU of " + type
                                        + ": " + clause_of(why, now_s)});
  known = std::move(why);
  return out;
}

rent policy::rent_one(const workload_type& type, double now_s) {
  auto id = make_ledger_id();
  return {add_gpu(type, id, now_s), type, id, {}, {}, false};
}

// One that does nothing, for a type that nobody waits for; or one of this type
// on which a service that is waited for never came up. What was seen to wait
// while it was busy may be with others by now: the next look decides.
bool policy::is_in_the_way(const gpu& x, const workload_type& type,
                           double now_s) const {
  if (x.last.phase != gpu_phase::ready)
    return false;
  if (x.type != type)
    return x.jobs.empty() && waiting_for(x.type) == 0
           && (queue_.by_type.empty() || queue_.at_s >= x.idle_since_s);
  if (now_s - x.ready_since_s < in_seconds(cfg_.service_boot_time))
    return false;
  auto& ready = x.last.ready_kinds;
  auto lacks = [&](const std::string& job_type) {
    auto kind = job_kind_from(job_type);
    return kind && workload_of(job_type) == type
           && std::find(ready.begin(), ready.end(), *kind) == ready.end();
  };
  return std::any_of(queue_.by_type.begin(), queue_.by_type.end(),
                     [&](auto& entry) {
                       return entry.second > 0 && lacks(entry.first);
                     })
         || std::any_of(pending_.begin(), pending_.end(), [&](auto& id) {
              return lacks(jobs_.at(id).task.subject.type);
            });
}

bool policy::is_leaving() const {
  return std::any_of(gpus_.begin(), gpus_.end(), [](auto& entry) {
    auto phase = entry.second.last.phase;
    return entry.second.told_to_stop || phase == gpu_phase::draining
           || phase == gpu_phase::stopping;
  });
}

// Of the GPUs that we have, one that can go; none while one is going already.
std::optional<uint64_t> policy::in_the_way(const workload_type& type,
                                           double now_s) const {
  if (is_leaving())
    return std::nullopt;
  for (auto& [instance, x] : gpus_)
    if (x.successor == 0 && is_in_the_way(x, type, now_s))
      return instance;
  return std::nullopt;
}

// All GPUs that we may rent are rented: one that is in the way goes.
effects policy::make_room(const workload_type& type, double now_s) {
  auto leaves = in_the_way(type, now_s);
  if (!leaves)
    return {};
  gpus_.at(*leaves).told_to_stop = true;
  effects out{drain_gpu{*leaves, "makes room for " + type}};
  append(out, capacity());
  return out;
}

// GPUs of other workers that will take jobs soon. Those that are ready have
// taken theirs already.
uint64_t policy::on_their_way(const std::vector<gpu_entry>& entries,
                              double unix_s) const {
  auto ours = [this](const gpu_entry& x) {
    return std::any_of(gpus_.begin(), gpus_.end(), [&](auto& entry) {
      return entry.second.last.ledger_id == x.id;
    });
  };
  auto counts = std::count_if(entries.begin(), entries.end(), [&](auto& x) {
    auto since = unix_s - std::max(x.intent_s, x.launched_s);
    auto boots = x.state == gpu_entry_state::intent
                 || x.state == gpu_entry_state::running;
    return boots && since < in_seconds(cfg_.boot_time) && !ours(x);
  });
  return static_cast<uint64_t>(counts);
}

// Strangers cannot agree on who launches, but they see what each other has
// launched: without a look, all of them would launch for one job.
effects policy::on_gpus_viewed(const view_gpus& asked,
                               const result<msg::gpus_seen>& got,
                               const moment& now) {
  auto& record = launches_[asked.type];
  auto* asks = std::get_if<launching::asking_ledger>(&record.at);
  if (draining() || !asks || asked.asked_s < asks->asked_s)
    return {};
  effects out;
  if (!got)
    out.push_back(
      say{severity::warning,
          "the ledger does not say what other workers launch, so this worker "
          "launches without a look at it: "
            + got.error().message});
  launching::slots_elsewhere found;
  found.as_of_s = asked.asked_s;
  if (got)
    found.count = on_their_way(got->entries, now.unix_s) * cfg_.slots_per_gpu;
  record.at = launching::asking_queue{found};
  // What waits was seen some seconds ago: a GPU that was ready since has
  // taken some of it. Another look at the queue decides.
  if (got && queued_for(asked.type) > 0) {
    out.push_back(look_at_queue{});
    append(out, scale_type(asked.type, now.steady_s));
  } else {
    append(out, decide(asked.type, now.steady_s));
  }
  return out;
}

// A GPU that has ended may have left some of what was reserved for it.
void policy::note_budget(const workload_type& type, const msg::gpu_update& gone,
                         double now_s) {
  if (gone.over_budget.empty()) {
    for (auto& [other, record] : launches_)
      record.budget = {};
    return;
  }
  auto retry_s = now_s + in_seconds(cfg_.budget_look);
  launches_[type].budget = {std::min(gone.budget_until_s, retry_s),
                            gone.budget_until_s, gone.over_budget};
}

void policy::gpu_failed(const workload_type& type, const std::string& why,
                        double now_s) {
  auto& x = launches_[type].refused;
  auto delay = cfg_.launch_backoff_min;
  for (uint32_t i = 0; i < x.count && delay < cfg_.launch_backoff_max; ++i)
    delay *= 2;
  if (x.count++ == 0)
    x.since_s = now_s;
  x.words = why;
  x.not_before_s = now_s + in_seconds(std::min(delay, cfg_.launch_backoff_max));
}

} // namespace render::supervisor
