#include "actors/io/peers/dialler.hpp"

#include "messages/failure_caf.hpp"

#include <caf/io/middleman.hpp>

#include <set>
#include <utility>

namespace render {

namespace {

using namespace std::chrono_literals;

using self_ptr = dialler_actor::stateful_pointer<dialler_state>;

constexpr auto probe_limit = 3s;
constexpr auto probe_pace = 10ms;
constexpr auto caf_limit = 5s;

failure why_not(const caf::error& err) {
  if (err == caf::sec::incompatible_application_ids
      || err == caf::sec::incompatible_versions)
    return {failure_kind::rejected,
            "is no worker of this protocol (its program is of another "
            "version, or another one)"};
  if (err == caf::sec::request_timeout)
    return {failure_kind::unavailable, "does not greet"};
  return {failure_kind::unavailable, "cannot be connected to"};
}

void connect(self_ptr self, dialler_state::attempt x) {
  self
    ->request(self->system().middleman().actor_handle(), caf_limit,
              caf::connect_atom_v, x.to.host, x.to.port)
    .then(
      [answer = x.answer](const caf::node_id&,
                          const caf::strong_actor_ptr& whom,
                          const std::set<std::string>&) mutable {
        if (whom)
          answer.deliver(caf::actor_cast<caf::actor>(whom));
        else
          answer.deliver(to_error(
            {failure_kind::unavailable, "has no worker at this port"}));
      },
      [answer = x.answer](const caf::error& err) mutable {
        answer.deliver(to_error(why_not(err)));
      });
}

void look(self_ptr self) {
  auto& st = self->state;
  auto all = std::exchange(st.attempts, {});
  for (auto& x : all) {
    auto now = x.under_way.look();
    if (now == peers::probe::state::open)
      connect(self, std::move(x));
    else if (now == peers::probe::state::failed)
      x.answer.deliver(
        to_error({failure_kind::unavailable, x.under_way.why()}));
    else if (self->clock().now() >= x.until)
      x.answer.deliver(
        to_error({failure_kind::unavailable, "does not answer"}));
    else
      st.attempts.push_back(std::move(x));
  }
  st.ticking = !st.attempts.empty();
  if (st.ticking)
    self->delayed_send(self, probe_pace, caf::tick_atom_v);
}

} // namespace

dialler_actor::behavior_type dialler_behavior(self_ptr self) {
  return {
    [self](caf::publish_atom, const std::string& host, uint16_t port,
           const caf::actor& whom) -> caf::result<uint16_t> {
      auto answer = self->make_response_promise<uint16_t>();
      self
        ->request(self->system().middleman().actor_handle(), caf_limit,
                  caf::publish_atom_v, port,
                  caf::actor_cast<caf::strong_actor_ptr>(whom),
                  std::set<std::string>{}, host, true)
        .then(
          [answer](uint16_t opened) mutable {
            answer.deliver(opened);
          },
          [answer](const caf::error&) mutable {
            answer.deliver(to_error({failure_kind::unavailable,
                                     "the port is in use, or the address is "
                                     "not of this machine"}));
          });
      return answer;
    },
    [self](caf::connect_atom, const std::string& host,
           uint16_t port) -> caf::result<caf::actor> {
      peers::address to{host, port};
      auto begun = peers::probe::begin(to);
      if (!begun)
        return to_error(begun.error());
      auto answer = self->make_response_promise<caf::actor>();
      auto& st = self->state;
      st.attempts.push_back(
        {to, std::move(*begun), self->clock().now() + probe_limit, answer});
      if (!std::exchange(st.ticking, true))
        self->send(self, caf::tick_atom_v);
      return answer;
    },
    [self](caf::tick_atom) {
      look(self);
    },
  };
}

} // namespace render
