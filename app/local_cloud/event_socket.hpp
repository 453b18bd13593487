#pragma once
// One WebSocket over a connection that began as an HTTP request. cpp-httplib
// has no WebSockets and hands no connection out, so the request's own thread
// serves the WebSocket by Boost.Beast, inside the request's handler.
#include "app/local_cloud/http_text.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace render::local_cloud {

/// Whether a request asks for a WebSocket.
bool is_socket_request(const httplib::Request& in);

class event_socket {
public:
  /// Uses the connection of `in`, which must stay open. Sends nothing before
  /// `run`.
  explicit event_socket(const httplib::Request& in);
  event_socket(const event_socket&) = delete;
  event_socket& operator=(const event_socket&) = delete;
  ~event_socket();

  /// Answers the request and serves until the client or `cut` ends the
  /// connection, which cannot be used afterwards. `on_text` gets each text
  /// message. `on_end` is called once, before the client's close is answered:
  /// the client may come back right after that answer.
  void run(std::function<void(std::string_view)> on_text,
           std::function<void()> on_end);

  /// Thread-safe, at any time: a text before `run` waits, a text after the end
  /// is dropped. A client that does not read is cut.
  void send(std::string text);

  /// Ends the connection without a close message, as a crash would.
  /// Thread-safe, at any time.
  void cut();

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render::local_cloud
