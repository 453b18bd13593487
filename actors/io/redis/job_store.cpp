#include "actors/io/redis/job_store.hpp"

#include "actors/io/redis/duties.hpp"
#include "messages/failure_caf.hpp"

#include <map>
#include <numeric>
#include <utility>

namespace render {

namespace job_store {

namespace {

template <class T>
using answer_of = std::conditional_t<std::is_void_v<T>, caf::ok_atom, T>;

template <class T>
using promise = caf::typed_response_promise<answer_of<T>>;

template <class T>
answer_to<T> answer_by(promise<T> to) {
  return [to](result<T> x) mutable {
    if (!x)
      to.deliver(to_error(x.error()));
    else if constexpr (std::is_void_v<T>)
      to.deliver(caf::ok_atom{});
    else
      to.deliver(std::move(*x));
  };
}

/// As whoever asked alone would have heard it: an error of one hinders no
/// other, and what went wrong with the whole is everybody's.
std::vector<answer> answers_of_joined(answer got, size_t count) {
  if (!got || got->type != reply::kind::array || got->elements.size() != count)
    return std::vector<answer>(count, got);
  std::vector<answer> out;
  out.reserve(count);
  for (auto& x : got->elements) {
    if (x.type == reply::kind::error) {
      out.emplace_back(std::move(x));
      continue;
    }
    std::vector<reply> alone;
    alone.push_back(std::move(x));
    out.emplace_back(reply::of(std::move(alone)));
  }
  return out;
}

/// Connects the duties with Redis, with timers, and with those who ask.
class shell : public durable {
public:
  using self_pointer = job_store_shell_actor::stateful_pointer<job_store_state>;

  shell(self_pointer self, config terms, job_store_deps deps)
    : durable(std::move(terms), std::move(deps.log), std::move(deps.local),
              deps.now()),
      self_(self), unix_now_(std::move(deps.now)), all(*this) {
    link_ = deps.make_link(
      cfg.redis,
      [me = caf::actor_cast<job_store_shell_actor>(self)](redis_events xs) {
        caf::anon_send(me, std::move(xs));
      });
    all.heartbeat.follow_wishes([this](const wishes& x) {
      pass_on(x);
    });
    all.leases.start();
  }

  // What can be joined waits until this actor has read its mail, and until the
  // one before it is answered: the more there is to do, the more go together.
  void submit(channel where, command x, handler then) override {
    if (x.item_at == 0) {
      // Writes are numbered, and reach Redis in that order: what it loses is
      // its latest ones.
      if (where == channel::commands)
        send_joined();
      question asked;
      asked.then.push_back(std::move(then));
      asked.where = where;
      return send(std::move(x), std::move(asked));
    }
    auto bytes = size_of(x);
    if (joined_.then.size() == joined_max
        || joined_.bytes + bytes > joined_bytes_max
        || (!joined_.then.empty() && !join(joined_.what, x)))
      send_joined();
    joined_.bytes += bytes;
    if (joined_.then.empty()) {
      joined_.what = std::move(x);
      if (joined_under_way_ == 0)
        self_->send(self_, msg::timer_due{join_timer, 0});
    }
    joined_.then.push_back(std::move(then));
  }

  void arm(timer which, milliseconds delay) override {
    self_->delayed_send(self_, delay,
                        msg::timer_due{which, ++timer_generations_[which]});
  }

  time_point now() const override {
    return self_->clock().now();
  }

  double now_s() const override {
    return unix_now_();
  }

  void on_events(redis_events& xs) {
    for (auto& x : xs.changes)
      all.on_change(x);
    for (auto& x : xs.completions) {
      auto node = pending_.extract(x.id);
      if (node.empty())
        continue;
      auto& asked = node.mapped();
      count(asked);
      if (!asked.is_joined) {
        hear(asked.then.front(), std::move(x.answer));
        continue;
      }
      --joined_under_way_;
      auto each = answers_of_joined(std::move(x.answer), asked.then.size());
      for (size_t i = 0; i < each.size(); ++i)
        hear(asked.then[i], std::move(each[i]));
    }
    if (joined_under_way_ == 0)
      send_joined();
  }

  void on_timer(const msg::timer_due& x) {
    if (x.which == join_timer)
      return send_joined();
    if (x.generation == timer_generations_[x.which])
      all.on_timer(static_cast<timer>(x.which));
  }

  /// Handlers: a duty answers, or is told.
  template <class Duty, class Request, class T>
  auto on(Duty& who, void (Duty::*what)(const Request&, answer_to<T>)) {
    return [this, &who, what](const Request& x) {
      auto to = self_->make_response_promise<answer_of<T>>();
      (who.*what)(x, answer_by<T>(to));
      return to;
    };
  }

  template <class Duty, class Request>
  auto on(Duty& who, void (Duty::*what)(const Request&)) {
    return [&who, what](const Request& x) {
      (who.*what)(x);
    };
  }

  promise<void> write_gpu(const msg::write_gpu& x) {
    // Before the promise, which takes the sender away.
    auto writer = caf::actor_cast<caf::actor_addr>(self_->current_sender());
    auto to = self_->make_response_promise<caf::ok_atom>();
    all.gpus.write(
      x.entry,
      [writer](const word_to_writer& what) {
        std::visit(
          [&writer](auto& word) {
            send_to(writer, word);
          },
          what);
      },
      answer_by<void>(to));
    return to;
  }

