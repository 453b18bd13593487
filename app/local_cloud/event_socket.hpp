#pragma once
// One WebSocket over a connection that began as an HTTP request. cpp-httplib
// speaks none and hands no connection out, so the request's own thread serves
// it by Boost.Beast until it ends, inside the request's handler.
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
  /// The connection of `in`, which must stay open meanwhile. Nothing is sent
  /// before `run`.
  explicit event_socket(const httplib::Request& in);
  event_socket(const event_socket&) = delete;
  event_socket& operator=(const event_socket&) = delete;
  ~event_socket();

  /// Answers the request and serves until the client or `cut` ends it; the
  /// connection is of no use afterwards. `on_text` gets each text message.
  /// `on_end` is called once, before a client that says goodbye is answered:
  /// it may come back as soon as it is.
  void run(std::function<void(std::string_view)> on_text,
           std::function<void()> on_end);

  /// Thread-safe, and any time: what is sent too early waits, and what is sent
  /// too late is dropped. A client that does not read is cut.
  void send(std::string text);

  /// Ends the connection without a goodbye, as a crash would. Thread-safe, and
  /// any time.
  void cut();

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render::local_cloud
