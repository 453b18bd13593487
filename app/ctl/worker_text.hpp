#pragma once
// Heartbeats of workers as text for people and as JSON for scripts. What stands
// in Redis may be anybody's. Pure.
#include "app/ctl/record_text.hpp"
#include "app/records/worker_view.hpp"

namespace render::ctl {

using records::worker_state;
using records::worker_view;

/// "2 ready, 1 booting", or "-".
std::string gpus_text(const record& x);

std::string workers_table(const std::vector<worker_view>& xs);
std::string worker_json(const worker_view& x);

} // namespace render::ctl
