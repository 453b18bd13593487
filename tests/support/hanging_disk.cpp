// A disk that hangs, for a program that is started with this library as
// LD_PRELOAD: the calls that HANG_CALLS names do not return while the file
// HANG_WHILE exists. Neither a FIFO nor a full disk makes a removal wait.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace {

void pass(std::string_view call) {
  constexpr useconds_t pause_us = 5'000;
  auto* calls = std::getenv("HANG_CALLS");
  auto* gate = std::getenv("HANG_WHILE");
  if (!calls || !gate
      || std::string_view{calls}.find(call) == std::string_view::npos)
    return;
  while (access(gate, F_OK) == 0)
    usleep(pause_us);
}

template <class F>
F* original(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

} // namespace

extern "C" {

int unlinkat(int folder, const char* name, int flags) {
  pass("unlinkat");
  return original<decltype(unlinkat)>("unlinkat")(folder, name, flags);
}

int mkdirat(int folder, const char* name, mode_t mode) {
  pass("mkdirat");
  return original<decltype(mkdirat)>("mkdirat")(folder, name, mode);
}

int renameat(int from, const char* name, int to, const char* new_name) {
  pass("renameat");
  return original<decltype(renameat)>("renameat")(from, name, to, new_name);
}
}
