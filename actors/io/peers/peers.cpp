#include "actors/io/peers/peers.hpp"

#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"
#include "messages/moment.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <chrono>

namespace render {

namespace {

using namespace peers;
using namespace std::chrono_literals;

using self_ptr = peers_actor::stateful_pointer<peers_state>;

// Above the DIALLER's own limits.
constexpr auto dial_limit = 15s;
constexpr auto seeds_pace = 5s;

enum timer : uint32_t { membership_timer, seeds_timer };

struct shell {
  self_ptr self;
  std::shared_ptr<const peers_deps> deps;

  peers_state& state() const {
    return self->state;
  }

  membership& policy() const {
    return *self->state.policy;
  }

  double now_s() const {
    return render::steady_s(*self);
  }

  void run(effects xs) const {
    perform(*this, std::move(xs));
  }

  // -- effects ----------------------------------------------------------------

  void operator()(const connect& x) const {
    self
      ->request(deps->dialler, dial_limit, caf::connect_atom_v, x.to.host,
                x.to.port)
      .then(
        [sh = *this, to = x.to](const caf::actor& whom) {
          sh.run(sh.policy().on_connected(
            to, sh.id_of(caf::actor_cast<remote_peers_actor>(whom)),
            sh.now_s()));
        },
        [sh = *this, to = x.to](const caf::error& err) {
          sh.run(
            sh.policy().on_connect_failed(to, to_failure(err), sh.now_s()));
        });
  }

  void operator()(const peers::send& x) const {
    auto at = state().handles.find(x.link);
    if (at == state().handles.end())
      return;
    frame out{protocol, encode(x.what)};
    ++state().counts.frames_sent;
    state().counts.bytes_sent += out.payload.size();
    self->send(at->second, std::move(out));
  }

  void operator()(const arm_timer& x) const {
    self->delayed_send(self, x.delay,
                       msg::timer_due{membership_timer, x.generation});
  }

  void operator()(const changed&) const {
    if (state().listener)
      self->send(state().listener, msg::fleet_view{members()});
  }

  void operator()(const take_gift& x) const {
    if (state().listener)
      self->send(state().listener, msg::gpus_given{x.from, own_name()});
  }

  void operator()(const finish&) const {
    self->quit(caf::exit_reason::user_shutdown);
  }

  void operator()(const say& x) const {
    write_line(deps->log, x);
  }

  // -- links ------------------------------------------------------------------

  link_id id_of(const remote_peers_actor& whom) const {
    auto& st = state();
    auto [at, is_new] = st.ids.try_emplace(whom.address(), 0);
    if (is_new) {
      at->second = ++st.last_id;
      st.handles.emplace(st.last_id, whom);
      self->monitor(whom);
    }
    return at->second;
  }

  void on_told(const worker_facts& x) const {
    auto is_new = !state().listener;
    state().listener
      = caf::actor_cast<fleet_listener_actor>(self->current_sender());
    run(policy().tell(encode_facts(x), now_s()));
    if (is_new)
      (*this)(changed{});
  }

  void on_frame(const frame& x) const {
    auto whom = caf::actor_cast<remote_peers_actor>(self->current_sender());
    if (!whom)
      return;
    ++state().counts.frames_received;
    state().counts.bytes_received += x.payload.size();
    auto from = id_of(whom);
    auto got = decode(x.version, x.payload);
    run(got ? policy().on_message(from, *got, now_s())
            : policy().on_bad_frame(from, got.error(), now_s()));
  }

  void on_down(const caf::down_msg& x) const {
    auto& st = state();
    auto at = st.ids.find(x.source);
    if (at == st.ids.end())
      return;
    auto id = at->second;
    st.ids.erase(at);
    st.handles.erase(id);
    run(policy().on_link_down(id, now_s()));
  }

  // -- seeds ------------------------------------------------------------------

  void look_up_seeds() const {
    auto alone = policy().links().empty();
    for (auto& name : state().seeds->due(alone, now_s()))
      deps->names->look_up(
        name, [name, weak = self->address()](name_resolver::found found) {
          std::vector<std::string> texts;
          if (found)
            for (auto& x : *found)
              texts.push_back(to_string(x));
          // A look-up may outlive this actor.
          if (auto me = caf::actor_cast<caf::actor>(weak))
            caf::anon_send(me, caf::put_atom_v, name, std::move(texts),
                           found ? std::string{} : found.error().message);
        });
    if (state().seeds->has_names())
      self->delayed_send(self, seeds_pace, msg::timer_due{seeds_timer, 0});
  }

