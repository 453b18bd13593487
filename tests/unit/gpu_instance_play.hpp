#pragma once
// Plays a provider, a ledger and renderers to the policy of a GPU, at random:
// answers come late, twice, in another order, or are lost; the provider's list
// lags. What must hold is checked after each event.
#include "actors/gpu_instance/policy.hpp"
#include "tests/unit/effects.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

namespace render::gpu_instance {

inline constexpr double t0 = 1'700'000'000;
inline const failure away{failure_kind::unavailable, "away"};

/// A GPU that one of our launches has made.
struct machine {
  gpu_workload what;
  ledger_id entry_id;
  double made_at_s = 0;
  double stopped_at_s = 0;
};

class play {
public:
  /// `jumps`: the wall clock is set by an hour, again and again.
  explicit play(uint64_t seed, bool jumps = true)
    : random_(seed), jumps_(jumps), x_(config_of(any(4))) {
    // nop
  }

  void run(int events) {
    take(x_.start(now()));
    for (int i = 0; i < events && !gone_; ++i) {
      one_event();
      check();
    }
    end();
  }

  /// What it wanted and when, without dates.
  const std::string& story() const {
    return story_;
  }

private:
  uint64_t any(uint64_t below) {
    return random_() % below;
  }

  bool chance(uint64_t percent) {
    return any(100) < percent;
  }

