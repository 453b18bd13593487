#pragma once
// A thread for work on a disk that may hang. Tasks are carried out one after
// the other, in order.
#include <functional>
#include <memory>

namespace render {

class disk_thread {
public:
  /// Throws `std::system_error` when the machine has no thread left.
  disk_thread();
  disk_thread(const disk_thread&) = delete;
  disk_thread& operator=(const disk_thread&) = delete;
  /// Waits for nothing. What was handed over is still done, as far as the
  /// process lives.
  ~disk_thread();

  /// From any thread; waits for nothing.
  void post(std::function<void()> task);

private:
  struct state;
  static void run(const std::shared_ptr<state>& x);

  std::shared_ptr<state> state_;
};

} // namespace render
