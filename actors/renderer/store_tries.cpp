#include "actors/renderer/store_tries.hpp"

#include <algorithm>

namespace render {

std::optional<store_tries::duration> store_tries::after(const failure& why,
                                                        uint32_t before) {
  if (why.kind != failure_kind::unfit
      && why.kind != failure_kind::outcome_unknown)
    return std::nullopt;
  auto most = min_;
  for (uint32_t i = 0; i < before && most < max_; ++i)
    most *= 2;
  most = std::min(most, max_);
  std::uniform_int_distribution<int64_t> spread{most.count() / 2, most.count()};
  return duration{spread(random_)};
}

} // namespace render
