#pragma once
// The thread that speaks to Redis: one libuv loop, one connection for commands
// and one for the blocking wait on the queue. Commands come in from any thread
// and are written in one go; replies go out in one batch a loop round.
#include "actors/io/job_store/command.hpp"
#include "actors/io/job_store/reply.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render::job_store {

enum class channel : uint8_t { commands, waiting };

struct completion {
  /// Of the command.
  uint64_t id = 0;
  result<reply> answer;
};

struct link_change {
  channel where = channel::commands;
  bool up = false;
  /// A sentence for the log.
  std::string text;
};

struct redis_events {
  std::vector<completion> completions;
  std::vector<link_change> changes;
};

class redis_loop {
public:
  using sink = std::function<void(redis_events)>;

  /// Starts the thread and connects. `out` is called on that thread, and not
  /// any more once the destructor has returned.
  redis_loop(link_options options, sink out);

  redis_loop(const redis_loop&) = delete;
  redis_loop& operator=(const redis_loop&) = delete;

  /// Drops what is under way and joins the thread.
  ~redis_loop();

  /// Answered exactly once by a completion with `x.id`, if the loop lives long
  /// enough. From any thread.
  void submit(channel where, command x);

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render::job_store
