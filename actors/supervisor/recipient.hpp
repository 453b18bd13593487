#pragma once
// Who gets the GPUs of a worker that leaves. Pure.
#include "messages/fleet.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace render::supervisor {

/// GPUs that this worker has given to each other one.
using gifts = std::map<worker_id, uint32_t>;

/// A worker that serves the type and takes jobs, and that this one is linked
/// to: the one with the fewest GPUs, for it is the least likely to have no room
/// for another one. None: there is no such worker.
std::optional<worker_id> recipient_of(const msg::fleet_view& fleet,
                                      const workload_type& type,
                                      const gifts& given);

} // namespace render::supervisor
