#pragma once
// Runs another program to its end: arguments as a vector, never through a
// shell, output kept, run time limited, without this process's environment and
// descriptors. In a box also without network and privileges. Blocks the calling
// thread.
#include "actors/io/programs/confine.hpp"
#include "messages/failure.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace render::programs {

/// A program in a box that runs for longer gets the CPU after others.
inline constexpr std::chrono::milliseconds short_run{1'000};

struct program_output {
  /// 128 + signal when the program was killed.
  int exit_code = 0;
  /// The first megabyte of each.
  std::string out;
  std::string err;
};

/// Does a program complain about the disk, or about the machine's file handles?
/// Recognized by the words of strerror. Memory does not count: its box has less
/// than the machine, and a hostile file may want more.
bool lacks_room(const program_output& x);

/// `argv[0]` is looked up in PATH. Fails as `unfit` when the program cannot be
/// started, `rejected` when it runs longer than `limit`, `aborted` when `stop`
/// is requested. Its whole process group is killed in the last two cases, and
/// when it has ended by itself. Without a `box` the program has all rights of
/// this process.
result<program_output>
run_program(const std::vector<std::string>& argv,
            std::chrono::milliseconds limit, std::stop_token stop,
            const std::optional<child_limits>& box = child_limits{});

} // namespace render::programs
