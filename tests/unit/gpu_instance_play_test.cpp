// Plays thousands of sequences of events to the policy of a GPU: answers that
// come late, twice, in another order, or are lost; a provider whose list lags;
// a wall clock that jumps by an hour. Whatever happens, no GPU is forgotten.
#include "actors/gpu_instance/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

using namespace render;
using namespace render::gpu_instance;

namespace {

constexpr double t0 = 1'700'000'000;
const failure away{failure_kind::unavailable, "away"};

/// A GPU that one of our launches has made.
struct machine {
  gpu_workload what;
  std::string entry_id;
  double made_at_s = 0;
  double stopped_at_s = 0;
};

class play {
public:
  explicit play(uint64_t seed) : random_(seed), x_(config_of(any(4))) {
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

private:
  uint64_t any(uint64_t below) {
    return random_() % below;
  }

  bool chance(uint64_t percent) {
    return any(100) < percent;
  }

  moment now() const {
    return {t0 + now_s_ + jump_s_, now_s_ + 5'000};
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
    confirmed_[x.id] = x.expires_s;
    if (chance(70))
      make(x.id, x.expires_s, -99);
    if (kind == 1 && !machines_.empty())
      x.workload = machines_.begin()->first;
    if (kind == 1)
      x.state = gpu_entry_state::running;
    return out;
  }

  // -- the provider

  gpu_workload make(const std::string& entry_id, int64_t expires_s,
                    double at_s) {
    machine m;
    m.what.workload = "w" + std::to_string(machines_.size());
    m.what.node = "n-" + m.what.workload;
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
    task.subject.id = "j" + std::to_string(++jobs_);
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
    for (auto& x : out)
      std::visit(
        [this](auto& y) {
          carry_out(y);
        },
        x);
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
        confirmed_[y.id] = y.expires_s;
      take(x_.on_ledger_written(y, {}, steady_s()));
    });
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
        // By Redis' clock, if ours is ahead.
        y.intent_s = std::min(t0 + now_s_, now().unix_s);
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

  // -- the rules

  void require(bool holds, const char* rule) {
    if (!holds)
      BOOST_FAIL(rule << " (after " << now_s_ << " s)");
  }

  void check() {
    // Whose workload is known is in the ledger, at once.
    auto booted = x_.phase() != gpu_phase::launching;
    for (auto& [id, m] : machines_)
      if (booted && x_.node() == m.what.node)
        require(written_.contains(id), "a workload without an entry");
    require(gone_ == (x_.phase() == gpu_phase::gone), "gone without a word");
  }

  /// From here on all is answered, at last: it comes to its end, and then no
  /// GPU runs that nobody looks for.
  void end() {
    for (int i = 0; i < 400 && !gone_; ++i) {
      if (i == 0)
        take(x_.on_halt("the end", steady_s()));
      while (!rendering_.empty() && !gone_)
        end_a_job();
      if (open_.empty())
        break;
      auto next = std::min_element(open_.begin(), open_.end(),
                                   [](auto& a, auto& b) {
                                     return a.due_s < b.due_s;
                                   });
      auto f = std::move(next->what);
      open_.erase(next);
      f(false);
      check();
    }
    require(gone_, "it does not come to its end");
    for (auto& late : std::exchange(open_, {}))
      late.what(true);
    require(open_jobs_.empty(), "a job without an end");
    for (auto& id : known_)
      require(closed_.contains(id) || left_.contains(id),
              "an entry that is neither closed nor left");
    for (auto& [id, m] : machines_)
      require(m.stopped_at_s != 0 || left_.contains(m.entry_id),
              "a GPU runs, and nobody looks for it");
  }

  std::mt19937_64 random_;
  double now_s_ = 0;
  double jump_s_ = 0;
  /// Of the list.
  double lag_s_ = chance(50) ? 1 : 8;

  std::map<std::string, machine> machines_;
  /// Of the ledger: what was written at all, what it has taken, what has ended.
  std::set<std::string> known_;
  std::map<std::string, int64_t> confirmed_;
  std::set<std::string> left_;
  std::set<std::string> closed_;
  /// Workloads of our machines that were written into their entries.
  std::set<std::string> written_;
  std::string entry_id_;
  bool leaked_ = false;

  std::set<std::string> open_jobs_;
  std::set<std::string> rendering_;
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

} // namespace

BOOST_AUTO_TEST_CASE(a_gpu_keeps_its_rules_whatever_comes) {
  for (uint64_t seed = 1; seed <= 3'000; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed)
  play{seed}.run(300);
}
