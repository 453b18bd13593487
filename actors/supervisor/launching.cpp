#include "actors/supervisor/launching.hpp"

#include <algorithm>
#include <utility>

namespace render::supervisor::launching {

namespace {

using kind = launch_reason_kind;

uint32_t serve(by_kind<uint64_t>& jobs, uint64_t& slots,
               const by_kind<bool>& serves) {
  uint64_t served = 0;
  for (size_t i = 0; i < jobs.size(); ++i)
    if (serves[i]) {
      auto n = std::min(jobs[i], slots);
      jobs[i] -= n;
      slots -= n;
      served += n;
    }
  return static_cast<uint32_t>(served);
}

uint32_t sum(const by_kind<uint64_t>& jobs) {
  uint64_t total = 0;
  for (auto n : jobs)
    total += n;
  return static_cast<uint32_t>(std::min<uint64_t>(total, 1'000'000));
}

by_kind<uint64_t> counts(const situation& s, uint64_t waiting_jobs::*which) {
  by_kind<uint64_t> out{};
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = s.waiting[i].*which;
  return out;
}

struct need : shortage {
  uint32_t all = 0;
  /// Jobs that are left to a GPU that boots.
  uint32_t boots = 0;
};

/// `which` are the jobs that are not tried: `others`, or those `worth` a GPU.
need need_of(const situation& s, uint64_t waiting_jobs::*which) {
  auto tried = counts(s, &waiting_jobs::tried);
  auto others = counts(s, which);
  need out;
  out.all = sum(tried) + sum(others);
  if (out.all == 0)
    return out;
  for (auto& gpu : s.gpus) {
    uint64_t slots = gpu.free_slots;
    auto served = gpu.trusted ? serve(tried, slots, gpu.serves) : 0;
    served += serve(others, slots, gpu.serves);
    out.boots += gpu.boots ? served : 0;
  }
  out.tried = sum(tried);
  out.others = sum(others);
  return out;
}

bool has_waited(const stage& at) {
  return !std::holds_alternative<resting>(at)
         && !std::holds_alternative<waiting>(at);
}

/// Of so many jobs, those that fall to this worker when all that live take
/// turns.
uint32_t share_of(uint32_t jobs, const situation& s) {
  auto living = std::max(s.living, 1u);
  return s.rank < living ? (jobs + living - 1 - s.rank) / living : 0;
}

bool is_out_of_time(const situation& s, const need& missing) {
  return missing.tried == 1 && missing.others == 0 && s.boot_s
         && s.first_deadline_s
         && s.now_s + *s.boot_s + s.run_s.value_or(0) > *s.first_deadline_s;
}

launch_reason refused(const situation& s) {
  return {kind::provider_refuses,
          0,
          s.refused.not_before_s,
          s.refused.since_s,
          s.refused.count,
          s.refused.words,
          0};
}

// What keeps all launches back for a while.
bool is_held_back(plan& out, const situation& s) {
  if (s.now_s < s.budget.retry_s) {
    out.what = wait{s.budget.retry_s};
    out.why = {kind::budget, 0, s.budget.until_s, 0, 0, s.budget.words, 0};
    return true;
  }
  if (s.now_s < s.refused.not_before_s) {
    out.what = wait{s.refused.not_before_s};
    out.why = refused(s);
    return true;
  }
  return false;
}

// Others see to all of the jobs, or nobody has waited for them yet: a random
// wait begins, unless one runs.
void begin_wait(plan& out, const situation& s, bool left,
                launch_reason left_why) {
  if (auto* runs = std::get_if<waiting>(&out.next)) {
    out.what = wait{runs->until_s};
    out.why = runs->why;
    return;
  }
  auto until_s = s.now_s + std::max(s.jitter_s, left ? s.spacing_s : 0);
  auto why = left ? std::move(left_why) : launch_reason{kind::jitter};
  why.until_s = until_s;
  if (s.refused.not_before_s > until_s) {
    until_s = s.refused.not_before_s;
    why = refused(s);
  }
  out.what = left ? step{leave{until_s}} : step{wait{until_s}};
  out.why = why;
  out.next = waiting{until_s, std::move(why)};
}

// `jobs` want a GPU now, `unseen` more once their inputs were looked at.
void use(plan& out, const situation& s, uint32_t jobs, uint32_t unseen) {
  if (jobs == 0) {
    out.what = look_at_inputs{unseen};
    out.why = {kind::looking_at_inputs, unseen};
    return;
  }
  if (s.room == 0) {
    out.what = make_room{unseen};
    out.why = {kind::making_room};
    return;
  }
  auto wanted = (jobs + s.slots_per_gpu - 1) / s.slots_per_gpu;
  auto gpus = std::min(wanted, s.room);
  out.what = launch{gpus, unseen};
  out.why = {kind::launching, gpus};
  // What is still missing, or comes to be, waits anew. What had no room does
  // not, nor do jobs whose inputs are looked at: they have waited.
  if (has_waited(out.next) && wanted <= s.room && unseen == 0
      && !s.inputs_asked)
    out.next = resting{};
}

// `ripe_jobs` have waited, `worth` of them for a GPU that may be launched.
void use_now(plan& out, const stage& at, const situation& s, uint32_t ripe_jobs,
             uint32_t worth) {
  if (s.room == 0 && !s.can_make_room) {
    out.why = s.room_comes ? launch_reason{kind::making_room}
                           : launch_reason{kind::max_gpus, s.max_gpus};
    return;
  }
  if (ripe_jobs > 0 && s.asks_ledger && !s.elsewhere) {
    if (std::holds_alternative<asking_queue>(at)) {
      out.why = {kind::looking_at_queue};
      return;
    }
    out.why = {kind::looking_at_ledger};
    if (!std::holds_alternative<asking_ledger>(at)) {
      out.what = look_at_ledger{};
      out.next = asking_ledger{s.now_s};
    }
    return;
  }
  auto unseen = ripe_jobs - std::min(ripe_jobs, worth);
  use(out, s, out.missing.tried + ripe_jobs - unseen, unseen);
}

launch_reason why_nothing_is_missing(const situation& s, const need& x) {
  return x.all == 0    ? launch_reason{kind::no_job_waits}
         : x.boots > 0 ? why_left_to_boots(s)
                       : launch_reason{kind::slot_free};
}

void make_plan(plan& out, const stage& at, const situation& s,
               const need& missing) {
  if (missing.tried + missing.others == 0) {
    out.why = why_nothing_is_missing(s, missing);
    return;
  }
  if (is_out_of_time(s, missing)) {
    out.why = {kind::out_of_time};
    return;
  }
  auto ripe_jobs = has_waited(at) ? missing.others : 0u;
  auto worth = ripe_jobs > 0 ? need_of(s, &waiting_jobs::worth).others : 0;
  if (s.inputs_asked)
    ripe_jobs = std::min(ripe_jobs, worth);
  auto waited = ripe_jobs > 0;
  launch_reason left_why;
  if (auto mine = share_of(ripe_jobs, s); mine < ripe_jobs) {
    left_why = {kind::others_turn, ripe_jobs - mine};
    ripe_jobs = mine;
  }
  if (s.elsewhere) {
    left_why = {s.elsewhere->reason, s.elsewhere->count, 0,
                s.elsewhere->as_of_s};
    ripe_jobs -= static_cast<uint32_t>(
      std::min<uint64_t>(ripe_jobs, s.elsewhere->count));
  }
  auto left = waited && ripe_jobs == 0;
  // A job that was tried already waits for no stranger to take it.
  auto urgent = missing.tried + ripe_jobs;
  if (urgent == 0 && s.inputs_asked) {
    out.why = {kind::looking_at_inputs, missing.others};
    return;
  }
  if (urgent == 0)
    return begin_wait(out, s, left, std::move(left_why));
  if (left && has_waited(out.next))
    out.next = resting{};
  if (is_held_back(out, s))
    return;
  use_now(out, at, s, ripe_jobs, worth);
}

/// That last for a moment only, or that others tell of.
bool is_quiet(kind x) {
  switch (x) {
  case kind::no_job_waits:
  case kind::slot_free:
  case kind::gpus_boot:
  case kind::looking_at_ledger:
  case kind::looking_at_queue:
  case kind::draining:
  case kind::unfit:
  case kind::others_turn:
    return true;
  default:
    return false;
  }
}

} // namespace

launch_reason why_left_to_boots(const situation& s) {
  launch_reason out{kind::gpus_boot};
  const std::string* trouble = nullptr;
  for (auto& x : s.gpus) {
    if (x.boots && x.trouble.empty())
      ++out.count;
    else if (x.boots)
      trouble = &x.trouble;
  }
  if (out.count == 0 && trouble)
    out = {kind::provider_refuses, 0, 0, 0, 0, *trouble};
  return out;
}

stage after_wait(stage at, double until_s) {
  auto* x = std::get_if<waiting>(&at);
  return x && x->until_s <= until_s ? ripe{} : at;
}

plan decide(const stage& before, const situation& s) {
  // A fleet that is lost from sight leaves nothing behind.
  auto at = before;
  if (!s.fleet && std::holds_alternative<planning>(at))
    at = resting{};
  plan out;
  out.next = at;
  auto missing = need_of(s, &waiting_jobs::others);
  out.missing = missing;
  if (s.draining) {
    out.next = resting{};
    out.why.kind = kind::draining;
  } else if (!s.unfit.empty()) {
    // A GPU helps nobody who may not claim.
    out.why = {kind::unfit, 0, 0, 0, 0, s.unfit};
  } else if (!s.paused.empty()) {
    // Whoever waits then waits anew.
    out.next = resting{};
    out.why = missing.tried + missing.others == 0
                ? why_nothing_is_missing(s, missing)
                : launch_reason{kind::paused, 0, 0, 0, 0, s.paused};
  } else if (s.fleet) {
    return decide_in_fleet(at, s, missing);
  } else {
    if (missing.others == 0)
      out.next = resting{};
    else if (s.elsewhere && has_waited(at))
      out.next = ripe{}; // The answer is used once.
    make_plan(out, at, s, missing);
  }
  out.why.jobs = missing.all;
  auto* waits = std::get_if<waiting>(&out.next);
  if (waits)
    out.due_s = waits->until_s;
  if (auto* x = std::get_if<wait>(&out.what))
    out.due_s = waits ? std::min(waits->until_s, x->until_s) : x->until_s;
  return out;
}

bool is_news(const launch_reason& before, const launch_reason& x) {
  // In a fleet the one that launches tells of it.
  auto is_others = x.kind == kind::slots_elsewhere && x.until_s == 0;
  if (is_quiet(x.kind) || is_others)
    return false;
  if (x.kind == kind::launching || x.kind != before.kind)
    return true;
  // They last while the waits for them end and begin anew.
  auto lasts = x.kind == kind::slots_elsewhere || x.kind == kind::jobs_taken;
  return !lasts && (x.until_s != before.until_s || x.attempt != before.attempt);
}

} // namespace render::supervisor::launching
