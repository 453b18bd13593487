#pragma once
// The HTTP actor: hands a request to a curl loop, or to the WebSocket loop for
// a ws:// or wss:// URL, and hands the answer back. When the actor dies,
// transfers under way are dropped and their askers time out.
//
// There are four curl loops, each with a thread, by two questions: is the URL a
// stranger's, and does a file take part? So a stranger's server or name can
// hold up neither a GPU nor the API, nor share its connections with them, and a
// slow disk holds up only requests that wait for that disk.
#include "actors/io/http/curl_loop.hpp"
#include "actors/io/websocket/websocket_loop.hpp"
#include "actors/log.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>

namespace render {

/// INTERNAL: an answer on its way from the loop's thread to the actor.
struct http_done {
  uint64_t id = 0;
  result<http_response> answer;
};

/// INTERNAL: a WebSocket message on its way to the sink.
struct socket_text {
  uint64_t id = 0;
  http_sink_actor sink;
  msg::http_chunk chunk;
};

} // namespace render

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::http_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(render::socket_text)

namespace render {

using http_shell_actor
  = http_actor::extend<caf::reacts_to<http_done>, caf::reacts_to<socket_text>>;

struct http_state {
  static inline const char* name = "http";
  uint64_t last_id = 0;
  std::map<uint64_t, caf::typed_response_promise<http_response>> pending;
  logger log;
  /// Make what follows, each with a thread, when the first request needs it.
  std::function<std::unique_ptr<curl_loop>(size_t lane)> make_loop;
  std::function<std::unique_ptr<websocket_loop>()> make_sockets;
  /// Last members, so that their threads end before other members go.
  std::array<std::unique_ptr<curl_loop>, 4> loops;
  std::unique_ptr<websocket_loop> sockets;
};

/// Which of the four loops takes the request.
size_t lane_of(const http_request& x);

http_shell_actor::behavior_type
http_behavior(http_shell_actor::stateful_pointer<http_state> self,
              http_config cfg, logger log);

} // namespace render
