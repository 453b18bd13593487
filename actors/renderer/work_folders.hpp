#pragma once
// The folders of this worker's attempts: `.work/{place}/{job id}-{attempt}`
// below OUTPUT_DIR. Several workers may share OUTPUT_DIR; each has a place of
// its own, and holds a lock in it that ends with its process, however that
// ends. So a worker that starts knows which places are a dead one's.
#include "actors/renderer/scratch_folder.hpp"

#include <cstdint>

namespace render {

enum class disk_work : uint8_t {
  /// In the caller's thread: for virtual time, which knows no threads.
  at_once,
  /// One thread makes folders, another removes them.
  on_threads,
};

/// Takes a place below `output_dir`, which is made when it is missing, and
/// removes the places of dead workers with all that is in them, and what an
/// earlier version left there more than a day ago. `place` is a mere file name,
/// unique to the process; `now_s` is Unix time. Fails as `invalid_input` when
/// `.work` is no folder of ours (a symbolic link is none) or cannot be made.
/// The place is given up with the last handle, and with all that is in it when
/// the disk removes that within seconds; else the next start removes the rest.
result<std::shared_ptr<folder_keeper>>
open_work_folders(const std::string& output_dir, const std::string& place,
                  double now_s, disk_work how);

} // namespace render
