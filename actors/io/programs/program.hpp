#pragma once
// Runs another program to its end: arguments as a vector, never through a
// shell, its output kept, its life limited, without this process's environment
// and descriptors; in a box also without network and privileges. Blocks the
// calling thread.
#include "actors/io/programs/confine.hpp"
#include "messages/failure.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace render::programs {

struct program_output {
  /// 128 + signal when it was killed.
  int exit_code = 0;
  /// The first megabyte of each.
  std::string out;
  std::string err;
};

/// Does a program complain of the disk, or of the machine's file handles? By
/// the words of strerror. Not of memory: in its box it has less than there is,
/// and a hostile file may want more.
bool lacks_room(const program_output& x);

/// `argv[0]` is looked up in PATH. Fails as `unfit` when it cannot be
/// started, `rejected` when it runs longer than `limit`, `aborted` when `stop`
/// is requested; its whole process group is killed then. Without a `box`
/// the program may do what this process may.
result<program_output>
run_program(const std::vector<std::string>& argv,
            std::chrono::milliseconds limit, std::stop_token stop,
            const std::optional<child_limits>& box = child_limits{});

} // namespace render::programs
