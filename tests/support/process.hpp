#pragma once
// A real child process for one test: started with an environment of its own,
// its output kept in a file, killed at the end. POSIX only.
#include "tests/support/redis_server.hpp"

#include <spawn.h>

#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace render::harness {

class process {
public:
  /// `argv[0]` is a path. The environment is exactly `env`, plus a PATH if it
  /// has none.
  process(std::vector<std::string> argv, std::map<std::string, std::string> env,
          std::string log_path)
    : log_path_(std::move(log_path)) {
    env.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
    std::vector<std::string> env_texts;
    for (auto& [name, value] : env)
      env_texts.push_back(name + "=" + value);
    auto args = pointers(argv);
    auto envs = pointers(env_texts);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, log_path_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    auto failed = posix_spawn(&pid_, args[0], &actions, nullptr, args.data(),
                              envs.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
      throw std::runtime_error("cannot start " + argv[0]);
  }

  process(const process&) = delete;
  process& operator=(const process&) = delete;

  ~process() {
    send(SIGKILL);
    wait_for_exit(std::chrono::seconds{10});
  }

  void send(int signal) const {
    if (!exit_status_)
      ::kill(pid_, signal);
  }

  pid_t pid() const {
    return pid_;
  }

  /// The exit code, 128 + signal when killed; nothing when the process still
  /// runs.
  std::optional<int> wait_for_exit(std::chrono::milliseconds limit) {
    wait_until(
      [this] {
        return poll_exit();
      },
      limit);
    return exit_status_;
  }

  bool running() {
    return !poll_exit();
  }

  /// The output so far, of both streams.
  std::string output() const {
    std::ifstream in{log_path_};
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

private:
  static std::vector<char*> pointers(std::vector<std::string>& xs) {
    std::vector<char*> out;
    for (auto& x : xs)
      out.push_back(x.data());
    out.push_back(nullptr);
    return out;
  }

  bool poll_exit() {
    int status = 0;
    if (!exit_status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status)
                                       : 128 + WTERMSIG(status);
    return exit_status_.has_value();
  }

  std::string log_path_;
  pid_t pid_ = -1;
  std::optional<int> exit_status_;
};

} // namespace render::harness
