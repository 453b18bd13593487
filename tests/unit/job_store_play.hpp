#pragma once
// Two workers' duties on one Redis, those who ask them, and what happens to
// them: for the random play.
#include "app/harness/memory_journal.hpp"
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <random>
#include <set>

namespace render::job_store {

enum class weather {
  /// Redis is there, and answers within seconds.
  calm,
  /// Connections break for seconds.
  storms,
  /// … and Redis loses what it had confirmed.
  losses,
  /// … and workers die, and are started again.
  deaths,
};

class played_fleet {
public:
  played_fleet(uint64_t seed, weather kind) : kind_(kind), random_(seed) {
    world_.redis.on_field = [this](auto key, auto field, auto before,
                                   auto now) {
      if (field == "status" && key.starts_with("job:"))
        on_status(std::string{key.substr(4)}, before, now);
    };
    for (uint64_t client = 1; client <= 2; ++client)
      start(client);
  }

  virtual ~played_fleet() = default;

protected:
  virtual void on_status(const std::string& id, std::string_view before,
                         std::string_view now)
    = 0;

  /// A worker, and those who ask it.
  struct site {
    std::unique_ptr<played_worker> worker;
    std::map<std::string, job> jobs;
    std::map<std::string, gpu_entry> gpus;
    int64_t confirms_at_ms = 0;
    bool confirm_lost = false;
    /// 0: connected.
    int64_t up_at_ms = 0;
    /// When somebody here asked about a job last.
    std::map<std::string, int64_t> seen_ms;
    std::vector<std::function<int()>> answers;
  };

  struct ended {
    std::string text;
    uint64_t by = 0;
    std::shared_ptr<heard<msg::job_settled>> got;
    bool delivered = false;
    bool by_the_dead = false;
  };

  uint64_t any(uint64_t below) {
    return random_() % below;
  }

  bool chance(uint64_t percent) {
    return any(100) < percent;
  }

  template <class Map>
  typename Map::iterator one_of(Map& xs) {
    return std::next(xs.begin(), static_cast<int64_t>(any(xs.size())));
  }

  uint64_t client_of(const site& x) {
    return &x == &sites_.at(1) ? 1 : 2;
  }

  site& one_site() {
    return one_of(sites_)->second;
  }

  std::string status(const std::string& id) const {
    return world_.field("job:" + id, "status");
  }

  void pass(int64_t ms) {
    world_.now_ms += ms;
  }

  void start(uint64_t client) {
    auto& x = sites_[client];
    x = {};
    x.worker = std::make_unique<played_worker>(
      world_, "w" + std::to_string(client), shelf_.open(client));
    x.confirms_at_ms = world_.now_ms;
  }

  template <class T>
  void expect_answer(site& x, const std::shared_ptr<heard<T>>& got) {
    x.answers.emplace_back([got] {
      return got->times;
    });
  }

  // -- what happens by itself

  void fire(site& x) {
    if (world_.now_ms >= x.confirms_at_ms) {
      x.confirms_at_ms = world_.now_ms + 10'000;
      // A message may be lost, but not two in a row.
      x.confirm_lost = !x.confirm_lost && chance(10);
      if (!x.confirm_lost)
        confirm_all(x);
    }
    x.worker->fire();
  }

  void confirm_all(site& x) {
    msg::confirm_jobs jobs;
    for (auto& [id, y] : x.jobs) {
      jobs.claims.push_back({job_id{id}, y.fence});
      x.seen_ms[id] = world_.now_ms;
    }
    msg::confirm_gpus gpus;
    for (auto& [id, y] : x.gpus)
      gpus.ids.emplace_back(id);
    x.worker->all.jobs.confirm(jobs);
    x.worker->all.gpus.confirm(gpus);
  }

  void move_on(site& x) {
    auto& w = *x.worker;
    if (x.up_at_ms == 0 && chance(70))
      w.serve();
    else if (x.up_at_ms > world_.now_ms)
      w.refuse();
    else if (x.up_at_ms > 0) {
      x.up_at_ms = 0;
      w.come_up();
    }
  }

  // -- events

  void one_event() {
    auto& x = one_site();
    switch (any(16)) {
    case 0:
    case 1:
      return push();
    case 2:
    case 3:
    case 4:
      return claim(x);
    case 5:
      return report(x);
    case 6:
    case 7:
      return settle(x);
    case 8:
      return release(x);
    case 9:
      return cancel();
    case 10:
      return ask_under_an_old_claim(x);
    case 11:
      return forget_one(x);
    case 12:
    case 13:
      return gpu_event(x);
    case 14:
      if (chance(20))
        snapshot_ = world_.redis.save();
      return deliver();
    default:
      return trouble(x);
    }
  }

