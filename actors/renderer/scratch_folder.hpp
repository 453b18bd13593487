#pragma once
#include "messages/failure.hpp"

#include <string>

namespace render {

/// A folder that exists as long as this does.
class scratch_folder {
public:
  scratch_folder() = default;
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  /// Fails as `unavailable`.
  result<void> create(const std::string& path);
  void remove();

private:
  std::string path_;
};

} // namespace render
