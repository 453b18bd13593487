#pragma once
// All WebSockets of the process: one thread, as many connections as are asked
// for. Only listens: what comes is told, nothing is said. Knows no actor:
// answers are callbacks on its thread.
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
  /// has ended: an answer when the server closed it in good order.
  using on_done = std::function<void(uint64_t id, result<http_response>)>;
  /// Called for each text message, before `on_done`. Binary ones are dropped.
  using on_text = std::function<void(std::string_view)>;

  /// A connection reads on only while less than this is untaken, counted in
  /// messages and in bytes; so a flood waits at the server.
  static constexpr size_t untaken_max = 256;
  static constexpr size_t untaken_bytes_max = 16u << 20;

  /// `ca_path`: certificates of authorities that are trusted instead of the
  /// system's, a file or a folder; empty: the system's. `quiet_max`: a server
  /// that says nothing for half of it is pinged, and left when it does not
  /// answer in the other half. `names`: null for getaddrinfo.
  explicit websocket_loop(on_done done, const std::string& ca_path = {},
                          std::chrono::milliseconds quiet_max
                          = std::chrono::seconds{60},
                          std::unique_ptr<name_resolver> names = nullptr);
  websocket_loop(const websocket_loop&) = delete;
  websocket_loop& operator=(const websocket_loop&) = delete;
  /// Ends the thread; connections are dropped without an answer.
  ~websocket_loop();

  /// From any thread. Of the request count the URL, the headers, the group, the
  /// longest body (of one message) and the time to connect. wss: the server's
  /// certificate must be good for the host's name.
  void listen(uint64_t id, http_request request, on_text text);

  /// From any thread: the listener has dealt with one message of so many bytes.
  void taken(uint64_t id, size_t bytes);

  /// From any thread: ends all whose group begins with `group`; they are
  /// answered with `cancelled`.
  void cancel(std::string group);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
