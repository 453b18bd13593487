// Plays thousands of sequences of events to the watcher's policy: answers that
// come late, are lost or fail, timers that come twice, owners whose word is
// old, wall clocks that jump by an hour. Whatever happens, its rules hold.
#include "tests/unit/queue_watcher_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>

using namespace render;
using namespace render::queue_watcher;

namespace {

struct waiting_job {
  job what;
  /// Another worker's lock stands on it.
  bool locked = false;
  int pushed_at = 0;
};

class play {
public:
  explicit play(uint64_t seed) : random_(seed) {
    // nop
  }

  void run(int events) {
    tell_capacity();
    for (step_ = 1; step_ <= events; ++step_) {
      one_event();
      check();
    }
    settle();
  }

private:
  uint64_t any(uint64_t below) {
    return random_() % below;
  }

  bool chance(int percent) {
    return any(100) < static_cast<uint64_t>(percent);
  }

  moment both_now() const {
    return {t0 + now_s_ - 1'000 + jump_s_, now_s_};
  }

  // -- the world

  void push(const std::string& type) {
    auto x = good_job("j" + std::to_string(++jobs_), type);
    if (chance(5))
      x.data = "{";
    if (chance(10))
      x.complete_by_s = both_now().unix_s + static_cast<double>(any(5)) - 1;
    queue_.push_back({std::move(x), chance(10), step_});
  }

  void relock(waiting_job& x) const {
    x.locked = !x.locked && step_ % 3 == 0;
    x.pushed_at = step_;
  }

  void tell_capacity() {
    msg::capacity x;
    auto free = slots_ - std::min<uint32_t>(slots_, held_);
    x.free = {{{"csm", "whisper"}, free}};
    if (vision_)
      x.free.push_back({{"analyze"}, 1});
    x.jobs_received = received_;
    x.accepting = accepting_;
    x.idle_since_s = held_ == 0 && free > 0 ? idle_since_s_ : 0;
    capacities_.push_back(std::move(x));
  }

  bool is_open(const std::string& type) const {
    auto& free = told_.free;
    auto there = std::find_if(free.begin(), free.end(), [&](auto& x) {
      return std::find(x.types.begin(), x.types.end(), type) != x.types.end();
    });
    if (there == free.end())
      return false;
    auto on_the_way = delivered_ - told_.jobs_received;
    return there->count > on_the_way;
  }

  msg::claimed_jobs claim_from_queue(std::vector<msg::claim_quota> quotas) {
    msg::claimed_jobs out;
    for (auto i = queue_.begin(); i != queue_.end();) {
      auto quota = std::find_if(quotas.begin(), quotas.end(), [&](auto& x) {
        return x.count > 0
               && std::find(x.types.begin(), x.types.end(), i->what.type)
                    != x.types.end();
      });
      if (i->locked || quota == quotas.end()) {
        ++i;
        continue;
      }
      --quota->count;
      out.jobs.push_back(i->what);
      i = queue_.erase(i);
    }
    out.more_waiting = !queue_.empty();
    return out;
  }

  msg::queue_snapshot look(const peek& asked) {
    msg::queue_snapshot out;
    out.queue_length = queue_.size();
    out.place = {0.5, static_cast<uint32_t>(1 + any(100))};
    for (auto& x : queue_) {
      if (x.locked)
        continue;
      auto at = std::find(asked.known.begin(), asked.known.end(), x.what.id);
      if (at == asked.known.end())
        out.waiting.push_back(x.what);
      else
        out.known.push_back(static_cast<uint32_t>(at - asked.known.begin()));
    }
    return out;
  }

  // -- events

  void one_event() {
    now_s_ += static_cast<double>(any(20)) / 1e3;
    switch (any(12)) {
    case 0:
      return push(chance(60) ? "csm" : "analyze");
    case 1:
      // Another worker has taken one, or let go of one.
      if (!queue_.empty() && chance(50))
        queue_.erase(queue_.begin() + static_cast<long>(any(queue_.size())));
      else if (!queue_.empty())
        relock(queue_[any(queue_.size())]);
      return;
    case 2:
      if (held_ > 0 && chance(70))
        --held_;
      else
        slots_ = static_cast<uint32_t>(any(4));
      vision_ = chance(20);
      accepting_ = !chance(5);
      idle_since_s_ = now_s_ - static_cast<double>(any(600));
      return tell_capacity();
    case 3:
      if (!capacities_.empty())
        hear_capacity();
      return;
    case 4:
      return take(x_.on_look_wanted(now_s_));
    case 5:
    case 6:
      return answer_wait(chance(10));
    case 7:
    case 8:
      return answer_ask(chance(10));
    case 9:
      return fire_timer();
    case 10:
      if (!timers_.empty() && chance(50)) // One of before, or one twice.
        return fire_again(timers_[any(timers_.size())]);
      if (waits_ == 0 && chance(20)) // Nobody has asked.
        return take(x_.on_head({true}, now_s_));
      if (asks_.empty())
        return take(x_.on_peeked({}, both_now()));
      return;
    default:
      jump_s_ = (static_cast<double>(any(3)) - 1) * 3'600;
      return answer_rejections();
    }
  }

  void hear_capacity() {
    told_ = capacities_.front();
    if (!chance(10)) // Else it comes twice.
      capacities_.pop_front();
    take(x_.on_capacity(told_, now_s_));
  }

  void answer_wait(bool fails) {
    if (waits_ == 0)
      return;
    if (!fails && queue_.empty() && chance(80))
      return; // It goes on.
    --waits_;
    take(fails ? x_.on_wait_failed(broken, now_s_)
               : x_.on_head({!queue_.empty()}, now_s_));
  }

  void answer_ask(bool fails) {
    if (asks_.empty())
      return;
    auto asked = asks_.front();
    asks_.pop_front();
    if (auto* x = std::get_if<peek>(&asked))
      return take(fails ? x_.on_peek_failed(broken, now_s_)
                        : x_.on_peeked(look(*x), both_now()));
    // A lost answer: the JOB STORE puts the jobs back.
    if (fails)
      return take(x_.on_claim_failed(broken, now_s_));
    last_claim_ = step_;
    auto got = claim_from_queue(std::get<claim>(asked).quotas);
    for (auto& y : got.jobs)
      ++claimed_[y.id];
    take(x_.on_claimed(std::move(got), both_now()));
  }

  void answer_rejections() {
    for (auto& id : std::exchange(rejections_, {})) {
      auto at = std::find_if(queue_.begin(), queue_.end(), [&](auto& y) {
        return y.what.id == id;
      });
      msg::claimed_jobs got;
      if (at != queue_.end() && !at->locked) {
        ++claimed_[id];
        got.unfit.push_back({at->what, broken});
        queue_.erase(at);
      }
      take(chance(90) || !got.unfit.empty()
             ? x_.on_rejected(id, std::move(got), both_now())
             : x_.on_reject_failed(id, broken));
    }
  }

  void fire_again(uint64_t generation) {
    if (generation != armed_)
      require(x_.on_timer(generation, now_s_).empty(),
              "a timer that was replaced does something");
  }

  void fire_timer() {
    if (!armed_)
      return;
    now_s_ = std::max(now_s_, due_s_);
    auto generation = *std::exchange(armed_, std::nullopt);
    take(x_.on_timer(generation, now_s_));
    require(!told_.accepting || !std::holds_alternative<paused>(x_.doing()),
            "a pause that is over leads to another one");
  }

  // -- what it wants

  void take(effects out) {
    for (auto& x : out)
      std::visit(
        [this](auto& y) {
          carry_out(y);
        },
        x);
  }

  void carry_out(wait_for_work&) {
    ++waits_;
  }
  void carry_out(claim& x) {
    for (auto& y : x.quotas)
      require(y.count > 0, "a claim for no slot");
    asks_.emplace_back(x);
  }
  void carry_out(peek& x) {
    asks_.emplace_back(x);
  }
  void carry_out(reject& x) {
    rejections_.push_back(x.job_id);
  }
  void carry_out(deliver& x) {
    for (auto& y : x.what.jobs)
      --claimed_[y.id];
    for (auto& y : x.what.unfit)
      --claimed_[y.subject.id];
    auto count = static_cast<uint32_t>(x.what.jobs.size());
    delivered_ += count;
    received_ += count;
    held_ += count;
    tell_capacity();
  }
  void carry_out(report&) {
    // nop
  }
  void carry_out(arm_timer& x) {
    armed_ = x.generation;
    timers_.push_back(x.generation);
    due_s_ = now_s_ + std::chrono::duration<double>(x.delay).count();
  }
  void carry_out(complain&) {
    // nop
  }
  void carry_out(tell&) {
    // nop
  }

  // -- the rules

  void require(bool holds, const char* rule) {
    if (!holds)
      BOOST_FAIL(rule << " (step " << step_ << ")");
  }

  void check() {
    require(asks_.size() <= 1, "two claims or looks at a time");
    require(waits_ <= 1, "two waits at a time");
    require(waits_ == 0 || asks_.empty(), "waits and asks at a time");
    auto* state = std::get_if<paused>(&x_.doing());
    if (state && state->why != pause_reason::not_accepting)
      require(armed_ == state->generation, "paused without a timer");
    if (state && state->why != pause_reason::wait_failed
        && state->why != pause_reason::ask_failed && told_.accepting
        && due_s_ - now_s_ > 0.0251)
      for (auto& y : queue_)
        require(y.locked || y.pushed_at >= last_claim_ || !is_open(y.what.type),
                "a free slot waits beside a job");
    if (state && state->why == pause_reason::left_to_warmer)
      require(state->until_s - now_s_ < 0.0251,
              "a free slot leaves a job to others for too long");
    for (auto& [id, open] : claimed_)
      require(open == 0, "a claimed job was not handed over once");
  }

  /// From here on nothing fails: what fits is claimed, and soon.
  void settle() {
    accepting_ = true;
    slots_ = 4;
    held_ = 0;
    jump_s_ = 0;
    tell_capacity();
    std::erase_if(queue_, [](auto& y) {
      return y.locked;
    });
    auto fits = [this] {
      return std::any_of(queue_.begin(), queue_.end(), [](auto& y) {
        return y.what.type == "csm";
      });
    };
    for (int i = 0; i < 300 && fits(); ++i) {
      while (!capacities_.empty())
        hear_capacity();
      if (waits_ > 0 && !queue_.empty())
        answer_wait(false);
      else if (!asks_.empty())
        answer_ask(false);
      else
        fire_timer();
      answer_rejections();
      if (held_ > 0) {
        held_ = 0;
        tell_capacity();
      }
      check();
    }
    require(!fits(), "what fits is never claimed");
  }

  policy x_{{}};
  std::mt19937_64 random_;
  int step_ = 0;
  double now_s_ = 1'000;
  double jump_s_ = 0;

  std::deque<waiting_job> queue_;
  int jobs_ = 0;
  /// Claims of each id that were not handed over.
  std::map<std::string, int> claimed_;
  int last_claim_ = 0;

  uint32_t slots_ = 1;
  bool vision_ = false;
  uint32_t held_ = 0;
  double idle_since_s_ = 900;
  bool accepting_ = true;
  uint64_t received_ = 0;
  uint64_t delivered_ = 0;
  /// On their way to the watcher, and what it has heard last.
  std::deque<msg::capacity> capacities_;
  msg::capacity told_{{}, 0, false};

  int waits_ = 0;
  std::deque<std::variant<claim, peek>> asks_;
  std::vector<job_id> rejections_;
  std::optional<uint64_t> armed_;
  double due_s_ = 0;
  std::vector<uint64_t> timers_;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_watcher_keeps_its_rules_whatever_comes) {
  for (uint64_t seed = 1; seed <= 3'000; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed)
  play{seed}.run(200);
}
