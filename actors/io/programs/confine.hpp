#pragma once
// Takes this process's privileges and resources away from a child that reads
// hostile files. Called between vfork and exec, so nothing here allocates or
// takes a lock.
#include <cstdint>

namespace render::programs {

struct child_limits {
  /// Address space, bytes: programs and libraries are mapped whole.
  uint64_t addresses = 2ull << 30;
  /// Writable memory, a part of the address space, bytes.
  uint64_t memory = 400ull << 20;
  /// Size of one file that the program writes, bytes.
  uint64_t file_size = 2ull << 30;
  /// Seconds of CPU.
  uint64_t cpu_s = 300;
  uint64_t files = 64;
};

/// A child that kept a descriptor of this process would keep a connection open
/// that this process has closed.
void close_above_stderr();

/// Sets the limits, forbids new privileges, and bars sockets, namespaces,
/// whatever reaches other processes (signals, tracing, their limits and
/// priorities) and the way out of its process group. The child dies with the
/// thread that made it. Protections that the kernel lacks are left out. False:
/// the limits could not be set.
bool confine(const child_limits& limits);

} // namespace render::programs
