#pragma once
// Comput3's answers about the account, for --check-config. Pure.
#include "actors/io/gpu_cloud/comput3.hpp"

#include <string>
#include <vector>

namespace render::gpu_cloud {

http_request types_request(const config& cfg);
http_request balance_request(const config& cfg);

/// Names of the workload types that can be launched.
result<std::vector<workload_type>> read_types(const result<http_response>& got);

/// In the provider's own unit.
result<double> read_balance(const result<http_response>& got);

} // namespace render::gpu_cloud
