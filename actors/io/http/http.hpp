#pragma once
// The HTTP actor: hands requests to the curl loop, or to that of the WebSockets
// when the URL says so, and the answers back. When
// it dies, transfers under way are dropped and their askers time out.
#include "actors/io/http/curl_loop.hpp"
#include "actors/io/websocket/websocket_loop.hpp"
#include "actors/log.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <map>
#include <memory>

namespace render {

/// INTERNAL: an answer on its way from the loop's thread to the actor.
struct http_done {
  uint64_t id = 0;
  result<http_response> answer;
};

} // namespace render

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::http_done)

namespace render {

using http_shell_actor = http_actor::extend<caf::reacts_to<http_done>>;

struct http_state {
  static inline const char* name = "http";
  uint64_t last_id = 0;
  std::map<uint64_t, caf::typed_response_promise<http_response>> pending;
  logger log;
  /// Last, so that their threads end before anything else goes.
  std::unique_ptr<curl_loop> loop;
  std::unique_ptr<websocket_loop> sockets;
};

http_shell_actor::behavior_type
http_behavior(http_shell_actor::stateful_pointer<http_state> self,
              http_config cfg, logger log);

} // namespace render
