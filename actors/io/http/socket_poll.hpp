#pragma once
// What a multi handle of libcurl waits for: its sockets by epoll, its timer,
// and a word of another thread. Costs what happens, however many connections
// are silent; curl_multi_poll looks at all of them each time.
#include "actors/io/descriptor.hpp"

#include <curl/curl.h>

#include <chrono>
#include <optional>

namespace render {

class socket_poll {
public:
  /// Throws when the process has no file handle left. `multi` must live until
  /// this has gone, and hold no transfer then.
  explicit socket_poll(CURLM* multi);
  socket_poll(const socket_poll&) = delete;
  socket_poll& operator=(const socket_poll&) = delete;
  ~socket_poll();

  /// Until something happens, but no longer than `limit`; then libcurl acts on
  /// it.
  void wait(std::chrono::milliseconds limit);

  /// Ends a wait, or the next one. From any thread.
  void wake();

private:
  using clock = std::chrono::steady_clock;

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self,
                       void*);
  static int on_timer(CURLM*, long ms, void* self);

  CURLM* multi_;
  descriptor poll_;
  descriptor wake_;
  /// When libcurl wants to be called without a socket.
  std::optional<clock::time_point> due_;
};

} // namespace render
