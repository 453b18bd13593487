#include "app/harness/sim_redis.hpp"

#include "app/harness/quick_hash.hpp"

#include <deque>

namespace render::harness {

using namespace job_store;
using namespace std::chrono_literals;

namespace {

uint64_t hash_of(const std::vector<std::string>& words) {
  uint64_t out = words.size();
  for (auto& x : words)
    out = mix(out, quick_hash(x));
  return out;
}

} // namespace

/// Behaves like two `redis_connection`s: one for commands, one for waiting.
class sim_redis_link : public redis_link {
public:
  sim_redis_link(sim_redis& to, uint64_t client, link_options options, sink out)
    : to_(to), client_(client), options_(std::move(options)),
      out_(std::move(out)) {
    to_.links_.insert(this);
    for (auto& x : ends_)
      connect(x);
  }

  ~sim_redis_link() override {
    close();
    to_.links_.erase(this);
  }

  uint64_t client() const noexcept {
    return client_;
  }

  /// Stops all traffic in both directions.
  void close() {
    *alive_ = false;
    for (auto& x : ends_)
      unblock(x);
  }

  void submit(channel where, command x) override {
    auto& end = ends_[static_cast<size_t>(where)];
    if (!*alive_)
      return;
    if (end.state == state::down)
      return later(0ns, [this, id = x.id] {
        complete(id, fail(failure_kind::unavailable, "Redis sim: down"));
      });
    if (end.state == state::connecting) {
      end.held.push_back(std::move(x));
      return;
    }
    send(end, std::move(x));
  }

  void lose_all(const std::string& why) {
    for (auto& x : ends_)
      lose(x, why);
  }

private:
  enum class state : uint8_t { down, connecting, up };

  struct flying {
    command what;
    virtual_duration deadline{0};
  };

  struct connection {
    channel where = channel::commands;
    connection() = default;
    enum state state = state::down;
    /// Number of this connection; events of an older connection are ignored.
    uint64_t generation = 0;
    std::deque<command> held;
    std::deque<flying> sent;
    /// Messages arrive in order, as with TCP.
    virtual_duration last_arrival{0};
    virtual_duration last_answer{0};
    milliseconds backoff{50};
    uint64_t blocked = 0;
    uint64_t blocked_id = 0;
    virtual_duration blocked_until{0};
    /// When `blocked_until` is checked next; 0: never.
    virtual_duration looked_at{0};
    bool watched = false;
  };

  template <class F>
  void later(virtual_duration delay, F what) {
    to_.time_.events().after(
      delay, [alive = alive_, what = std::move(what)]() mutable {
        if (*alive)
          what();
      });
  }

  template <class F>
  void later_at(virtual_duration when, F what) {
    later(when - to_.time_.now(), std::move(what));
  }

  virtual_duration in_order(virtual_duration& last) {
    last = std::max(last, to_.time_.now() + to_.trip());
    return last;
  }

  void complete(uint64_t id, result<reply> answer) {
    redis_events xs;
    xs.completions.push_back({id, std::move(answer)});
    out_(std::move(xs));
  }

  void change(const connection& x, bool up, const std::string& text) {
    redis_events xs;
    xs.changes.push_back({x.where, up, "Redis sim: " + text});
    out_(std::move(xs));
  }

  void unblock(connection& x) {
    if (x.blocked != 0)
      to_.server_.unblock(std::exchange(x.blocked, 0));
  }

  // -- the connection ---------------------------------------------------------

  void connect(connection& x) {
    x.state = state::connecting;
    auto generation = ++x.generation;
    auto reachable = to_.reachable(client_);
    // A dead process refuses at once, a cut network does not answer.
    auto takes = reachable || !to_.up_
                   ? 3 * to_.trip()
                   : virtual_duration{options_.connect_timeout};
    later(takes, [this, &x, generation] {
      if (x.generation != generation)
        return;
      if (!to_.reachable(client_))
        return lose(x, "cannot connect");
      x.state = state::up;
      x.backoff = options_.backoff_min;
      change(x, true, "connected");
      for (auto& held : std::exchange(x.held, {}))
        send(x, std::move(held));
    });
  }

  void lose(connection& x, const std::string& why) {
    if (x.state == state::down)
      return;
    auto was_up = x.state == state::up;
    x.state = state::down;
    ++x.generation;
    unblock(x);
    if (was_up || x.backoff == options_.backoff_min)
      change(x, false, why);
    auto& waiting = ends_[static_cast<size_t>(channel::waiting)];
    if (was_up && x.where == channel::commands && waiting.state == state::up)
      lose(waiting, "the connection for commands is lost");
    for (auto& held : std::exchange(x.held, {}))
      complete(held.id, fail(failure_kind::unavailable, "Redis sim: " + why));
    for (auto& sent : std::exchange(x.sent, {}))
      complete(sent.what.id,
               fail(failure_kind::outcome_unknown, "Redis sim: " + why));
    later(x.backoff, [this, &x] {
      if (x.state == state::down)
        connect(x);
    });
    x.backoff = std::min(x.backoff * 2, options_.backoff_max);
  }

