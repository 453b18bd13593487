#pragma once
// The duties of a worker's JOB STORE, without CAF and without a connection: a
// test decides when Redis runs a command, and what becomes of the answer.
#include "actors/io/redis/duties.hpp"
#include "app/harness/memory_redis.hpp"

#include <deque>
#include <optional>

namespace render::job_store {

/// What a request has ended in.
template <class T>
struct heard {
  std::optional<result<T>> what;
  int times = 0;
};

template <class T>
answer_to<T> into(std::shared_ptr<heard<T>> to) {
  return [to](result<T> x) {
    to->what = std::move(x);
    ++to->times;
  };
}

/// Redis and a clock that several workers share.
struct played_world {
  static constexpr int64_t start_ms = 1'700'000'000'000;

  int64_t now_ms = start_ms;
  harness::memory_redis redis{[this] {
    return now_ms;
  }};

  reply run(const std::vector<std::string>& command) {
    return redis.run(command);
  }

  std::string field(const std::string& key, const std::string& name) const {
    return std::string{redis.field(key, name)};
  }

  void push(const std::string& id) {
    run({"HSET", "job:" + id, "id", id, "type", "csm", "status", "queued",
         "created_at", "1700000000", "data",
         R"({"text":"Hi.","notify_url":"http://r.example/h"})"});
    run({"RPUSH", "queue:jobs", id});
  }
};

class played_port : public durable {
public:
  played_port(played_world& world, const std::string& id,
              std::shared_ptr<journal> local)
    : durable(terms_of(id), null_logger(), std::move(local),
              static_cast<double>(world.now_ms) / 1e3),
      world_(world) {
    // nop
  }

  void submit(channel where, command x, handler then) override {
    if (where == channel::commands)
      sent.push_back({std::move(x), std::move(then)});
  }

  void arm(timer which, milliseconds delay) override {
    timers[which] = world_.now_ms + delay.count();
  }

  time_point now() const override {
    return time_point{milliseconds{world_.now_ms}};
  }

  double now_s() const override {
    return static_cast<double>(world_.now_ms) / 1e3;
  }

  struct flight {
    command what;
    handler then;
  };

  /// Not run yet, in the order in which they came.
  std::deque<flight> sent;
  std::map<timer, int64_t> timers;

private:
  static config terms_of(const std::string& id) {
    config out;
    out.worker.id = worker_id{id};
    out.outbox_key = "key";
    return out;
  }

  played_world& world_;
};

struct played_worker {
  played_worker(played_world& in, const std::string& id,
                std::shared_ptr<journal> local = std::make_shared<no_journal>())
    : world(in), port(in, id, std::move(local)), all(port) {
    all.leases.start();
    all.on_change({channel::commands, true, "up"});
  }

  /// What Redis says to the first command.
  reply run_first() {
    auto& x = port.sent.front().what;
    auto out = world.run(x.args);
    if (out.text.starts_with("NOSCRIPT")) {
      x.args[0] = "EVAL";
      x.args[1] = x.lua->text;
      out = world.run(x.args);
    }
    return out;
  }

  void answer_first(answer x) {
    auto then = std::move(port.sent.front().then);
    port.sent.pop_front();
    if (is_refusal(x))
      all.leases.on_refusal();
    then(std::move(x));
  }

  /// All that is sent, and what follows from it.
  void serve() {
    while (!port.sent.empty())
      answer_first(run_first());
  }

  /// The connection breaks; the first `run` commands had arrived.
  void go_down(size_t run) {
    for (size_t i = 0; i < run && i < port.sent.size(); ++i) {
      auto x = port.sent[i].what;
      if (world.run(x.args).text.starts_with("NOSCRIPT"))
        world.run(ordered(x));
    }
    all.on_change({channel::commands, false, "down"});
    for (auto& x : std::exchange(port.sent, {}))
      x.then(fail(failure_kind::outcome_unknown, "down"));
    refuse();
  }

  /// Until the connection is back: what is sent meanwhile.
  void refuse() {
    for (auto n = port.sent.size(); n > 0; --n)
      answer_first(fail(failure_kind::unavailable, "down"));
  }

  void come_up() {
    refuse();
    all.on_change({channel::commands, true, "up"});
  }

  /// The timers that are due by now.
  void fire() {
    for (auto next = port.timers.begin(); next != port.timers.end();) {
      auto [which, at_ms] = *next++;
      if (at_ms > world.now_ms)
        continue;
      port.timers.erase(which);
      all.on_timer(which);
    }
  }

  /// Calls a duty, and keeps what it answers.
  template <class Duty, class Request, class T>
  std::shared_ptr<heard<T>>
  ask(Duty& who, void (Duty::*what)(const Request&, answer_to<T>),
      const Request& x) {
    auto out = std::make_shared<heard<T>>();
    (who.*what)(x, into<T>(out));
    return out;
  }

  played_world& world;
  played_port port;
  duties all;

private:
  static std::vector<std::string> ordered(command x) {
    x.args[0] = "EVAL";
    x.args[1] = x.lua->text;
    return x.args;
  }
};

} // namespace render::job_store
