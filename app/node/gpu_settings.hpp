#pragma once
// What a GPU INSTANCE is told when the SUPERVISOR orders one. Pure.
#include "actors/gpu_instance/effects.hpp"
#include "actors/supervisor/effects.hpp"

#include <map>

namespace render {

/// `base` has the settings that all GPUs of the worker share.
gpu_instance::config
gpu_settings(gpu_instance::config base, const supervisor::rent& order,
             const std::map<job_kind, workload_type>& workload_of_kind);

} // namespace render
