#pragma once
#include "messages/failure.hpp"

#include <memory>
#include <string>

namespace render {

/// Where attempts have their folders. Many RENDERERs share one, each in its own
/// thread.
class folder_keeper {
public:
  virtual ~folder_keeper() = default;

  /// Makes the folder `name`, a mere file name, and returns its path. A folder
  /// that exists is used. Fails as `invalid_input` for a name that is a path,
  /// as `unfit` when the disk will not have it.
  virtual result<std::string> make(const std::string& name) = 0;

  /// Removes the folder with all that is in it, as far as possible. Follows no
  /// symbolic link.
  virtual void remove(const std::string& name) = 0;
};

/// A folder that exists as long as this does.
class scratch_folder {
public:
  scratch_folder() = default;
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  /// Its path; fails as `folder_keeper::make` does.
  result<std::string> create(std::shared_ptr<folder_keeper> keeper,
                             std::string name);
  void remove();

private:
  std::shared_ptr<folder_keeper> keeper_;
  std::string name_;
};

} // namespace render
