#pragma once
// A look at the machine that the worker runs on.
#include "messages/surroundings.hpp"

#include <memory>
#include <string>
#include <vector>

namespace render::surroundings {

struct config {
  /// Folder for inputs and results; must exist.
  std::string output_dir;
  /// 0: no limit.
  uint64_t min_free_bytes = 0;
  /// Names in PATH, or paths.
  std::vector<std::string> programs{"ffmpeg", "ffprobe"};
};

class machine {
public:
  virtual ~machine() = default;

  /// May block as long as a disk does. Thorough: writes a small file, syncs and
  /// removes it, and looks for the programs.
  virtual msg::surroundings_seen look(bool thorough) = 0;
};

/// 0, or the errno with which a small file could not be written, synced and
/// removed there. May block as long as a disk does.
int try_to_write(const std::string& folder);

/// The first of them that is not in PATH; empty: all are there.
std::string missing_program(const std::vector<std::string>& programs);

std::shared_ptr<machine> this_machine(config cfg);

} // namespace render::surroundings
