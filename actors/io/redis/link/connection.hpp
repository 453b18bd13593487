#pragma once
// One connection to Redis on a libuv loop: pipelined commands in, replies out,
// reconnects by itself with growing delay. Lives on the loop's thread alone.
// With sentinels it asks one of them for the master before each connect, and
// leaves a server that is none. A command that was surely never sent fails as
// `unavailable`, one that may have run as `outcome_unknown`.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/link/reply.hpp"
#include "actors/io/redis/link/stream.hpp"

#include <uv.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct redisReader;

namespace render::job_store {

class redis_connection : private redis_stream::listener {
public:
  using on_done = std::function<void(uint64_t id, result<reply>)>;
  using on_change = std::function<void(bool up, std::string text)>;

  /// An answer of more than `answer_max` bytes ends the connection.
  redis_connection(uv_loop_t* loop, link_options options, size_t answer_max,
                   on_done done, on_change changed);

  redis_connection(const redis_connection&) = delete;
  redis_connection& operator=(const redis_connection&) = delete;

  /// Only after the loop has run its close callbacks, see `close`.
  ~redis_connection() = default;

  void connect();
  void send(command x);

  /// Writes now what `send` has collected, instead of in the next round.
  void flush();

  /// Connects anew, if it is connected.
  void reconnect(const std::string& why);

  /// Did it lose the last connection to an answer of more than `answer_max`
  /// bytes?
  bool lost_to_length() const {
    return lost_to_length_;
  }

  /// Drops everything without an answer; the handles close on the loop.
  void close();

private:
  enum class state : uint8_t { down, connecting, up, closed };

  /// Where the stream leads.
  struct route {
    endpoint target = {};
    /// The target is a sentinel, who tells the master's address.
    bool asks = false;
    /// The sentinel that is asked next.
    size_t sentinel = 0;
    /// How many were asked for this connection.
    size_t sentinels_tried = 0;
  };

  struct flying {
    command what;
    uint64_t deadline_ms = 0;
    /// Of the handshake: nobody asked for it.
    bool internal = false;
  };

  void opened() override;
  void arrived(std::string_view bytes) override;
  void lost(std::string why) override;

  static void on_timer(uv_timer_t* timer);
  static void on_watchdog(uv_timer_t* timer);

  void open();
  void handshake_answered(const reply& x);
  void found_master(const reply& x);
  void refuse(const std::string& why);
  void handle(reply x);
  void write(command x, bool internal);
  void drop_stream();
  bool ask_another();
  std::string address() const;

  uv_loop_t* loop_;
  link_options options_;
  size_t answer_max_;
  on_done done_;
  on_change changed_;
  /// Read when the first connection is made.
  std::shared_ptr<const tls_context> tls_;
  std::unique_ptr<redis_stream> stream_;
  /// Of the bytes of `stream_`. Shared with the call that reads from it.
  std::shared_ptr<redisReader> reader_;
  /// Of the answer that is being read.
  size_t answer_bytes_ = 0;
  bool lost_to_length_ = false;
  route route_;
  state state_ = state::down;
  /// Accepted while connecting, not yet sent.
  std::deque<command> held_;
  /// Sent, in the order in which Redis answers.
  std::deque<flying> flying_;
  size_t handshake_left_ = 0;
  milliseconds backoff_;
  std::string last_error_ = "not connected yet";
  /// Connect timeout while connecting, delay of the next try while down.
  uv_timer_t timer_{};
  /// Looks at the oldest command while any is under way; off when idle.
  uv_timer_t watchdog_{};
};

} // namespace render::job_store
