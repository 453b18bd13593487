#include "actors/renderer/scratch_folder.hpp"

#include <utility>

namespace render {

scratch_folder::~scratch_folder() {
  remove();
}

result<std::string>
scratch_folder::create(std::shared_ptr<folder_keeper> keeper,
                       std::string name) {
  remove();
  keeper_ = std::move(keeper);
  name_ = std::move(name);
  return keeper_->make(name_);
}

void scratch_folder::remove() {
  if (auto keeper = std::exchange(keeper_, nullptr))
    keeper->remove(name_);
}

} // namespace render
