#pragma once
// All HTTP of the process: one thread, one libcurl multi handle, connections
// kept for reuse. Knows no actor: answers are callbacks on its thread.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace render {

struct http_config {
  std::string user_agent = "c3-render-worker";
  /// Idle connections that are kept.
  long connections_kept = 64;
  /// Longest body of an answer outside 2xx that is kept, bytes.
  uint64_t max_error_body_bytes = 64u << 10;
};

class curl_loop {
public:
  /// Called once for each submitted request, on the loop's thread.
  using on_done = std::function<void(uint64_t id, result<http_response>)>;
  /// Called for each piece of a streamed 2xx body, before `on_done`.
  using on_bytes = std::function<void(std::string_view)>;

  curl_loop(http_config cfg, on_done done);
  curl_loop(const curl_loop&) = delete;
  curl_loop& operator=(const curl_loop&) = delete;
  /// Ends the thread; transfers under way are dropped without an answer.
  ~curl_loop();

  /// From any thread. `bytes` empty: the body is collected.
  void submit(uint64_t id, http_request request, on_bytes bytes);

  /// From any thread: ends all transfers whose group begins with `group`; they
  /// are answered with `cancelled`.
  void cancel(std::string group);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
