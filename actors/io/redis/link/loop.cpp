#include "actors/io/redis/link/loop.hpp"

#include "actors/io/redis/link/connection.hpp"

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace render::job_store {

namespace {

/// An id, whole; what is pushed there can be anything.
constexpr size_t waiting_answer_max = 64 << 10;

} // namespace

struct redis_loop::implementation {
  implementation(link_options options, sink out_sink)
    : out(std::move(out_sink)) {
    if (uv_loop_init(&loop) != 0)
      throw std::runtime_error("cannot make an event loop for Redis");
    uv_async_init(&loop, &wake, [](uv_async_t* x) {
      static_cast<implementation*>(x->data)->on_wake();
    });
    uv_prepare_init(&loop, &before_poll);
    uv_check_init(&loop, &after_poll);
    wake.data = before_poll.data = after_poll.data = this;
    // Both: a timer completes commands before the poll, a socket after it.
    uv_prepare_start(&before_poll, [](uv_prepare_t* x) {
      static_cast<implementation*>(x->data)->emit();
    });
    uv_check_start(&after_poll, [](uv_check_t* x) {
      static_cast<implementation*>(x->data)->emit();
    });
    commands = make_link(options, channel::commands);
    waiting = make_link(options, channel::waiting);
    thread = std::thread([this] {
      commands->connect();
      waiting->connect();
      uv_run(&loop, UV_RUN_DEFAULT);
      uv_loop_close(&loop);
    });
  }

  ~implementation() {
    {
      std::lock_guard guard{mutex};
      stopping = true;
    }
    uv_async_send(&wake);
    thread.join();
  }

  std::unique_ptr<redis_connection> make_link(const link_options& options,
                                              channel where) {
    return std::make_unique<redis_connection>(
      &loop, options, where == channel::waiting ? waiting_answer_max : SIZE_MAX,
      [this](uint64_t id, result<reply> x) {
        events.completions.push_back({id, std::move(x)});
      },
      [this, where](bool up, std::string text) {
        events.changes.push_back({where, up, std::move(text)});
        // It may lead to a server that is gone as well, and a blocking wait
        // would take half a minute to notice.
        if (where == channel::commands && !up)
          waiting->reconnect("the connection for commands is lost");
      });
  }

  void on_wake() {
    auto stop = false;
    {
      std::lock_guard guard{mutex};
      batch.swap(inbox);
      stop = stopping;
    }
    for (auto& [where, x] : batch)
      (where == channel::commands ? commands : waiting)->send(std::move(x));
    batch.clear();
    if (stop)
      return close();
    commands->flush();
    waiting->flush();
  }

  void emit() {
    if (events.completions.empty() && events.changes.empty())
      return;
    out(std::exchange(events, {}));
  }

  void close() {
    commands->close();
    waiting->close();
    for (auto* x : {reinterpret_cast<uv_handle_t*>(&wake),
                    reinterpret_cast<uv_handle_t*>(&before_poll),
                    reinterpret_cast<uv_handle_t*>(&after_poll)})
      if (!uv_is_closing(x))
        uv_close(x, nullptr);
  }

  sink out;
  uv_loop_t loop{};
  uv_async_t wake{};
  uv_prepare_t before_poll{};
  uv_check_t after_poll{};
  std::unique_ptr<redis_connection> commands;
  std::unique_ptr<redis_connection> waiting;
  /// Collected since the last `emit`; loop thread only.
  redis_events events;
  std::vector<std::pair<channel, command>> batch;
  std::mutex mutex;
  /// Guarded by `mutex`.
  std::vector<std::pair<channel, command>> inbox;
  bool stopping = false;
  std::thread thread;
};

redis_loop::redis_loop(link_options options, sink out)
  : impl_(
    std::make_unique<implementation>(std::move(options), std::move(out))) {
  // nop
}

redis_loop::~redis_loop() = default;

void redis_loop::submit(channel where, command x) {
  {
    std::lock_guard guard{impl_->mutex};
    impl_->inbox.emplace_back(where, std::move(x));
  }
  uv_async_send(&impl_->wake);
}

std::unique_ptr<redis_link> start_redis_loop(const link_options& options,
                                             redis_link::sink out) {
  return std::make_unique<redis_loop>(options, std::move(out));
}

} // namespace render::job_store
