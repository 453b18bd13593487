#include "tests/unit/supervisor_play.hpp"

namespace render::supervisor {

namespace {

// Of what may be late: messages and timers.
constexpr double slack_s = 4;

config random_settings(std::mt19937_64& dice) {
  auto out = settings();
  out.seed = dice();
  out.max_gpus = 1 + static_cast<uint32_t>(dice() % 4);
  out.slots_per_gpu = 1 + static_cast<uint32_t>(dice() % 3);
  out.pre_launch_max = duration{static_cast<int64_t>(dice() % 5'000)};
  out.look_before_launch = dice() % 4 != 0;
  out.inputs.watched = dice() % 2 == 0;
  out.surroundings.watched = dice() % 2 == 0;
  return out;
}

} // namespace

play::play(uint64_t seed, bool jumps)
  : dice_(seed), cfg_(random_settings(dice_)), x_(cfg_) {
  if (jumps)
    jumps_.emplace(seed);
}

void play::run() {
  take(x_.start());
  auto end_s = now_s_ + between(10, 90);
  life_goes_on();
  while (now_s_ < end_s)
    step();
  over_ = true;
  others_come_and_go();
  take(x_.on_drain("the end", now_s_));
  if (chance(0.3))
    after(between(0, 60), [this] {
      return x_.on_drain("hurry", now_s_);
    });
  end_s = now_s_ + 400;
  while (!finished_ && now_s_ < end_s && !events_.empty())
    step();
  if (!finished_)
    broken("the drain does not end");
  if (!mine_.empty())
    broken("job " + mine_.begin()->first + " is left behind");
}

void play::others_come_and_go() {
  msg::fleet_view seen;
  for (auto n = below(3); n > 0; --n) {
    fleet_member there;
    there.who.name = worker_id{"other-" + std::to_string(n)};
    there.linked = chance(0.9);
    for (auto* type : {"media:fast", "ollama_webui:fast"})
      if (chance(0.8)) {
        there.facts.types.emplace_back();
        there.facts.types.back().type = workload_type{type};
      }
    seen.others.push_back(std::move(there));
  }
  take(x_.on_fleet_view(std::move(seen), now_s_));
  if (!finished_)
    after(between(0, 30), [this] {
      others_come_and_go();
      return effects{};
    });
}

void play::life_goes_on() {
  after(between(0, 2), [this] {
    if (!over_) {
      happen();
      life_goes_on();
    }
    return effects{};
  });
}

void play::step() {
  auto next = events_.top();
  events_.pop();
  now_s_ = std::max(now_s_, next.at_s);
  if (jumps_ && (*jumps_)() % 8 == 0)
    jump_s_ = (static_cast<double>((*jumps_)() % 3) - 1) * 3'600;
  take((*next.what)());
}

void play::take(effects xs) {
  launched_.clear();
  for (auto& x : xs) {
    story_ += line_of(x, now_s_);
    std::visit(
      [this](auto& y) {
        on(y);
      },
      x);
  }
  check();
}

// -- what may happen at any time ----------------------------------------------

void play::happen() {
  auto roll = between(0, 1);
  if (roll < 0.35) {
    soon([this] {
      return queue_is_seen();
    });
  } else if (roll < 0.75) {
    if (accepting_ || chance(0.05))
      soon([this] {
        return claim();
      });
  } else if (roll < 0.8) {
    soon([this] {
      return a_machine_dies();
    });
  } else if (roll < 0.81) {
    soon([this] {
      return x_.on_watcher_died("test", now_s_);
    });
  } else if (roll < 0.85 && !machines_.empty()) {
    // An update twice, or one that is old news.
    send_update(
      std::next(machines_.begin(), static_cast<long>(below(machines_.size())))
        ->first);
  }
}

effects play::queue_is_seen() {
  seen_ = {};
  for (auto kind : all_job_kinds)
    if (chance(0.4)) {
      std::string type{to_string(kind)};
      seen_.waiting_by_type[type] = below(5);
      if (chance(0.3))
        seen_.without_inputs[type] = below(3);
    }
  return x_.on_backlog(seen_, both(now_s_));
}

effects play::claim() {
  auto x = a_job("job-" + std::to_string(++last_job_),
                 std::string{to_string(all_job_kinds[below(4)])});
  // Queued anew by a front end, or after it was given back.
  if (chance(0.25)) {
    x.id = job_id{"job-" + std::to_string(1 + below(last_job_))};
    auto at = mine_.find(x.id);
    if (at == mine_.end() && writes_.lower_bound({x.id, 0}) != writes_.end()
        && writes_.lower_bound({x.id, 0})->first == x.id)
      return {};
  }
  x.fence = ++last_fence_;
  if (chance(0.3))
    x.max_time_s = between(1, 60);
  auto& known = mine_[x.id];
  known.fence = x.fence;
  if (known.instance == 0 && !known.parked)
    known.unplaced_since_s = now_s_;
  return x_.on_jobs_claimed({{x}, {}}, now());
}

effects play::a_machine_dies() {
  if (machines_.empty())
    return {};
  auto at = std::next(machines_.begin(),
                      static_cast<long>(below(machines_.size())));
  auto instance = at->first;
  if (std::exchange(at->second.dead, true))
    return {};
  soon([this, instance] {
    if (!machines_.contains(instance))
      return effects{};
    known_gone(instance);
    return x_.on_gpu_died(instance, "test", now_s_);
  });
  return {};
}

// -- jobs on machines ---------------------------------------------------------

void play::off_the_gpu(owned& x) {
  x.instance = 0;
  x.unplaced_since_s = now_s_;
}

void play::known_gone(uint64_t instance) {
  machines_.erase(instance);
  for (auto& [id, x] : mine_)
    if (x.instance == instance)
      off_the_gpu(x);
}

job_outcome play::an_outcome() {
  static constexpr failure_kind kinds[]
    = {failure_kind::rejected,        failure_kind::unavailable,
       failure_kind::unavailable,     failure_kind::unavailable,
       failure_kind::outcome_unknown, failure_kind::cancelled,
       failure_kind::not_owner,       failure_kind::shutting_down,
       failure_kind::unfit,           failure_kind::deadline_passed,
       failure_kind::aborted,         failure_kind::internal};
  if (chance(0.4))
    return {"done", {}, {}};
  return failed_outcome({kinds[below(std::size(kinds))], "test"});
}

effects play::a_job_ends(uint64_t instance, const job_id& id,
                         job_outcome outcome) {
  auto at = mine_.find(id);
  auto kind = outcome.error.kind;
  if (at != mine_.end() && at->second.instance == instance) {
    auto& x = at->second;
    off_the_gpu(x);
    auto is_lost = !outcome.success()
                   && (kind == failure_kind::cancelled
                       || kind == failure_kind::not_owner);
    if (is_lost && x.fence == x.run_fence)
      mine_.erase(at);
  }
  auto subject = a_job(id);
  auto out = x_.on_job_ended({instance, subject, outcome}, now_s_);
  auto again = std::any_of(out.begin(), out.end(), [&](auto& y) {
    auto* order = std::get_if<run_on>(&y);
    return order && order->task.subject.id == id;
  });
  if (!again && chance(0.1))
    append(out, x_.on_job_ended({instance, subject, outcome}, now_s_));
  return out;
}

void play::on(const run_on& x) {
  auto& id = x.task.subject.id;
  auto at = mine_.find(id);
  if (at == mine_.end())
    broken("job " + id + " runs and is not ours");
  if (at->second.instance != 0 || at->second.parked)
    broken("job " + id + " runs twice");
  if (x.task.subject.fence != at->second.fence)
    broken("job " + id + " runs under an old claim");
  at->second.instance = x.instance;
  at->second.run_fence = x.task.subject.fence;
  uint32_t sharing = 0;
  for (auto& [other, y] : mine_)
    sharing += y.instance == x.instance ? 1 : 0;
  if (sharing > cfg_.slots_per_gpu)
    broken("a GPU has more jobs than slots");
  auto on = machines_.find(x.instance);
  if (on == machines_.end())
    broken("job " + id + " runs on a GPU that is gone");
  if (on->second.leaves || on->second.dead) {
    soon([this, id, instance = x.instance] {
      return a_job_ends(instance, id,
                        failed_outcome({failure_kind::shutting_down, "gone"}));
    });
    return;
  }
  on->second.jobs.insert(id);
  if (chance(0.9))
    send_update(x.instance);
  after(between(0, 30), [this, id, instance = x.instance] {
    auto at = machines_.find(instance);
    if (at == machines_.end() || at->second.jobs.erase(id) == 0
        || at->second.dead)
      return effects{};
    auto held = mine_.find(id);
    if (chance(0.1) && held != mine_.end()
        && held->second.instance == instance) {
      off_the_gpu(held->second);
      held->second.parked = true;
      after(between(0, 20), [this, id] {
        auto at = mine_.find(id);
        if (at == mine_.end() || !std::exchange(at->second.parked, false))
          return effects{};
        auto outcome = an_outcome();
        auto kind = outcome.error.kind;
        auto claimed_again = at->second.fence != at->second.run_fence;
        off_the_gpu(at->second);
        if (!outcome.success() && !claimed_again
            && (kind == failure_kind::cancelled
                || kind == failure_kind::not_owner))
          mine_.erase(at);
        return x_.on_parked_ended(id, outcome, now_s_);
      });
      return x_.on_render_parked(id, {failure_kind::unfit, "storage"}, now_s_);
    }
    soon([this, id, instance, outcome = an_outcome()] {
      return a_job_ends(instance, id, outcome);
    });
    return effects{};
  });
}

void play::is_written(const job_id& id, uint64_t fence) {
  // Asked again, since nobody has confirmed it.
  if (writes_.contains({id, fence}))
    return;
  auto at = mine_.find(id);
  if (at == mine_.end())
    broken("job " + id + " ends, and is not ours");
  if (at->second.fence != fence)
    broken("job " + id + " ends under an old claim");
  if (at->second.instance != 0)
    broken("job " + id + " ends while it runs");
  mine_.erase(at);
  writes_.insert({id, fence});
}

void play::on(const settle& x) {
  auto& subject = x.what.subject;
  is_written(subject.id, subject.fence);
  soon([this, x] {
    if (chance(0.2))
      return x_.on_write_failed(x, {chance(0.5) ? failure_kind::outcome_unknown
                                                : failure_kind::unavailable,
                                    "test"});
    writes_.erase({x.what.subject.id, x.what.subject.fence});
    return x_.on_settled({x.what.subject.id, true, {}});
  });
}

void play::on(const release& x) {
  is_written(x.job_id, x.fence);
  soon([this, x] {
    if (chance(0.2))
      return x_.on_write_failed(x, {failure_kind::unavailable, "test"});
    writes_.erase({x.job_id, x.fence});
    return x_.on_released(x.job_id);
  });
}

// -- what must hold -----------------------------------------------------------

void play::check() {
  auto st = x_.status(false);
  if (accepting_ && (st.draining || !st.unfit.empty()))
    broken("jobs are claimed by a worker that drains or is unfit");
  for (auto& [id, x] : mine_)
    if (x.instance == 0 && !x.parked
        && now_s_ - x.unplaced_since_s
             > in_seconds(cfg_.retry_pending_max) + slack_s)
      broken("job " + id + " is ours, and nobody runs it or gives it back");
  check_reasons(st);
  before_ = std::move(st);
}

void play::check_reasons(const msg::node_status& st) {
  std::map<workload_type, uint64_t> waiting;
  for (auto& [job_type, count] : st.waiting_by_type)
    waiting[cfg_.workload_of_kind.at(*job_kind_from(job_type))] += count;
  for (auto& [type, why] : st.launches) {
    if (waiting[type] > 0 && why.kind == launch_reason_kind::no_job_waits)
      broken("jobs wait for " + type + " without a reason");
    auto was = before_.launches.find(type);
    auto is_new = was == before_.launches.end() || !(was->second == why);
    if (why.kind == launch_reason_kind::launching && is_new
        && launched_[type] == 0)
      broken("a launch of " + type + " is told and there is none");
    if (why.until_s > 0 && why.until_s < now_s_ - slack_s)
      broken("the wait for " + type
             + " is over and nobody has looked: " + clause_of(why, now_s_));
  }
}

} // namespace render::supervisor
