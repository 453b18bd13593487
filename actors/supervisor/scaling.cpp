// When GPUs are rented, and when one is given up to make room for another.
#include "actors/supervisor/policy.hpp"

#include <algorithm>
#include <utility>

namespace render::supervisor {

std::set<std::string> policy::workload_types() const {
  std::set<std::string> out;
  for (auto& [kind, type] : cfg_.workload_of_kind)
    out.insert(type);
  return out;
}

const std::string& policy::workload_of(const std::string& job_type) const {
  static const std::string none;
  auto kind = job_kind_from(job_type);
  if (!kind)
    return none;
  auto at = cfg_.workload_of_kind.find(*kind);
  return at == cfg_.workload_of_kind.end() ? none : at->second;
}

uint64_t policy::queued_for(const std::string& type) const {
  uint64_t out = 0;
  for (auto& [job_type, count] : backlog_)
    if (workload_of(job_type) == type)
      out += count;
  return out;
}

uint64_t policy::waiting_for(const std::string& type) const {
  auto out = queued_for(type);
  for (auto& id : pending_)
    if (workload_of(jobs_.at(id).task.subject.type) == type)
      ++out;
  return out;
}

policy::shortage
policy::shortage_of(const std::string& type,
                    const std::map<std::string, uint64_t>& queued,
                    double now_s) const {
  std::map<job_kind, uint64_t> retries;
  std::map<job_kind, uint64_t> others;
  for (auto& [job_type, count] : queued)
    if (workload_of(job_type) == type)
      others[*job_kind_from(job_type)] += count;
  for (auto& id : pending_) {
    auto& x = jobs_.at(id);
    auto& job_type = x.task.subject.type;
    if (workload_of(job_type) == type)
      ++(x.failures == 0 ? others : retries)[*job_kind_from(job_type)];
  }
  auto serve = [](std::map<job_kind, uint64_t>& waiting, uint64_t& slots,
                  auto serves) {
    for (auto& [kind, count] : waiting)
      if (serves(kind)) {
        auto served = std::min(count, slots);
        count -= served;
        slots -= served;
      }
  };
  for (auto& entry : gpus_) {
    auto& x = entry.second;
    auto phase = x.last.phase;
    auto boots = phase == gpu_phase::launching || phase == gpu_phase::booting;
    if (x.type != type || x.told_to_stop
        || (!boots && phase != gpu_phase::ready))
      continue;
    // Its other services may be about to come up, but not for ever.
    auto all = boots
               || now_s - x.ready_since_s < in_seconds(cfg_.service_boot_time);
    auto serves = [&](job_kind kind) {
      auto& ready = x.last.ready_kinds;
      return all || std::find(ready.begin(), ready.end(), kind) != ready.end();
    };
    uint64_t slots = cfg_.slots_per_gpu
                     - std::min<size_t>(cfg_.slots_per_gpu, x.jobs.size());
    // What failed under a GPU in doubt does not wait for it.
    if (x.suspect_generation == 0)
      serve(retries, slots, serves);
    serve(others, slots, serves);
  }
  shortage out;
  auto sum = [](const std::map<job_kind, uint64_t>& xs) {
    uint64_t total = 0;
    for (auto& [kind, count] : xs)
      total += count;
    return static_cast<uint32_t>(std::min<uint64_t>(total, 1'000'000));
  };
  out.retries = sum(retries);
  out.others = sum(others);
  return out;
}

effects policy::scale(double now_s) {
  if (draining())
    return {};
  effects out;
  for (auto& type : workload_types())
    append(out, scale_type(type, now_s));
  if (fitness_.fit())
    append(out, succeed(now_s));
  return out;
}

effects policy::decide(const std::string& type, double now_s) {
  auto& need = demands_[type];
  auto elsewhere = std::exchange(need.elsewhere, std::nullopt);
  if (elsewhere)
    need.viewing = false;
  return scale_type(type, now_s, elsewhere);
}

// `elsewhere`: slots of GPUs that other workers have just launched; not known
// while nobody has looked.
effects policy::scale_type(const std::string& type, double now_s,
                           std::optional<uint64_t> elsewhere) {
  auto& need = demands_[type];
  // A GPU helps nobody who may not claim.
  if (!fitness_.fit())
    return {};
  auto missing = shortage_of(type, backlog_, now_s);
  if (missing.others == 0) {
    need.waited = false;
    need.inputs.rest();
  }
  if (missing.others == 0 && (missing.retries == 0 || need.timer_is_jitter))
    need.timer_generation = 0;
  uint32_t ripe = need.waited ? missing.others : 0;
  auto worth = ripe > 0 ? worth_a_gpu(type, now_s) : 0;
  auto looking = need.inputs.looking();
  if (looking)
    ripe = std::min(ripe, worth);
  if (elsewhere)
    ripe -= static_cast<uint32_t>(std::min<uint64_t>(ripe, *elsewhere));
  // A job that is ours already waits for no stranger to take it.
  auto urgent = missing.retries + ripe;
  if (urgent + missing.others == 0 || (urgent == 0 && looking))
    return {};
  if (urgent > 0 && now_s >= need.not_before_s) {
    auto full = room() == 0;
    auto leaves = full ? in_the_way(type, now_s) : std::nullopt;
    if (full && !leaves)
      return {};
    if (ripe > 0 && !elsewhere && cfg_.look_before_launch) {
      if (std::exchange(need.viewing, true))
        return {};
      return {view_gpus{type}};
    }
    effects out;
    if (ripe > worth) {
      out = look_first(type, ripe - worth, now_s);
      urgent = missing.retries + worth;
      if (urgent == 0)
        return out;
    }
    if (full) {
      append(out, make_room(*leaves, type));
      return out;
    }
    auto wanted = (urgent + cfg_.slots_per_gpu - 1) / cfg_.slots_per_gpu;
    append(out, launch(type, wanted));
    // The look is for those that have waited as long.
    need.waited = need.waited || need.inputs.looking();
    return out;
  }
  // Others see to them: a random wait anew.
  auto left_to_others = elsewhere && ripe == 0;
  if (left_to_others)
    need.waited = false;
  if (need.timer_generation != 0)
    return {};
  auto spread = std::uniform_int_distribution<int64_t>{
    cfg_.pre_launch_min.count(), cfg_.pre_launch_max.count()};
  auto least = left_to_others ? cfg_.look_spacing : duration{0};
  auto delay = urgent > 0 ? duration{0}
                          : std::max(duration{spread(random_)}, least);
  if (in_seconds(delay) < need.not_before_s - now_s)
    delay
      = duration{static_cast<int64_t>((need.not_before_s - now_s) * 1000) + 1};
  need.timer_generation = ++last_generation_;
  need.timer_is_jitter = urgent == 0;
  return {arm_timer{timer::jitter, need.timer_generation, delay},
          say{severity::info, std::to_string(missing.retries + missing.others)
                                + " job(s) wait for " + type
                                + ", looking again in "
                                + std::to_string(delay.count()) + " ms"}};
}

effects policy::launch(const std::string& type, uint32_t wanted) {
  auto most = room();
  effects out;
  for (uint32_t i = 0; i < std::min(wanted, most); ++i)
    out.push_back(rent_one(type));
  // What is still missing, or comes to be, waits anew; what it asked for and
  // had no room for does not.
  if (wanted <= most)
    demands_[type].waited = false;
  return out;
}

rent policy::rent_one(const std::string& type) {
  auto ledger_id = make_ledger_id();
  ++launched_;
  return {add_gpu(type, ledger_id), type, ledger_id, {}, {}};
}

// One that does nothing, for a type that nobody waits for; or one of this type
// on which a service that is waited for never came up. What was seen to wait
// while it was busy may be with others by now: the next look decides.
bool policy::is_in_the_way(const gpu& x, const std::string& type,
                           double now_s) const {
  if (x.last.phase != gpu_phase::ready)
    return false;
  if (x.type != type)
    return x.jobs.empty() && waiting_for(x.type) == 0
           && (backlog_.empty() || backlog_at_s_ >= x.idle_since_s);
  if (now_s - x.ready_since_s < in_seconds(cfg_.service_boot_time))
    return false;
  auto& ready = x.last.ready_kinds;
  auto lacks = [&](const std::string& job_type) {
    auto kind = job_kind_from(job_type);
    return kind && workload_of(job_type) == type
           && std::find(ready.begin(), ready.end(), *kind) == ready.end();
  };
  return std::any_of(backlog_.begin(), backlog_.end(),
                     [&](auto& entry) {
                       return entry.second > 0 && lacks(entry.first);
                     })
         || std::any_of(pending_.begin(), pending_.end(), [&](auto& id) {
              return lacks(jobs_.at(id).task.subject.type);
            });
}

// Of the GPUs that we have, one that can go; none while one is going already.
std::optional<uint64_t> policy::in_the_way(const std::string& type,
                                           double now_s) const {
  auto leaving = std::any_of(gpus_.begin(), gpus_.end(), [](auto& entry) {
    auto phase = entry.second.last.phase;
    return entry.second.told_to_stop || phase == gpu_phase::draining
           || phase == gpu_phase::stopping;
  });
  if (leaving)
    return std::nullopt;
  for (auto& [instance, x] : gpus_)
    if (x.successor == 0 && is_in_the_way(x, type, now_s))
      return instance;
  return std::nullopt;
}

// All GPUs that we may rent are rented: one that is in the way goes.
effects policy::make_room(uint64_t instance, const std::string& type) {
  gpus_.at(instance).told_to_stop = true;
  effects out{drain_gpu{instance, "makes room for " + type}};
  append(out, capacity());
  return out;
}

// GPUs of other workers that will take jobs soon. Those that are ready have
// taken theirs already.
uint64_t policy::on_their_way(const std::vector<gpu_entry>& entries,
                              double now_s) const {
  auto ours = [this](const gpu_entry& x) {
    return std::any_of(gpus_.begin(), gpus_.end(), [&](auto& entry) {
      return entry.second.last.ledger_id == x.id;
    });
  };
  auto counts = std::count_if(entries.begin(), entries.end(), [&](auto& x) {
    auto since = now_s - std::max(x.intent_s, x.launched_s);
    auto boots = x.state == gpu_entry_state::intent
                 || x.state == gpu_entry_state::running;
    return boots && since < in_seconds(cfg_.boot_time) && !ours(x);
  });
  return static_cast<uint64_t>(counts);
}

// Strangers cannot agree on who launches, but they see what each other has
// launched: without a look, all of them would launch for one job.
effects policy::on_gpus_viewed(const std::string& type,
                               const result<msg::gpus_seen>& got,
                               double now_s) {
  if (draining())
    return {};
  effects out;
  auto coming = got ? on_their_way(got->entries, now_s) : 0;
  if (!got)
    out.push_back(
      say{severity::warning,
          "what other workers launch is not known: " + got.error().message});
  if (coming > 0)
    out.push_back(say{severity::info, std::to_string(coming)
                                        + " GPU(s) of other workers are on "
                                          "their way for "
                                        + type});
  demands_[type].elsewhere = coming * cfg_.slots_per_gpu;
  // What waits was seen some seconds ago: a GPU that was ready since has
  // taken some of it. Another look at the queue decides.
  if (got && queued_for(type) > 0)
    out.push_back(look_at_queue{});
  else
    append(out, decide(type, now_s));
  return out;
}

void policy::gpu_failed(const std::string& type, double now_s) {
  auto& need = demands_[type];
  auto delay = cfg_.launch_backoff_min;
  for (uint32_t i = 0; i < need.failures && delay < cfg_.launch_backoff_max;
       ++i)
    delay *= 2;
  ++need.failures;
  need.not_before_s = now_s
                      + in_seconds(std::min(delay, cfg_.launch_backoff_max));
}

} // namespace render::supervisor
