// The world of a play: what the policy's effects set off.
#include "tests/unit/supervisor_play.hpp"

namespace render::supervisor {

// -- machines -----------------------------------------------------------------

void play::send_update(uint64_t instance, bool failed) {
  auto& x = machines_.at(instance);
  if (x.dead)
    return;
  auto told = update(instance, x.phase, x.ready,
                     static_cast<uint32_t>(x.jobs.size()));
  told.ledger_id = ledger_id{"entry-" + std::to_string(instance)};
  if (x.phase != gpu_phase::launching)
    told.workload = workload_id{"w-" + std::to_string(instance)};
  told.launched_s = now().unix_s;
  told.launched_at_s = x.launched_at_s;
  told.failed = failed;
  auto deliver = [this, told] {
    if (told.phase == gpu_phase::gone)
      known_gone(told.instance);
    return x_.on_gpu_update(told, now_s_);
  };
  soon(deliver);
  if (told.phase != gpu_phase::gone && chance(0.05))
    soon(deliver);
}

void play::leaves_when_idle(uint64_t instance) {
  after(between(0, 2), [this, instance] {
    auto at = machines_.find(instance);
    if (at == machines_.end() || at->second.dead
        || at->second.phase == gpu_phase::gone)
      return effects{};
    if (at->second.jobs.empty()) {
      at->second.phase = gpu_phase::gone;
      send_update(instance, chance(0.1));
    } else {
      leaves_when_idle(instance);
    }
    return effects{};
  });
}

void play::comes_up(uint64_t instance) {
  after(between(0, 20), [this, instance] {
    auto at = machines_.find(instance);
    if (at == machines_.end() || at->second.dead || at->second.leaves)
      return effects{};
    auto& x = at->second;
    if (x.phase == gpu_phase::launching && chance(0.9)) {
      x.phase = gpu_phase::booting;
      comes_up(instance);
    } else if (x.phase != gpu_phase::booting || chance(0.1)) {
      x.phase = gpu_phase::gone;
      send_update(instance, true);
      return effects{};
    } else {
      x.phase = gpu_phase::ready;
      for (auto kind : all_job_kinds)
        if (cfg_.workload_of_kind.at(kind) == x.type && chance(0.9))
          x.ready.push_back(kind);
    }
    send_update(instance);
    return effects{};
  });
}

void play::on(const rent& x) {
  // One whose actor has died is to be stopped in any case.
  auto stops = x.adopted && x.adopted->state == gpu_entry_state::stopping;
  if (x_.draining() && !stops)
    broken("a GPU is taken or launched while the worker drains");
  auto& y = machines_[x.instance];
  y.type = x.type;
  y.launched_at_s = now_s_;
  if (!x.adopted) {
    ++launched_[x.type];
    if (!x_.status(false).unfit.empty())
      broken("a GPU is launched by an unfit worker");
    if (machines_.size() > cfg_.max_gpus)
      broken("more GPUs than MAX_GPUS");
  }
  if (stops) {
    y.leaves = true;
    leaves_when_idle(x.instance);
    return;
  }
  comes_up(x.instance);
}

void play::on(const supervisor::drain_gpu& x) {
  auto at = machines_.find(x.instance);
  if (at == machines_.end() || std::exchange(at->second.leaves, true))
    return;
  at->second.phase = gpu_phase::draining;
  send_update(x.instance);
  leaves_when_idle(x.instance);
}

void play::on(const supervisor::halt_gpu& x) {
  auto at = machines_.find(x.instance);
  if (at == machines_.end() || at->second.dead)
    return;
  at->second.leaves = true;
  for (auto& id : std::exchange(at->second.jobs, {}))
    soon([this, id, instance = x.instance] {
      return a_job_ends(instance, id,
                        failed_outcome({failure_kind::shutting_down, "halt"}));
    });
  leaves_when_idle(x.instance);
}

// -- answers ------------------------------------------------------------------

void play::on(const arm_timer& x) {
  auto due = [this, x] {
    return x_.on_timer(x.which, x.generation, now_s_);
  };
  auto delay_s = in_seconds(x.delay) + (chance(0.1) ? between(0, 1) : 0);
  after(delay_s, due);
  if (chance(0.02) && x.which != timer::adoption && x.which != timer::ledger)
    after(delay_s, due);
}

void play::on(const supervisor::view_gpus& x) {
  auto answer = [this, x] {
    if (chance(0.2))
      return x_.on_gpus_viewed(x, fail(failure_kind::unavailable, "test"),
                               now());
    msg::gpus_seen seen;
    for (uint64_t i = below(3); i > 0; --i) {
      gpu_entry theirs;
      theirs.id = ledger_id{"theirs-" + std::to_string(i)};
      theirs.type = x.type;
      theirs.intent_s = now().unix_s - between(0, 150);
      seen.entries.push_back(theirs);
    }
    return x_.on_gpus_viewed(x, seen, now());
  };
  soon(answer);
  if (chance(0.1))
    soon(answer);
}

void play::on(const supervisor::look_at_inputs& x) {
  after(between(0, 10), [this, type = x.type] {
    if (chance(0.2))
      return x_.on_inputs_seen(type, fail(failure_kind::unavailable, "test"),
                               now_s_);
    return x_.on_inputs_seen(type,
                             msg::inputs_seen{static_cast<uint32_t>(below(3)),
                                              static_cast<uint32_t>(below(3))},
                             now_s_);
  });
}

void play::on(const look_at_queue&) {
  soon([this] {
    return queue_is_seen();
  });
}

void play::on(const look_around&) {
  soon([this] {
    msg::surroundings_seen seen;
    if (chance(0.1))
      seen = {"disk", "full", 0};
    return x_.on_surroundings_seen(seen, now_s_);
  });
}

void play::on(const stop_renderer& x) {
  soon([this, id = x.job_id] {
    auto at = mine_.find(id);
    if (at == mine_.end() || !std::exchange(at->second.parked, false))
      return effects{};
    off_the_gpu(at->second);
    return x_.on_parked_ended(
      id, failed_outcome({failure_kind::shutting_down, "halt"}), now_s_);
  });
}

void play::on(const supervisor::take_gpus&) {
  soon([this] {
    if (chance(0.1))
      return x_.on_gpus_taken(fail(failure_kind::unavailable, "test"), now_s_);
    msg::gpus_taken left;
    if (chance(0.1)) {
      gpu_entry x;
      x.id = ledger_id{"left-" + std::to_string(++last_number_)};
      x.type = "media:fast";
      x.workload = workload_id{"w-" + x.id};
      left.entries.push_back(x);
    }
    return x_.on_gpus_taken(left, now_s_);
  });
}

void play::on(const supervisor::start_watcher&) {
  soon([this] {
    return x_.on_watcher_started();
  });
}

void play::on(const send_capacity& x) {
  accepting_ = x.what.accepting;
}

void play::on(const supervisor::flush_webhooks&) {
  soon([this] {
    return x_.on_flushed();
  });
}

void play::on(const finish&) {
  finished_ = true;
}

// -- other workers ------------------------------------------------------------

void play::on(const hand_over& x) {
  soon([this, asked = x.what] {
    auto is_lost = chance(0.2);
    if (is_lost && chance(0.5))
      return x_.on_handed_over(asked, fail(failure_kind::unavailable, "test"));
    msg::gpus_handed_over out;
    for (auto& id : asked.entries) {
      auto instance = std::stoull(id.substr(id.find('-') + 1));
      auto at = machines_.find(instance);
      auto lives = at != machines_.end() && !at->second.leaves
                   && at->second.phase != gpu_phase::gone;
      if (lives && !at->second.jobs.empty())
        broken("a busy GPU is given away");
      if (lives && chance(0.9))
        given_.insert(instance);
      if (given_.contains(instance))
        out.entries.push_back(id);
    }
    return is_lost ? x_.on_handed_over(
             asked, fail(failure_kind::outcome_unknown, "test"))
                   : x_.on_handed_over(asked, out);
  });
}

void play::on(const let_go_of_gpu& x) {
  if (!given_.contains(x.instance))
    broken("a GPU is let go of that is still ours");
  auto at = machines_.find(x.instance);
  if (at == machines_.end() || at->second.dead)
    return;
  at->second.leaves = true;
  at->second.phase = gpu_phase::gone;
  send_update(x.instance);
}

void play::on(const tell_given& x) {
  if (x.to.empty())
    broken("nobody is told");
}

} // namespace render::supervisor
