#include "actors/io/media/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

extern char** environ;

namespace render::media {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr size_t kept_bytes_max = 1u << 20;

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {
    // nop
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    close();
  }

  int get() const noexcept {
    return fd_;
  }

  void close() {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = -1;
  }

private:
  int fd_;
};

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

struct spawn_attributes {
  spawn_attributes() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // Signals that this process blocks or ignores must work in the child.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t all_defaults;
    sigemptyset(&all_defaults);
    sigaddset(&all_defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &all_defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK
                                            | POSIX_SPAWN_SETSIGDEF
                                            | POSIX_SPAWN_SETPGROUP);
  }
  spawn_attributes(const spawn_attributes&) = delete;
  spawn_attributes& operator=(const spawn_attributes&) = delete;
  ~spawn_attributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

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

} // namespace

result<program_output> run_program(const std::vector<std::string>& argv,
                                   milliseconds limit, std::stop_token stop) {
  output_pipe out;
  output_pipe err;
  descriptor stopped{eventfd(0, EFD_CLOEXEC)};
  if (!out.read_end || !err.read_end || stopped.get() < 0)
    return fail(failure_kind::unfit, argv[0] + ": no file descriptors left");
  spawn_attributes how;
  posix_spawn_file_actions_addopen(&how.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&how.actions, out.write_end->get(), 1);
  posix_spawn_file_actions_adddup2(&how.actions, err.write_end->get(), 2);
  std::vector<char*> args;
  args.reserve(argv.size() + 1);
  for (auto& x : argv)
    args.push_back(const_cast<char*>(x.c_str()));
  args.push_back(nullptr);
  pid_t pid = -1;
  if (auto code = posix_spawnp(&pid, args[0], &how.actions, &how.attributes,
                               args.data(), environ);
      code != 0)
    return fail(failure_kind::unfit,
                argv[0] + " cannot be started: " + std::strerror(code));
  out.write_end.reset();
  err.write_end.reset();
  std::stop_callback wake{stop, [fd = stopped.get()] {
                            uint64_t one = 1;
                            [[maybe_unused]] auto n = ::write(fd, &one,
                                                              sizeof(one));
                          }};

  program_output kept;
  const auto end = clock::now() + limit;
  bool out_open = true;
  bool err_open = true;
  bool late = false;
  while ((out_open || err_open) && !stop.stop_requested() && !late) {
    std::array<pollfd, 3> fds{
      pollfd{stopped.get(), POLLIN, 0},
      pollfd{out_open ? out.read_end->get() : -1, POLLIN, 0},
      pollfd{err_open ? err.read_end->get() : -1, POLLIN, 0}};
    auto left
      = std::chrono::duration_cast<milliseconds>(end - clock::now()).count();
    late = left <= 0
           || poll(fds.data(), fds.size(), static_cast<int>(left)) == 0;
    if (fds[1].revents != 0)
      out_open = read_some(fds[1].fd, kept.out);
    if (fds[2].revents != 0)
      err_open = read_some(fds[2].fd, kept.err);
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
  return kept;
}

} // namespace render::media