  void push() {
    world_.push("j" + std::to_string(++pushed_));
  }

  void claim(site& x) {
    // What a loss brings back may be another worker's claim, which nobody can
    // tell from one that was made since.
    if (kind_ == weather::losses && client_of(x) != 1)
      return;
    auto said = std::make_shared<heard<msg::claimed_jobs>>();
    auto keeps = !chance(15);
    x.worker->all.queue.claim(
      msg::claim_jobs{{{{"csm"}, static_cast<uint32_t>(1 + any(3))}}},
      [this, &x, said, keeps](result<msg::claimed_jobs> got) {
        ++said->times;
        if (!got)
          return;
        for (auto& y : got->jobs) {
          old_.push_back({y.id, y.fence});
          x.seen_ms[y.id] = world_.now_ms;
          if (keeps) // Else whoever asked has died meanwhile.
            x.jobs[y.id] = y;
        }
      });
    expect_answer(x, said);
  }

  void report(site& x) {
    if (x.jobs.empty())
      return;
    auto& [id, mine] = *one_of(x.jobs);
    auto said = std::make_shared<heard<msg::ownership>>();
    auto fence = mine.fence;
    x.seen_ms[id] = world_.now_ms;
    x.worker->all.jobs.progress(
      msg::report_progress{job_id{id}, chance(80) ? "render" : "", 0.5, fence},
      [&x, said, id = id, fence](result<msg::ownership> got) {
        ++said->times;
        auto at = x.jobs.find(id);
        if (got && !got->ours && at != x.jobs.end()
            && at->second.fence == fence)
          x.jobs.erase(at);
      });
    expect_answer(x, said);
    if (chance(30))
      x.worker->all.jobs.note_remote({job_id{id}, fence, "somewhere"});
  }

  void settle(site& x) {
    if (x.jobs.empty())
      return;
    auto at = one_of(x.jobs);
    auto mine = x.jobs.extract(at).mapped();
    msg::settle_job what{mine, {}};
    what.outcome.text = mine.id + " " + std::to_string(++settled_);
    for (auto n = 1 + any(2); n > 0; --n) {
      auto got = x.worker->ask(x.worker->all.jobs, &job_ends::settle, what);
      expect_answer(x, got);
      ends_.push_back({what.outcome.text, client_of(x), got});
    }
  }

  void release(site& x) {
    if (x.jobs.empty())
      return;
    auto mine = x.jobs.extract(one_of(x.jobs)).mapped();
    expect_answer(x, x.worker->ask(x.worker->all.jobs, &job_ends::release,
                                   msg::release_job{mine.id, mine.fence}));
  }

  void cancel() {
    // A loss would take the cancelling back.
    if (pushed_ == 0 || kind_ == weather::losses)
      return;
    auto id = "j" + std::to_string(1 + any(pushed_));
    if (chance(30) && status(id) == "running")
      world_.run({"HSET", "job:" + id, "status", "cancelled"});
  }

  // A renderer that has not heard yet, or a message that came late.
  void ask_under_an_old_claim(site& x) {
    if (old_.empty())
      return;
    auto& [id, fence] = old_[any(old_.size())];
    if (auto at = x.jobs.find(id);
        at != x.jobs.end() && at->second.fence == fence)
      return;
    x.seen_ms[id] = world_.now_ms;
    expect_answer(
      x, x.worker->ask(x.worker->all.jobs, &job_ends::progress,
                       msg::report_progress{job_id{id}, "late", 0.1, fence}));
  }

  // Whoever looked after it has died.
  void forget_one(site& x) {
    if (!x.jobs.empty() && chance(30))
      x.jobs.erase(one_of(x.jobs));
    if (!x.gpus.empty() && chance(30))
      x.gpus.erase(one_of(x.gpus));
  }

