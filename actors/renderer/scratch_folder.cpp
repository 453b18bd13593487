#include "actors/renderer/scratch_folder.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace render {

namespace {

class disk_folders : public folder_keeper {
public:
  result<void> make(const std::string& path) override {
    std::error_code err;
    std::filesystem::create_directories(path, err);
    // A folder of our own: whatever stands in the way, the job does not.
    if (err)
      return fail(failure_kind::unfit,
                  "the folder " + path + " cannot be made: " + err.message());
    return {};
  }

  void remove(const std::string& path) override {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

} // namespace

std::shared_ptr<folder_keeper> folders_on_disk() {
  return std::make_shared<disk_folders>();
}

scratch_folder::~scratch_folder() {
  remove();
}

result<void> scratch_folder::create(std::shared_ptr<folder_keeper> keeper,
                                    std::string path) {
  remove();
  keeper_ = std::move(keeper);
  path_ = std::move(path);
  return keeper_->make(path_);
}

void scratch_folder::remove() {
  if (auto keeper = std::exchange(keeper_, nullptr))
    keeper->remove(path_);
}

} // namespace render
