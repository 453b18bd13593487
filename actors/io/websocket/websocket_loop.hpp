#pragma once
// All WebSockets of the process: one thread, as many connections as are asked
// for. Only listens: what comes is told, nothing is said. Knows no actor:
// answers are callbacks on its thread.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace render {

/// Is this ws:// or wss://?
bool is_websocket_url(std::string_view url);

class websocket_loop {
public:
  /// Called once for each `listen`, on the loop's thread, when the connection
  /// has ended: an answer when the server closed it in good order.
  using on_done = std::function<void(uint64_t id, result<http_response>)>;
  /// Called for each text message, before `on_done`. Binary ones are dropped.
  using on_text = std::function<void(std::string_view)>;

  explicit websocket_loop(on_done done);
  websocket_loop(const websocket_loop&) = delete;
  websocket_loop& operator=(const websocket_loop&) = delete;
  /// Ends the thread; connections are dropped without an answer.
  ~websocket_loop();

  /// From any thread. Of the request count the URL, the headers, the group, the
  /// longest body (of one message) and the time to connect. wss: the server's
  /// certificate must be good for the host's name.
  void listen(uint64_t id, http_request request, on_text text);

  /// From any thread: ends all whose group begins with `group`; they are
  /// answered with `cancelled`.
  void cancel(std::string group);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