  void on_name(const std::string& name, std::vector<std::string> found,
               const std::string& why_not) const {
    auto line = state().seeds->on_answer(
      name,
      why_not.empty() ? result<std::vector<std::string>>{std::move(found)}
                      : fail(failure_kind::unavailable, why_not),
      now_s());
    if (line)
      write_line(deps->log, *line);
    run(policy().on_seeds(state().seeds->addresses(), now_s()));
  }

  // -- what is known ----------------------------------------------------------

  worker_id own_name() const {
    return policy().self().name;
  }

  const worker_facts& facts_of(const word& x) const {
    auto& [rank, facts] = state().facts[x.who.name];
    if (rank != rank_of(x)) {
      rank = rank_of(x);
      facts = decode_facts(x.facts).value_or(worker_facts{});
    }
    return facts;
  }

  std::vector<fleet_member> members() const {
    std::vector<fleet_member> out;
    for (auto& x : policy().fleet())
      out.push_back({x.last.who, printable(x.last.version), facts_of(x.last),
                     x.told_s, x.doubted, x.linked});
    std::erase_if(state().facts, [&](auto& x) {
      return std::none_of(out.begin(), out.end(), [&](auto& y) {
        return y.who.name == x.first;
      });
    });
    return out;
  }

  msg::peers_report report() const {
    auto out = state().counts;
    out.members = members();
    for (auto& x : policy().links())
      out.links.push_back({x.peer, x.dialled, now_s() - x.since_s});
    return out;
  }
};

void open_port(const shell& sh, const address& where) {
  sh.self
    ->request(sh.deps->dialler, dial_limit, caf::publish_atom_v, where.host,
              where.port, caf::actor_cast<caf::actor>(sh.self))
    .then(
      [sh, where](uint16_t) {
        sh.deps->log->info("peers: this worker listens on {} for the others of "
                           "cluster {}",
                           to_string(where), sh.policy().cluster());
        sh.run(sh.policy().on_seeds(sh.state().seeds->addresses(), sh.now_s()));
        sh.look_up_seeds();
      },
      [sh, where](const caf::error& err) {
        sh.self->quit(
          to_error({failure_kind::unfit, "C3_CLUSTER_LISTEN: cannot listen on "
                                           + to_string(where) + ": "
                                           + to_failure(err).message}));
      });
}

} // namespace

peers_actor::behavior_type peers_behavior(self_ptr self, peers_config cfg,
                                          peers_deps deps) {
  auto& st = self->state;
  st.policy = std::make_unique<membership>(cfg.membership, cfg.seed);
  st.seeds = std::make_unique<seeds>(cfg.seeds);
  shell sh{self, std::make_shared<const peers_deps>(std::move(deps))};
  self->set_down_handler([sh](const caf::down_msg& x) {
    sh.on_down(x);
  });
  self->set_exit_handler([sh](const caf::exit_msg& x) {
    if (x.reason == caf::exit_reason::user_shutdown)
      sh.run(sh.policy().leave(sh.now_s()));
    else
      sh.self->quit(x.reason);
  });
  open_port(sh, cfg.listen);
  return {
    [sh](const msg::tell_fleet& x) {
      sh.on_told(x.facts);
    },
    [sh](const msg::gpus_given& x) {
      sh.run(sh.policy().give(x.to, sh.now_s()));
    },
    [sh](const msg::get_peers&) {
      return sh.report();
    },
    [sh](const frame& x) {
      sh.on_frame(x);
    },
    [sh](caf::put_atom, const std::string& name,
         std::vector<std::string>& found, const std::string& why_not) {
      sh.on_name(name, std::move(found), why_not);
    },
    [sh](const msg::timer_due& x) {
      if (x.which == seeds_timer)
        sh.look_up_seeds();
      else
        sh.run(sh.policy().on_timer(x.generation, sh.now_s()));
    },
  };
}

} // namespace render
