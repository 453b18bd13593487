#pragma once
// HTTP on one thread: one libcurl multi handle, connections kept for reuse.
// Names are looked up elsewhere: libcurl would wait for the end of its own
// resolver. Knows no actor: answers are callbacks on the loop's thread.
#include "actors/io/http/networks.hpp"
#include "actors/io/http/proxy.hpp"
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

struct http_config {
  std::string user_agent = "c3-render-worker";
  /// Idle connections that are kept.
  long connections_kept = 64;
  /// Longest body of an answer outside 2xx that is kept, bytes.
  uint64_t max_error_body_bytes = 64u << 10;
  /// Header lines of one answer with all that follow (1xx, trailers), bytes.
  uint64_t max_header_bytes = 300u << 10;
  /// Requests under way at a time, in all and to one host; others wait.
  size_t open_max = 1024;
  size_t open_per_host_max = 1024;
  /// Limit of a name look-up, and how long its answer is kept.
  std::chrono::milliseconds look_up_timeout{10'000};
  std::chrono::milliseconds names_kept{60'000};
  /// Certificates of the trusted authorities, as a file or a folder; empty: the
  /// system's.
  std::string ca_path;
  proxy_settings proxies;
  /// Requests with `public_only` take the proxy too. The proxy then decides
  /// which addresses are reached.
  bool proxies_for_strangers = false;
  /// Other addresses than public ones that `public_only` requests may reach.
  private_allowances allowed;
  /// Gets one line on each failure of a request with `public_only`, with the
  /// details. Called on the loop's thread.
  std::function<void(std::string_view)> tell;
};

class curl_loop {
public:
  /// Called once for each submitted request, on the loop's thread.
  using on_done = std::function<void(uint64_t id, result<http_response>)>;
  /// Called for each piece of a streamed 2xx body, before `on_done`.
  using on_bytes = std::function<void(std::string_view)>;

  /// `names`: null for getaddrinfo.
  curl_loop(http_config cfg, on_done done,
            std::unique_ptr<name_resolver> names = nullptr);
  curl_loop(const curl_loop&) = delete;
  curl_loop& operator=(const curl_loop&) = delete;
  /// Ends the thread; transfers under way are dropped without an answer.
  ~curl_loop();

  /// From any thread. `bytes` empty: the body is collected.
  void submit(uint64_t id, http_request request, on_bytes bytes);

  /// From any thread: ends all transfers whose group begins with `group`; they
  /// are answered with `aborted`.
  void cancel(std::string group);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