  void gpu_event(site& x) {
    auto& ledger = x.worker->all.gpus;
    if (x.gpus.empty() || chance(20)) {
      gpu_entry made;
      made.id = ledger_id{"e" + std::to_string(++gpus_)};
      made.type = "media:fast";
      made.workload = workload_id{"wl-" + made.id};
      return write_gpu(x, x.gpus[made.id] = made);
    }
    auto at = one_of(x.gpus);
    switch (any(5)) {
    case 0:
      ledger.leave({ledger_id{at->first}});
      x.gpus.erase(at);
      return;
    case 1:
      closed_.insert(at->first);
      expect_answer(x, x.worker->ask(ledger, &gpu_ledger::close,
                                     msg::close_gpu{at->second, "idle", 0}));
      x.gpus.erase(at);
      return;
    case 2:
      return take_gpus(x);
    default:
      at->second.state = static_cast<gpu_entry_state>(any(4));
      return write_gpu(x, at->second);
    }
  }

  void write_gpu(site& x, const gpu_entry& what) {
    auto said = std::make_shared<heard<void>>();
    x.worker->all.gpus.write(
      what, [](auto&) {},
      [&x, said, id = what.id](const result<void>& got) {
        ++said->times;
        if (!got && got.error().kind == failure_kind::not_owner)
          x.gpus.erase(id);
      });
    expect_answer(x, said);
  }

  void take_gpus(site& x) {
    auto said = std::make_shared<heard<msg::gpus_taken>>();
    x.worker->all.leases.take_gpus(
      msg::take_gpus{}, [this, &x, said](const result<msg::gpus_taken>& got) {
        ++said->times;
        if (!got)
          return;
        for (auto& y : got->entries) {
          for (auto& [client, other] : sites_)
            if (kind_ == weather::calm)
              BOOST_TEST(!other.gpus.contains(y.id),
                         y.id << " is looked after, and was taken");
          x.gpus[y.id] = y;
        }
      });
    expect_answer(x, said);
  }

  void deliver() {
    for (auto& y : ends_) {
      if (y.delivered || y.by_the_dead || !y.got->what || !*y.got->what
          || !(*y.got->what)->written || chance(70))
        continue;
      auto id = (*y.got->what)->job_id;
      for (auto& z : ends_)
        z.delivered = z.delivered || z.text == y.text;
      webhook entry;
      entry.job_id = id;
      entry.id = "msg_" + id;
      // Only the worker that ended it makes a loss good.
      return record(sites_.at(y.by), entry);
    }
  }

  void record(site& x, const webhook& entry) {
    expect_answer(
      x, x.worker->ask(
           x.worker->all.outbox, &outbox::record,
           msg::record_delivery{
             entry, msg::delivery_state::delivered, milliseconds{0}, {}}));
  }

  void trouble(site& x) {
    if (kind_ == weather::calm || chance(50))
      return;
    if (kind_ == weather::deaths && chance(30))
      return die(x);
    if (kind_ == weather::losses && chance(40))
      return lose();
    if (x.up_at_ms > 0)
      return;
    x.worker->go_down(any(4));
    x.up_at_ms = world_.now_ms + 1 + static_cast<int64_t>(any(8'000));
  }

  void die(site& x) {
    auto client = client_of(x);
    // What its journal knows the end of is ended by the next process.
    for (auto& [id, y] : x.worker->port.jobs())
      if (y.outcome && status(id) == "running"
          && world_.field("job:" + id, "locked_by") == y.owner.text()
          && world_.field("job:" + id, "fence")
               == std::to_string(y.subject.fence))
        journaled_[id] = y.outcome->text;
    for (auto n = any(3); n > 0 && !x.worker->port.sent.empty(); --n) {
      x.worker->run_first();
      x.worker->port.sent.pop_front();
    }
    for (auto& y : ends_)
      y.by_the_dead = true;
    shelf_.close(client);
    start(client);
  }

  // A failover: all connections break, and are back before anything else.
  void lose() {
    lost_ = true;
    for (auto& [client, x] : sites_)
      if (x.up_at_ms == 0)
        x.worker->go_down(any(4));
    world_.redis.load(snapshot_);
    for (auto& [client, x] : sites_) {
      x.up_at_ms = 0;
      x.worker->come_up();
    }
    for (auto& [client, x] : sites_)
      x.worker->serve();
  }

  weather kind_;
  std::mt19937_64 random_;
  played_world world_;
  harness::journal_shelf shelf_;
  std::map<uint64_t, site> sites_;
  harness::redis_data snapshot_;
  uint64_t pushed_ = 0;
  uint64_t settled_ = 0;
  uint64_t gpus_ = 0;
  std::vector<ended> ends_;
  std::vector<std::pair<std::string, uint64_t>> old_;
  std::set<std::string> closed_;
  std::map<std::string, std::string> journaled_;
  bool lost_ = false;
};

} // namespace render::job_store
