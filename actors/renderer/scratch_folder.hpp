#pragma once
#include "messages/failure.hpp"

#include <functional>
#include <memory>
#include <string>

namespace render {

/// Where attempts have their folders. Many RENDERERs share one, each in its own
/// thread. No call waits for the disk.
class folder_keeper {
public:
  virtual ~folder_keeper() = default;

  /// Gets the folder's path, in any thread, at once or never: a disk may hang.
  using receiver = std::function<void(result<std::string>)>;

  /// Makes the folder `name`, a mere file name. A folder that exists is used.
  /// Fails as `invalid_input` for a name that is a path, as `unfit` when the
  /// disk will not have it.
  virtual void make(const std::string& name, receiver then) = 0;

  /// Removes the folder with all that is in it, as far as possible and as soon
  /// as the disk can. Follows no symbolic link. The name is free for another
  /// `make`, which makes a new folder.
  virtual void remove(const std::string& name) = 0;
};

/// A folder that exists as long as this does.
class scratch_folder {
public:
  scratch_folder() = default;
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder();

  /// See `folder_keeper::make`.
  void create(std::shared_ptr<folder_keeper> keeper, std::string name,
              folder_keeper::receiver then);
  void remove();

private:
  std::shared_ptr<folder_keeper> keeper_;
  std::string name_;
};

} // namespace render
