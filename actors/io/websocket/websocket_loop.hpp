#pragma once
// All WebSockets of the process, on one thread; the number of connections is
// not limited. Only listens: received messages are reported, none is sent.
// Knows no actor: answers are callbacks on the loop's thread.
#include "actors/io/http/resolver.hpp"
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <chrono>
#include <cstddef>
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
  /// has ended: a response when the server closed it in good order.
  using on_done = std::function<void(uint64_t id, result<http_response>)>;
  /// Called for each text message, before `on_done`. Binary messages are
  /// dropped.
  using on_text = std::function<void(std::string_view)>;

  /// A connection stops reading at this many untaken messages, or bytes, so
  /// that a flood waits at the server.
  static constexpr size_t untaken_max = 256;
  static constexpr size_t untaken_bytes_max = 16u << 20;

  /// `ca_path`: certificates of the trusted authorities, a file or a folder;
  /// empty: the system's. `quiet_max`: a server that is silent for half of it
  /// is pinged, and its connection is closed when no answer comes within the
  /// other half. `names`: null for getaddrinfo.
  explicit websocket_loop(on_done done, const std::string& ca_path = {},
                          std::chrono::milliseconds quiet_max
                          = std::chrono::seconds{60},
                          std::unique_ptr<name_resolver> names = nullptr);
  websocket_loop(const websocket_loop&) = delete;
  websocket_loop& operator=(const websocket_loop&) = delete;
  /// Ends the thread; connections are dropped without an answer.
  ~websocket_loop();

  /// From any thread. Of the request, the URL, the headers, the group, the
  /// longest body (of one message) and the connect timeout are used. wss: the
  /// server's certificate must be valid for the host name.
  void listen(uint64_t id, http_request request, on_text text);

  /// From any thread: the listener has taken one message of this many bytes.
  void taken(uint64_t id, size_t bytes);

  /// From any thread: ends all connections whose group begins with `group`;
  /// they are answered with `aborted`.
  void cancel(std::string group);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
