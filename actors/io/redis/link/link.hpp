#pragma once
// What the JOB STORE speaks to Redis through: commands in, completions and
// changes of the connection out. `redis_loop` is the real one; a simulator
// puts a Redis in memory behind the same interface.
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/link/reply.hpp"

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

class redis_link {
public:
  using sink = std::function<void(redis_events)>;

  /// Drops what is under way; the sink is not called any more after it.
  virtual ~redis_link() = default;

  /// Answered exactly once by a completion with `x.id`, if the link lives long
  /// enough; never before this returns. From any thread.
  virtual void submit(channel where, command x) = 0;

protected:
  redis_link() = default;
  redis_link(const redis_link&) = default;
  redis_link& operator=(const redis_link&) = default;
};

using link_factory = std::function<std::unique_ptr<redis_link>(
  const link_options&, redis_link::sink)>;

} // namespace render::job_store
