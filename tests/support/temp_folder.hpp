#pragma once
// A folder that the destructor removes.
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace render::harness {

class temp_folder {
public:
  temp_folder() {
    // mkdtemp replaces the last six characters.
    auto text = (std::filesystem::temp_directory_path() / "render-").string()
                + std::string(6, 'X');
    if (!::mkdtemp(text.data()))
      throw std::runtime_error("cannot make a temporary folder");
    path_ = text;
  }

  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  ~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }

private:
  std::string path_;
};

} // namespace render::harness
