#include "actors/account/account.hpp"

#include "actors/io/gpu_cloud/account.hpp"
#include "actors/shell.hpp"
#include "messages/failure_caf.hpp"

#include <iterator>

namespace render {

namespace {

using namespace std::chrono_literals;
using self_ptr = account_actor::stateful_pointer<account_state>;

constexpr auto margin = 5s;
constexpr auto ledger_timeout = 10s;

struct shell {
  self_ptr self;

  account_state& st() const {
    return self->state;
  }

  double steady_s() const {
    return render::steady_s(*self);
  }

  void on_timer() const {
    self->delayed_send(self, st().cfg.step, msg::timer_due{});
    // A refusal during a look is for the next one.
    if (st().looking)
      return;
    auto refused = st().deps.note->take_refused();
    if (account::is_due(st().cfg, steady_s(), st().last_s, refused)) {
      st().last_s = steady_s();
      st().looking = true;
      return ask_balance();
    }
    auto seen = st().deps.note->seen().gpus;
    if (account::is_list_due(st().cfg, steady_s(), st().last_list_s,
                             !seen || seen->agrees())) {
      st().looking = true;
      ask_list();
    }
  }

  void ask_balance() const {
    auto request = gpu_cloud::balance_request(st().cloud);
    auto answer = [sh = *this,
                   begun_s = steady_s()](const result<http_response>& got) {
      sh.on_balance(got, begun_s);
      sh.ask_list();
    };
    self->request(st().deps.http, request.total_timeout + margin, request)
      .then(
        [answer](http_response& got) {
          answer(std::move(got));
        },
        [answer](caf::error& err) {
          answer(fail(to_failure(err)));
        });
  }

  void on_balance(const result<http_response>& got, double begun_s) const {
    note_event(st().deps.log,
               gpu_cloud::call_event("balance", got, steady_s() - begun_s));
    auto& note = *st().deps.note;
    note.see(account::after_balance(got, note.seen().balance, st().deps.now()));
  }

  void ask_list() const {
    st().last_list_s = steady_s();
    self
      ->request(st().deps.cloud, st().cloud.call_timeout + margin,
                msg::list_gpus{})
      .then(
        [sh = *this, asked_s = st().deps.now()](msg::gpu_list& got) {
          sh.ask_ledger(
            std::make_shared<look>(look{std::move(got), asked_s, {}, 0}));
        },
        [sh = *this](const caf::error&) {
          sh.st().looking = false;
        });
  }

  struct look {
    msg::gpu_list list;
    /// Unix seconds.
    double asked_s = 0;
    account::ledger_sight ledger;
    /// Of the types, the next one that the ledger is asked for.
    size_t next = 0;
  };

  void ask_ledger(std::shared_ptr<look> x) const {
    if (x->next == st().cfg.types.size()) {
      st().looking = false;
      return conclude(*x);
    }
    self
      ->request(st().deps.ledger, ledger_timeout,
                msg::view_gpus{st().cfg.types[x->next++], true})
      .then(
        [sh = *this, x](msg::gpus_seen& got) {
          auto& to = x->ledger;
          std::move(got.entries.begin(), got.entries.end(),
                    std::back_inserter(to.entries));
          to.ended.insert(got.ended_workloads.begin(),
                          got.ended_workloads.end());
          sh.ask_ledger(x);
        },
        [sh = *this](const caf::error&) {
          sh.st().looking = false;
        });
  }

  void conclude(const look& x) const {
    auto& note = *st().deps.note;
    auto& list = x.list.workloads;
    note.see(
      account::unknown_of(st().cfg, list, x.ledger.known(), st().deps.now()),
      account::compare(st().cfg, list, x.ledger, note.seen().gpus, x.asked_s));
  }
};

} // namespace

account_actor::behavior_type
account_behavior(self_ptr self, account::config cfg, gpu_cloud::config cloud,
                 account_deps deps) {
  auto& st = self->state;
  st.cfg = std::move(cfg);
  st.cloud = std::move(cloud);
  st.deps = std::move(deps);
  self->send(self, msg::timer_due{});
  return {
    [sh = shell{self}](const msg::timer_due&) {
      sh.on_timer();
    },
  };
}

} // namespace render
