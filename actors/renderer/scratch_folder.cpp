#include "actors/renderer/scratch_folder.hpp"

#include <filesystem>
#include <system_error>

namespace render {

scratch_folder::~scratch_folder() {
  remove();
}

result<void> scratch_folder::create(const std::string& path) {
  path_ = path;
  std::error_code err;
  // Its parent is there but for the first one.
  std::filesystem::create_directory(path, err);
  if (err)
    std::filesystem::create_directories(path, err);
  if (err)
    return fail(failure_kind::unavailable,
                "the folder " + path + " cannot be made: " + err.message());
  return {};
}

void scratch_folder::remove() {
  std::error_code ignored;
  // To remove an empty one takes no list of what is in it.
  if (!path_.empty() && !std::filesystem::remove(path_, ignored))
    std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

} // namespace render
