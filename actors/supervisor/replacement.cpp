#include "actors/supervisor/replacement.hpp"

#include <cmath>

namespace render::supervisor {

std::chrono::milliseconds staggered_age(std::chrono::milliseconds replace_after,
                                        double place) {
  constexpr double youngest = 0.85;
  auto part = youngest + (1 - youngest) * place;
  return std::chrono::milliseconds{
    std::llround(static_cast<double>(replace_after.count()) * part)};
}

} // namespace render::supervisor
