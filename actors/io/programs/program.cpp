#include "actors/io/programs/program.hpp"

#include "actors/io/descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace render::programs {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr size_t kept_bytes_max = 1u << 20;
constexpr int long_run_niceness = 5;

struct output_pipe {
  output_pipe() {
    std::array<int, 2> fds{-1, -1};
    if (pipe2(fds.data(), O_CLOEXEC) == 0) {
      read_end.emplace(fds[0]);
      write_end.emplace(fds[1]);
    }
  }

  std::optional<descriptor> read_end;
  std::optional<descriptor> write_end;
};

/// The whole environment of a child.
std::vector<std::string> small_environment() {
  auto* path = std::getenv("PATH");
  return {std::string{"PATH="} + (path ? path : "/usr/bin:/bin"),
          "LANG=C.UTF-8"};
}

std::vector<char*> pointers(const std::vector<std::string>& xs) {
  std::vector<char*> out;
  out.reserve(xs.size() + 1);
  for (auto& x : xs)
    out.push_back(const_cast<char*>(x.c_str()));
  out.push_back(nullptr);
  return out;
}

/// All that the child needs, made before the fork.
struct child_plan {
  char* const* argv;
  char* const* environment;
  int out;
  int err;
  /// Null: no box.
  const child_limits* box;
  sigset_t none;
};

/// Runs in the child, which borrows this process's memory: no locks, no heap.
[[noreturn]] void become(const child_plan& plan) {
  // Signals that this process blocks, ignores or handles must work as usual.
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int x = 1; x < NSIG; ++x)
    sigaction(x, &usual, nullptr);
  sigprocmask(SIG_SETMASK, &plan.none, nullptr);
  setpgid(0, 0);
  auto null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(plan.out, 1) < 0
      || dup2(plan.err, 2) < 0)
    _exit(126);
  close_above_stderr();
  if (plan.box && !confine(*plan.box))
    _exit(126);
  execvpe(plan.argv[0], plan.argv, plan.environment);
  _exit(127);
}

/// Uses vfork: copying the page tables of a large process takes milliseconds.
pid_t start(const child_plan& plan) {
  // A handler of this process must not run in the child.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto pid = vfork();
  if (pid == 0)
    become(plan);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

/// False at the end of the stream.
bool read_some(int fd, std::string& to) {
  std::array<char, 16384> buffer{};
  auto count = ::read(fd, buffer.data(), buffer.size());
  if (count <= 0)
    return count < 0 && errno == EINTR;
  auto room = kept_bytes_max - std::min(kept_bytes_max, to.size());
  to.append(buffer.data(), std::min(static_cast<size_t>(count), room));
  return true;
}

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Its id stays its own until it is waited for.
bool has_ended(pid_t pid) {
  siginfo_t seen{};
  return waitid(P_PID, static_cast<id_t>(pid), &seen,
                WEXITED | WNOHANG | WNOWAIT)
           == 0
         && seen.si_pid == pid;
}

} // namespace

bool lacks_room(const program_output& x) {
  for (auto code : {ENOSPC, EDQUOT, EIO, EROFS, ENFILE})
    if (x.err.find(std::strerror(code)) != std::string::npos)
      return true;
  return false;
}

result<program_output> run_program(const std::vector<std::string>& argv,
                                   milliseconds limit, std::stop_token stop,
                                   const std::optional<child_limits>& box) {
  output_pipe out;
  output_pipe err;
  descriptor stopped{eventfd(0, EFD_CLOEXEC)};
  if (!out.read_end || !err.read_end || stopped.get() < 0)
    return fail(failure_kind::unfit, argv[0] + ": no file descriptors left");
  auto args = pointers(argv);
  auto variables = small_environment();
  auto environment = pointers(variables);
  child_plan plan{args.data(),           environment.data(),
                  out.write_end->get(),  err.write_end->get(),
                  box ? &*box : nullptr, {}};
  sigemptyset(&plan.none);
  auto pid = start(plan);
  if (pid < 0)
    return fail(failure_kind::unfit,
                argv[0] + " cannot be started: " + std::strerror(errno));
  out.write_end.reset();
  err.write_end.reset();
  std::stop_callback wake{stop, [fd = stopped.get()] {
                            uint64_t one = 1;
                            [[maybe_unused]] auto n = ::write(fd, &one,
                                                              sizeof(one));
                          }};

  program_output kept;
  const auto begin = clock::now();
  const auto end = begin + limit;
  // Not every kernel or sandbox has it: then the child is asked in steps.
  descriptor exit_seen{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
  bool out_open = true;
  bool err_open = true;
  bool ended = false;
  bool yields = !box;
  bool late = false;
  while ((out_open || err_open || !ended) && !stop.stop_requested() && !late) {
    std::array<pollfd, 4> fds{
      pollfd{stopped.get(), POLLIN, 0},
      pollfd{out_open ? out.read_end->get() : -1, POLLIN, 0},
      pollfd{err_open ? err.read_end->get() : -1, POLLIN, 0},
      pollfd{ended ? -1 : exit_seen.get(), POLLIN, 0}};
    auto wake_at = yields ? end : std::min(end, begin + short_run);
    if (!ended && exit_seen.get() < 0)
      wake_at = std::min(wake_at, clock::now() + milliseconds{10});
    auto left = std::chrono::ceil<milliseconds>(wake_at - clock::now());
    poll(fds.data(), fds.size(),
         static_cast<int>(std::max(left, milliseconds{0}).count()));
    if (fds[1].revents != 0)
      out_open = read_some(fds[1].fd, kept.out);
    if (fds[2].revents != 0)
      err_open = read_some(fds[2].fd, kept.err);
    if (!ended && has_ended(pid)) {
      ended = true;
      // What it has left running, which may hold the streams open.
      ::kill(-pid, SIGKILL);
    }
    const auto now = clock::now();
    late = now >= end && (out_open || err_open || !ended);
    if (!yields && now >= begin + short_run) {
      yields = true;
      setpriority(PRIO_PGRP, static_cast<id_t>(pid), long_run_niceness);
    }
  }
  if (late || stop.stop_requested())
    ::kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    // again
  }
  if (stop.stop_requested())
    return fail(failure_kind::aborted, argv[0] + " was stopped");
  if (late)
    return fail(failure_kind::rejected, argv[0] + " took longer than "
                                          + std::to_string(limit.count() / 1000)
                                          + " s");
  kept.exit_code = exit_code(status);
  if (kept.exit_code == 127 && kept.err.empty())
    return fail(failure_kind::unfit, argv[0] + " cannot be started");
  return kept;
}

} // namespace render::programs
