#include "app/local_cloud/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string_view>

extern char** environ;

namespace render::local_cloud {

namespace {

using steady = std::chrono::steady_clock;

constexpr size_t output_max = size_t{8} << 20;

struct tool {
  std::string_view program;
  std::string_view package;
};

constexpr std::array tools{
  tool{"ffmpeg", "ffmpeg"},
  tool{"ffprobe", "ffmpeg"},
  tool{"espeak-ng", "espeak-ng"},
  tool{"pocketsphinx_continuous", "pocketsphinx and pocketsphinx-en-us"},
};

std::string named_with_package(std::string_view program) {
  for (auto& known : tools)
    if (known.program == program)
      return std::string{program} + " (Debian package "
             + std::string{known.package} + ")";
  return std::string{program};
}

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~descriptor() {
    reset();
  }

  int get() const {
    return fd_;
  }
  int release() {
    return std::exchange(fd_, -1);
  }
  void reset(int fd = -1) {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = fd;
  }

private:
  int fd_;
};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

result<pipe_ends> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return fail(failure_kind::internal,
                std::string{"pipe: "} + std::strerror(errno));
  return pipe_ends{descriptor{ends[0]}, descriptor{ends[1]}};
}

/// Reads what is there; closes the end at end of file.
void drain(descriptor& end, std::string& into) {
  std::array<char, 16384> buffer;
  auto n = ::read(end.get(), buffer.data(), buffer.size());
  if (n > 0 && into.size() < output_max)
    into.append(buffer.data(), static_cast<size_t>(n));
  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
    end.reset();
}

result<pid_t> spawn(const std::vector<std::string>& argv, int out, int err) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (auto& argument : argv)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  // Accepted sockets are not close-on-exec: a child that kept one would hold a
  // connection open that we have closed.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  // The server may run with signals blocked; its children must not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  pid_t pid = 0;
  int error = ::posix_spawnp(&pid, arguments[0], &actions, &attributes,
                             arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT)
    return fail(failure_kind::internal,
                "this machine has no " + named_with_package(argv[0]));
  if (error != 0)
    return fail(failure_kind::internal,
                "cannot start " + argv[0] + ": " + std::strerror(error));
  return pid;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  auto start = text.rfind('\n');
  if (start != std::string_view::npos)
    text.remove_prefix(start + 1);
  return std::string{text.substr(0, 300)};
}

} // namespace

result<process_output> run_process(const std::vector<std::string>& argv,
                                   std::chrono::milliseconds limit,
                                   const std::stop_token& stop) {
  auto out = make_pipe();
  if (!out)
    return fail(out.error());
  auto err = make_pipe();
  if (!err)
    return fail(err.error());
  auto pid = spawn(argv, out->write.get(), err->write.get());
  if (!pid)
    return fail(pid.error());
  out->write.reset();
  err->write.reset();

  process_output output;
  bool late = false;
  {
    // The callback is gone before the child is reaped: its id is still ours
    // whenever we kill it.
    std::stop_callback on_stop{stop, [child = *pid] {
                                 ::kill(child, SIGKILL);
                               }};
    auto deadline = steady::now() + limit;
    while (out->read.get() >= 0 || err->read.get() >= 0) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - steady::now());
      if (left.count() <= 0 && !late) {
        late = true;
        ::kill(*pid, SIGKILL);
      }
      pollfd ends[] = {{out->read.get(), POLLIN, 0},
                       {err->read.get(), POLLIN, 0}};
      int timeout = late ? -1
                         : static_cast<int>(
                           std::min<int64_t>(left.count() + 1, 3'600'000));
      if (::poll(ends, 2, timeout) <= 0)
        continue;
      if (ends[0].revents)
        drain(out->read, output.out);
      if (ends[1].revents)
        drain(err->read, output.err);
    }
  }
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (stop.stop_requested())
    return fail(failure_kind::unavailable, argv[0] + " was stopped");
  if (late)
    return fail(failure_kind::unavailable, argv[0] + " ran out of time");
  output.status = WIFEXITED(status) ? WEXITSTATUS(status)
                                    : 128 + WTERMSIG(status);
  return output;
}

result<process_output> run_checked(const std::vector<std::string>& argv,
                                   std::chrono::milliseconds limit,
                                   const std::stop_token& stop) {
  auto output = run_process(argv, limit, stop);
  if (output && output->status != 0)
    return fail(failure_kind::rejected,
                argv[0] + " failed: " + last_line(output->err));
  return output;
}

std::vector<std::string> missing_programs() {
  std::vector<std::string> missing;
  const char* path = std::getenv("PATH");
  for (auto& known : tools) {
    bool found = false;
    std::string_view rest = path ? path : "";
    while (!rest.empty() && !found) {
      auto end = std::min(rest.find(':'), rest.size());
      auto file = std::filesystem::path{rest.substr(0, end)} / known.program;
      found = ::access(file.c_str(), X_OK) == 0;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!found)
      missing.push_back(named_with_package(known.program));
  }
  return missing;
}

bool wait_unless_stopped(std::chrono::milliseconds span,
                         const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, span, [] {
    return false;
  });
  return !stop.stop_requested();
}

result<double> media_seconds(const std::string& path,
                             const std::stop_token& stop) {
  auto output = run_checked({"ffprobe", "-v", "error", "-show_entries",
                             "format=duration", "-of", "csv=p=0", path},
                            std::chrono::seconds{30}, stop);
  if (!output)
    return fail(output.error());
  double seconds = 0;
  auto& text = output->out;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(),
                                seconds);
  if (parsed.ec != std::errc{} || seconds <= 0)
    return fail(failure_kind::rejected, "ffprobe reads no duration");
  return seconds;
}

} // namespace render::local_cloud
