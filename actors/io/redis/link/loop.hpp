#pragma once
// The thread that speaks to Redis: one libuv loop, one connection for commands
// and one for the blocking wait on the queue. Commands come in from any thread
// and are written in one go; replies go out in one batch a loop round.
#include "actors/io/redis/link/link.hpp"

#include <memory>

namespace render::job_store {

class redis_loop : public redis_link {
public:
  /// Starts the thread and connects. `out` is called on that thread, and not
  /// any more once the destructor has returned.
  redis_loop(link_options options, sink out);

  redis_loop(const redis_loop&) = delete;
  redis_loop& operator=(const redis_loop&) = delete;

  /// Drops what is under way and joins the thread.
  ~redis_loop() override;

  void submit(channel where, command x) override;

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

std::unique_ptr<redis_link> start_redis_loop(const link_options& options,
                                             redis_link::sink out);

} // namespace render::job_store
