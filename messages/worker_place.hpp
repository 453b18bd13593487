#pragma once
// A worker's place among all that could be, by its id alone, where workers that
// share a Redis must not do the same thing at the same time. Pure.
#include "messages/ids.hpp"

namespace render {

/// 0 to 1 (excluded); ids that differ little are far apart.
double worker_place(const worker_id& id);

} // namespace render
