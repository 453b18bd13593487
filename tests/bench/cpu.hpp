#pragma once
// What this process, its children or one thread has used of the processors.
#include <sys/resource.h>

namespace render::bench {

/// User and system seconds of `who`, as getrusage(2) names it.
inline double cpu_of(int who) {
  auto seconds = [](const timeval& x) {
    return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_usec) / 1e6;
  };
  rusage x{};
  ::getrusage(who, &x);
  return seconds(x.ru_utime) + seconds(x.ru_stime);
}

} // namespace render::bench
