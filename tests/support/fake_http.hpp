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

fake_answer http_status(int32_t status, duration takes = duration{0});

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

fake_http_actor::behavior_type
fake_http_behavior(fake_http_actor::stateful_pointer<fake_http_state> self,
                   fake_http_ptr world);

} // namespace render::harness