  // -- one command ------------------------------------------------------------

  void send(connection& x, command what) {
    auto id = what.id;
    x.sent.push_back({std::move(what), to_.time_.now() + what.timeout});
    watch(x);
    later_at(in_order(x.last_arrival), [this, &x, id, gen = x.generation] {
      if (x.generation == gen && to_.reachable(client_))
        arrived(x, id);
    });
  }

  // The command is at the server.
  void arrived(connection& x, uint64_t id) {
    for (auto& sent : x.sent) {
      if (sent.what.id != id)
        continue;
      auto& args = sent.what.args;
      to_.time_.add_to_hash(hash_of(args));
      if (to_.server_.would_block(args))
        return block(x, sent.what);
      return answer(x, id, to_.server_.run(args));
    }
  }

  void block(connection& x, const command& what) {
    auto id = what.id;
    auto seconds = std::stod(what.args.back());
    auto number = to_.server_.block(what.args, [this, &x, id](reply got) {
      x.blocked = 0;
      answer(x, id, std::move(got));
    });
    x.blocked = number;
    x.blocked_id = id;
    x.blocked_until = to_.time_.now()
                      + virtual_duration{static_cast<int64_t>(seconds * 1e9)};
    look_at_block(x);
  }

  // Most blocking commands end early, so one event serves several of them.
  void look_at_block(connection& x) {
    if (x.looked_at != virtual_duration{0} && x.looked_at <= x.blocked_until)
      return;
    auto when = x.looked_at = x.blocked_until;
    later_at(when, [this, &x, when] {
      if (x.looked_at != when)
        return;
      x.looked_at = virtual_duration{0};
      if (x.blocked == 0)
        return;
      if (x.blocked_until > when)
        return look_at_block(x);
      unblock(x);
      answer(x, x.blocked_id, {});
    });
  }

  void answer(connection& x, uint64_t id, reply got) {
    later_at(in_order(x.last_answer), [this, &x, id, gen = x.generation,
                                       got = std::move(got)]() mutable {
      if (x.generation == gen && to_.reachable(client_))
        answered(x, id, std::move(got));
    });
  }

  // The answer is at the client.
  void answered(connection& x, uint64_t id, reply got) {
    auto at = std::find_if(x.sent.begin(), x.sent.end(), [id](auto& sent) {
      return sent.what.id == id;
    });
    if (at == x.sent.end())
      return;
    auto what = std::move(at->what);
    x.sent.erase(at);
    if (got.type == reply::kind::error && what.lua && what.args[0] == "EVALSHA"
        && got.text.starts_with("NOSCRIPT")) {
      what.args[0] = "EVAL";
      what.args[1] = what.lua->text;
      return send(x, std::move(what));
    }
    complete(id, std::move(got));
  }

  void watch(connection& x) {
    if (x.watched || x.sent.empty())
      return;
    x.watched = true;
    later_at(x.sent.front().deadline, [this, &x] {
      x.watched = false;
      if (!x.sent.empty() && x.sent.front().deadline <= to_.time_.now())
        lose(x, "no reply in time");
      else
        watch(x);
    });
  }

  sim_redis& to_;
  uint64_t client_;
  link_options options_;
  sink out_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::array<connection, 2> ends_ = [] {
    std::array<connection, 2> out;
    out[1].where = channel::waiting;
    return out;
  }();
};

sim_redis::sim_redis(virtual_time& time, uint64_t seed)
  : time_(time), server_([&time] {
      return time.unix_now_ms();
    }),
    dice_(seed) {
  // nop
}

link_factory sim_redis::links_of(uint64_t client) {
  return [this, client](const link_options& options, redis_link::sink out) {
    return std::make_unique<sim_redis_link>(*this, client, options,
                                            std::move(out));
  };
}

void sim_redis::crash() {
  up_ = false;
  // In the order of the clients, not of the addresses.
  std::map<uint64_t, sim_redis_link*> ordered;
  for (auto* x : links_)
    ordered.emplace(x->client(), x);
  for (auto& [client, x] : ordered)
    x->lose_all("the server has gone");
}

void sim_redis::start() {
  up_ = true;
  mended_[0] = time_.now();
}

void sim_redis::cut(uint64_t client, bool is_cut) {
  if (is_cut)
    cut_.insert(client);
  else
    cut_.erase(client);
  mended_[client] = time_.now();
}

virtual_duration sim_redis::troubled_at(uint64_t client) const {
  auto& is = server_.now_is;
  if (!reachable(client) || is.out_of_memory || is.read_only
      || latency.high_s > latency_range{}.high_s)
    return time_.now();
  auto out = long_ago;
  for (auto who : {client, uint64_t{0}})
    if (auto at = mended_.find(who); at != mended_.end())
      out = std::max(out, at->second);
  return out;
}

void sim_redis::drop(uint64_t client) {
  for (auto* x : links_)
    if (x->client() == client)
      x->close();
}

} // namespace render::harness