  moment now() const {
    return {now_s_ + 5'000, t0 + now_s_ + (jumps_ ? jump_s_ : 0)};
  }

  double steady_s() const {
    return now().steady_s;
  }

  config config_of(uint64_t kind) {
    config out;
    out.instance = 7;
    out.ledger_id = "e";
    out.workload_type = "media:fast";
    out.kinds = {job_kind::csm, job_kind::whisper};
    out.slots = 2;
    out.stop_tries_max = 8;
    out.lookups_max = 3;
    if (kind > 1)
      return out;
    // A dead worker's, with its workload or without.
    auto& x = out.adopted.emplace();
    x.id = "left";
    x.type = out.workload_type;
    x.intent_s = t0 - 100;
    x.expires_s = static_cast<int64_t>(t0) + 7'100;
    known_.insert(x.id);
    confirm(x);
    if (chance(70))
      make(x.id, x.expires_s, -99);
    if (kind == 1 && !machines_.empty())
      x.workload = machines_.begin()->first;
    if (kind == 1)
      x.state = gpu_entry_state::running;
    return out;
  }

  // -- the provider

  gpu_workload make(const ledger_id& entry_id, int64_t expires_s, double at_s) {
    machine m;
    m.what.workload = workload_id{"w" + std::to_string(machines_.size())};
    m.what.node = gpu_host{"n-" + m.what.workload};
    m.what.type = "media:fast";
    m.what.running = true;
    m.what.created_s = t0 + at_s;
    m.what.expires_s = static_cast<double>(expires_s);
    m.entry_id = entry_id;
    m.made_at_s = at_s;
    machines_[m.what.workload] = m;
    return m.what;
  }

  std::vector<gpu_workload> listed() const {
    std::vector<gpu_workload> out;
    for (auto& [id, m] : machines_)
      if (m.made_at_s + lag_s_ < now_s_ && m.stopped_at_s == 0)
        out.push_back(m.what);
    return out;
  }

  // -- events

  void one_event() {
    now_s_ += static_cast<double>(any(2'000)) / 1e3;
    switch (any(12)) {
    case 0:
      jump_s_ = (static_cast<double>(any(3)) - 1) * 3'600;
      return;
    case 1:
      if (chance(4))
        take(x_.on_drain("drain", steady_s()));
      if (chance(2))
        take(x_.on_halt("halt", steady_s()));
      return;
    case 2:
      return run_a_job();
    case 3:
      return end_a_job();
    case 4:
      if (chance(20))
        take(x_.on_ledger_doubt());
      return;
    case 5:
      return answer_of_nobody();
    default:
      return answer();
    }
  }

  void run_a_job() {
    msg::run_job task;
    task.subject.id = job_id{"j" + std::to_string(++jobs_)};
    task.subject.type = chance(90) ? "csm" : "teleport";
    open_jobs_.insert(task.subject.id);
    take(x_.on_run_job(std::move(task)));
  }

  void end_a_job() {
    if (rendering_.empty())
      return;
    auto id = *rendering_.begin();
    if (!chance(10)) // Else its end comes twice.
      rendering_.erase(id);
    if (chance(10) && open_jobs_.erase(id) > 0)
      return take(x_.on_render_parked(id));
    take(x_.on_render_ended(id, chance(70) ? job_outcome{"done", {}}
                                           : failed_outcome(away)));
  }

  /// Which nobody waits for any more, or that was answered before.
  void answer_of_nobody() {
    switch (any(5)) {
    case 0:
      if (calls_ == 0)
        take(x_.on_launched(fail(away), steady_s()));
      return;
    case 1:
      return take(x_.on_ledger_viewed(fail(away), steady_s()));
    case 2:
      return take(x_.on_probed("csm", {}, steady_s()));
    case 3:
      return take(x_.on_probed("", fail(away), steady_s()));
    default:
      return take(x_.on_listed(list_purpose::lookup, listed(), now()));
    }
  }

  void answer() {
    if (open_.empty())
      return;
    auto at = open_.begin() + static_cast<long>(any(open_.size()));
    if (at->due_s > now_s_ + 30 && chance(95))
      return;
    auto f = std::move(at->what);
    open_.erase(at);
    f(true);
  }

  // -- what it wants

  void take(effects out) {
    if (was_gone_)
      require(out.empty(), "a word after its end");
    for (auto& x : out) {
      story_ += line_of(x, now_s_);
      std::visit(
        [this](auto& y) {
          carry_out(y);
        },
        x);
    }
    was_gone_ = gone_;
  }

  void carry_out(list_workloads& x) {
    later([this, x](bool may_fail) {
      result<std::vector<gpu_workload>> got = listed();
      if (may_fail && chance(15))
        got = fail(away);
      take(x_.on_listed(x.purpose, got, now()));
    });
  }

  void carry_out(write_ledger& x) {
    known_.insert(x.entry.id);
    require(!left_.contains(x.entry.id) && !closed_.contains(x.entry.id),
            "an entry is written after its end");
    for (auto& [id, m] : machines_)
      if (id == x.entry.workload && m.entry_id == x.entry.id)
        written_.insert(id);
    later([this, x](bool may_fail) {
      auto& y = x.entry;
      if (may_fail && chance(15))
        return take(x_.on_ledger_written(y, fail(away), steady_s()));
      if (may_fail && chance(1) && !y.workload.empty())
        return take(x_.on_ledger_written(
          y, fail(failure_kind::not_owner, "another's"), steady_s()));
      if (!left_.contains(y.id))
        confirm(y);
      take(x_.on_ledger_written(y, {}, steady_s()));
    });
  }

  // Redis' own clock is right, and sees through one that is ahead.
  void confirm(const gpu_entry& x) {
    confirmed_[x.id] = x.expires_s;
    auto& at_s
      = intents_.try_emplace({x.id, x.expires_s}, x.intent_s).first->second;
    at_s = std::min({at_s, x.intent_s, t0 + now_s_});
  }

  void carry_out(view_ledger&) {
    later([this](bool may_fail) {
      if (may_fail && chance(15))
        return take(x_.on_ledger_viewed(fail(away), steady_s()));
      msg::gpus_seen seen;
      for (auto& [id, expires_s] : confirmed_) {
        gpu_entry y;
        y.id = id;
        y.type = "media:fast";
        y.expires_s = expires_s;
        y.intent_s = intents_[{id, expires_s}];
        seen.entries.push_back(std::move(y));
      }
      for (auto& [id, m] : machines_)
        if (m.stopped_at_s != 0)
          seen.ended_workloads.push_back(id);
      take(x_.on_ledger_viewed(seen, steady_s()));
    });
  }

  void carry_out(leave_ledger& x) {
    require(known_.contains(x.id) && left_.insert(x.id).second
              && !closed_.contains(x.id),
            "an entry ends twice");
  }

  void carry_out(close_ledger& x) {
    auto& id = x.entry.id;
    require(known_.contains(id) && closed_.insert(id).second
              && !left_.contains(id),
            "an entry ends twice");
    for (auto& [workload, m] : machines_)
      require(m.entry_id != id || m.stopped_at_s != 0,
              "an entry is closed while its GPU runs");
  }

  void carry_out(launch& x) {
    auto& id = entry_id_;
    require(confirmed_.contains(id) && confirmed_[id] == x.expires_s,
            "launched without an entry");
    auto outcome = any(10);
    gpu_workload made;
    // 0, 1: refused. 2, 3: lost on the way there, 4, 5: on the way back.
    if (outcome > 3)
      made = make(id, x.expires_s, now_s_);
    ++calls_;
    later([this, outcome, made](bool) {
      --calls_;
      auto lost = outcome > 1 && outcome < 6;
      if (outcome > 5)
        return take(x_.on_launched(made, steady_s()));
      take(x_.on_launched(
        fail(lost ? failure_kind::outcome_unknown : failure_kind::unavailable,
             "no"),
        steady_s()));
    });
  }

  void carry_out(probe& x) {
    later([this, x](bool may_fail) {
      result<void> got;
      if (may_fail && chance(20))
        got = fail(away);
      take(x_.on_probed(x.service, got, steady_s()));
    });
  }

  void carry_out(stop& x) {
    auto& m = machines_.at(x.workload);
    if (chance(70))
      m.stopped_at_s = now_s_;
    later([this, &m](bool may_fail) {
      if (m.stopped_at_s == 0 || (may_fail && chance(20)))
        return take(x_.on_stopped(fail(away), steady_s()));
      take(x_.on_stopped(0.5, steady_s()));
    });
  }

  void carry_out(arm_timer& x) {
    auto due_s = now_s_ + static_cast<double>(x.delay.count()) / 1e3;
    later(
      [this, x, due_s](bool may_fail) {
        now_s_ = std::max(now_s_, due_s);
        take(x_.on_timer(x.which, x.generation, steady_s()));
        if (may_fail && chance(5)) // A timer of before.
          take(x_.on_timer(x.which, x.generation - any(2), steady_s()));
      },
      due_s);
  }

  void carry_out(start_renderer& x) {
    rendering_.insert(x.task.subject.id);
  }

  void carry_out(stop_renderers&) {
    // They end by themselves.
  }

  void carry_out(report& x) {
    entry_id_ = x.update.ledger_id;
    leaked_ = x.update.leaked;
  }

  void carry_out(end_job& x) {
    require(open_jobs_.erase(x.subject.id) == 1, "a job ends twice");
  }

  void carry_out(say&) {
    // nop
  }

  void carry_out(quit&) {
    gone_ = true;
  }

  void later(std::function<void(bool may_fail)> f, double due_s = 0) {
    open_.push_back({std::move(f), due_s});
  }

  void require(bool holds, const char* rule);
  void check();
  /// From here on all is answered, at last: it comes to its end, and then no
  /// GPU runs that nobody looks for.
  void end();

  std::mt19937_64 random_;
  bool jumps_ = true;
  std::string story_;
  double now_s_ = 0;
  double jump_s_ = 0;
  /// Of the list.
  double lag_s_ = chance(50) ? 1 : 8;

  std::map<workload_id, machine> machines_;
  /// Of the ledger: what was written at all, what it has taken, what has ended.
  std::set<ledger_id> known_;
  std::map<ledger_id, int64_t> confirmed_;
  std::map<std::pair<ledger_id, int64_t>, double> intents_;
  std::set<ledger_id> left_;
  std::set<ledger_id> closed_;
  /// Workloads of our machines that were written into their entries.
  std::set<workload_id> written_;
  ledger_id entry_id_;
  bool leaked_ = false;

  std::set<job_id> open_jobs_;
  std::set<job_id> rendering_;
  int jobs_ = 0;

  /// What is asked for and not answered, and timers.
  struct request {
    std::function<void(bool may_fail)> what;
    double due_s = 0;
  };
  std::vector<request> open_;
  int calls_ = 0;
  bool gone_ = false;
  bool was_gone_ = false;
  policy x_;
};

} // namespace render::gpu_instance
