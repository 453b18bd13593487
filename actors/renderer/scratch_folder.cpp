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
  std::filesystem::create_directories(path, err);
  if (err)
    return fail(failure_kind::unavailable,
                "the folder " + path + " cannot be made: " + err.message());
  return {};
}

void scratch_folder::remove() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

} // namespace render
