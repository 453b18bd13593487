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

  /// With its parents; one that is there already is taken. Fails as
  /// `unfit`.
  virtual result<void> make(const std::string& path) = 0;

  /// With all that is in it, as far as that goes.
  virtual void remove(const std::string& path) = 0;
};

std::shared_ptr<folder_keeper> folders_on_disk();

/// A folder that exists as long as this does.
class scratch_folder {
public:
  scratch_folder() = default;
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  /// Fails as `unfit`.
  result<void> create(std::shared_ptr<folder_keeper> keeper, std::string path);
  void remove();

private:
  std::shared_ptr<folder_keeper> keeper_;
  std::string path_;
};

} // namespace render