  promise<msg::fleet_orders> heartbeat(const msg::node_status& x) {
    // Before the promise, which takes the sender away.
    supervisor_ = caf::actor_cast<caf::actor_addr>(self_->current_sender());
    auto to = self_->make_response_promise<msg::fleet_orders>();
    all.heartbeat.tell(x, answer_by<msg::fleet_orders>(to));
    return to;
  }

  /// A GPU that goes tells the SUPERVISOR so, as one does that is too old.
  void pass_on(const wishes& x) {
    for (auto& gpu : x.stop_gpus)
      all.gpus.tell(gpu.id, msg::halt_gpu{"wished by " + gpu.by});
    for (auto& gpu : x.drain_gpus)
      all.gpus.tell(gpu.id, msg::drain_gpu{"wished by " + gpu.by});
    // It is heard again while the node drains.
    if (!x.drain.empty())
      send_to(supervisor_, msg::drain_node{"wished by " + x.drain, false});
  }

  promise<std::string> version() {
    auto to = self_->make_response_promise<std::string>();
    command x;
    x.args = {"INFO", "server"};
    run(std::move(x), [then = answer_by<std::string>(to)](const answer& got) {
      then(answer{got}.and_then(decode_version));
    });
    return to;
  }

private:
  /// Beside those of the duties.
  static constexpr auto join_timer = UINT32_MAX;
  /// One script that takes a millisecond or two holds nobody up.
  static constexpr size_t joined_max = 64;
  /// Texts of results and bodies of webhooks are part of it.
  static constexpr size_t joined_bytes_max = 256 * 1024;

  /// A command under way.
  struct question {
    /// One, or of a joined command several.
    std::vector<handler> then;
    bool is_joined = false;
    channel where = channel::commands;
    const script* lua = nullptr;
    time_point sent;
  };

  /// A command that others may join still; without handlers: none.
  struct joining {
    command what;
    std::vector<handler> then;
    size_t bytes = 0;
  };

  static size_t size_of(const command& x) {
    return std::accumulate(x.args.begin(), x.args.end(), size_t{0},
                           [](size_t sum, const std::string& arg) {
                             return sum + arg.size();
                           });
  }

  void send(command x, question asked) {
    x.id = ++last_id_;
    asked.lua = x.lua;
    asked.sent = self_->clock().now();
    auto where = asked.where;
    pending_.emplace(x.id, std::move(asked));
    link_->submit(where, std::move(x));
  }

  void send_joined() {
    if (joined_.then.empty())
      return;
    auto x = std::exchange(joined_, {});
    question asked;
    asked.then = std::move(x.then);
    asked.is_joined = true;
    ++joined_under_way_;
    send(std::move(x.what), std::move(asked));
  }

  void hear(const handler& then, answer got) {
    if (is_refusal(got))
      all.leases.on_refusal();
    then(std::move(got));
  }

  void count(const question& x) const {
    // The other one waits for work.
    if (x.where == channel::commands)
      cfg.counts->on_command(
        x.lua, std::chrono::duration<double>(now() - x.sent).count());
  }

  template <class Message>
  static void send_to(const caf::actor_addr& whom, Message what) {
    if (auto to = caf::actor_cast<caf::actor>(whom))
      caf::anon_send(to, std::move(what));
  }

  self_pointer self_;
  wall_clock unix_now_;
  uint64_t last_id_ = 0;
  /// By id.
  std::map<uint64_t, question> pending_;
  joining joined_;
  /// Sent and not answered yet.
  size_t joined_under_way_ = 0;
  std::map<uint32_t, uint64_t> timer_generations_;
  /// Who has told its worker's state last.
  caf::actor_addr supervisor_;

public:
  duties all;

private:
  /// Last: a thread behind it uses nothing of the above, but is joined first.
  std::unique_ptr<redis_link> link_;
};

} // namespace

} // namespace job_store

job_store_shell_actor::behavior_type job_store_behavior(
  job_store_shell_actor::stateful_pointer<job_store_state> self,
  job_store::config cfg, job_store_deps deps) {
  using namespace job_store;
  auto made = std::make_unique<shell>(self, std::move(cfg), std::move(deps));
  auto* sh = made.get();
  self->state.shell = std::move(made);
  auto& all = sh->all;
  // CAF tries them in turn: what comes most is first.
  return {
    [sh](redis_events& x) {
      sh->on_events(x);
    },
    [sh](const msg::timer_due& x) {
      sh->on_timer(x);
    },
    sh->on(all.queue, &queue::await),
    sh->on(all.queue, &queue::peek),
    sh->on(all.queue, &queue::claim),
    sh->on(all.queue, &queue::claim_unfit),
    sh->on(all.jobs, &job_ends::settle),
    sh->on(all.jobs, &job_ends::release),
    sh->on(all.jobs, &job_ends::note_attempt),
    sh->on(all.jobs, &job_ends::note_remote),
    [sh](const msg::write_gpu& x) {
      return sh->write_gpu(x);
    },
    sh->on(all.gpus, &gpu_ledger::close),
    sh->on(all.gpus, &gpu_ledger::leave),
    sh->on(all.jobs, &job_ends::confirm),
    sh->on(all.gpus, &gpu_ledger::confirm),
    sh->on(all.leases, &leases::take_gpus),
    sh->on(all.gpus, &gpu_ledger::view),
    sh->on(all.jobs, &job_ends::progress),
    sh->on(all.outbox, &outbox::take),
    sh->on(all.outbox, &outbox::record),
    sh->on(all.gpus, &gpu_ledger::hand_over),
    [sh](const msg::node_status& x) {
      return sh->heartbeat(x);
    },
    [sh](caf::get_atom) {
      return sh->version();
    },
  };
}

} // namespace render
