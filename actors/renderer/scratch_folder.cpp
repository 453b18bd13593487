#include "actors/renderer/scratch_folder.hpp"

#include <utility>

namespace render {

scratch_folder::~scratch_folder() {
  remove();
}

void scratch_folder::create(std::shared_ptr<folder_keeper> keeper,
                            std::string name, folder_keeper::receiver then) {
  remove();
  keeper_ = std::move(keeper);
  name_ = std::move(name);
  keeper_->make(name_, std::move(then));
}

void scratch_folder::remove() {
  if (auto keeper = std::exchange(keeper_, nullptr))
    keeper->remove(name_);
}

} // namespace render
