#pragma once
// The web in memory, behind the HTTP interface: a test gives the answers and
// their delays.
#include "app/harness/event_log.hpp"
#include "messages/io_actors.hpp"
#include "tests/support/later.hpp"

#include <map>
#include <string>

namespace render::harness {

struct fake_answer {
  result<http_response> what;
  duration takes{0};
};

inline fake_answer http_status(int32_t status, duration takes = duration{0}) {
  http_response out;
  out.status = status;
  return {std::move(out), takes};
}

/// Shared by the test and the actor. Events: "METHOD URL", "aborted URL".
struct fake_http {
  event_log_ptr log;
  /// Called for every request. An answer that takes longer than the request's
  /// own limit fails at that limit as `outcome_unknown`.
  std::function<fake_answer(const http_request&)> on_request
    = [](const http_request&) {
        return http_status(200);
      };
  std::vector<http_request> requests;
};

using fake_http_ptr = std::shared_ptr<fake_http>;
using fake_http_actor = http_actor::extend<caf::reacts_to<msg::timer_due>>;

struct fake_http_state {
  struct exchange {
    http_request request;
    caf::typed_response_promise<http_response> promise;
  };
  later timers;
  uint64_t last = 0;
  std::map<uint64_t, exchange> open;
};

inline fake_http_actor::behavior_type
fake_http_behavior(fake_http_actor::stateful_pointer<fake_http_state> self,
                   fake_http_ptr world) {
  auto exchange = [=](const http_request& x) -> caf::result<http_response> {
    auto& st = self->state;
    world->log->add(x.method + " " + x.url);
    world->requests.push_back(x);
    auto number = ++st.last;
    auto promise = self->make_response_promise<http_response>();
    st.open.emplace(number, fake_http_state::exchange{x, promise});
    auto answer = world->on_request(x);
    auto limit = x.total_timeout;
    if (limit.count() > 0 && answer.takes > limit)
      answer = {fail(failure_kind::outcome_unknown, "no answer in time"),
                limit};
    st.timers.run(self, answer.takes, [=]() mutable {
      auto node = self->state.open.extract(number);
      if (node.empty())
        return;
      if (answer.what)
        promise.deliver(*answer.what);
      else
        promise.deliver(to_error(answer.what.error()));
    });
    return promise;
  };
  return {
    [=](const http_request& x) {
      return exchange(x);
    },
    [=](const http_request& x, const http_sink_actor&) {
      return exchange(x);
    },
    [=](const msg::cancel_http& x) {
      auto& open = self->state.open;
      for (auto at = open.begin(); at != open.end();) {
        auto& found = at->second;
        if (found.request.group.rfind(x.group, 0) != 0) {
          ++at;
          continue;
        }
        world->log->add("aborted " + found.request.url);
        found.promise.deliver(
          to_error({failure_kind::aborted, "the request was aborted"}));
        at = open.erase(at);
      }
    },
    [=](const msg::timer_due& x) {
      self->state.timers.due(x);
    },
  };
}

} // namespace render::harness
