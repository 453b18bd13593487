#include "tests/support/fake_http.hpp"

namespace render::harness {

fake_answer http_status(int32_t status, duration takes) {
  http_response out;
  out.status = status;
  return {std::move(out), takes};
}

fake_http_actor::behavior_type
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
