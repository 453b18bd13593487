#pragma once
// What a child that reads hostile files keeps of this process: nothing. Called
// between vfork and exec, so nothing here allocates or takes a lock.
#include <cstdint>

struct sock_fprog;

namespace render::programs {

struct child_limits {
  /// Address space, bytes: programs and libraries are mapped whole.
  uint64_t addresses = 2ull << 30;
  /// Of it what the program writes to, bytes.
  uint64_t memory = 400ull << 20;
  /// Of one file that it writes, bytes.
  uint64_t file_size = 2ull << 30;
  /// Seconds of CPU.
  uint64_t cpu_s = 300;
  uint64_t files = 64;
};

/// The filter that bars sockets, tracing, namespaces and the like; built before
/// the fork.
const sock_fprog& barred_calls();

/// A descriptor of ours that a child kept would hold a connection open that we
/// have closed.
void close_above_stderr();

/// Sets the limits, forbids new privileges, and bars the calls. The child dies
/// with the thread that made it. What a kernel does not know is left out;
/// false: the limits could not be set.
bool confine(const child_limits& limits, const sock_fprog& barred);

} // namespace render::programs
