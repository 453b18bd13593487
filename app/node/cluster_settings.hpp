#pragma once
// The C3_CLUSTER_ settings taken together. Pure.
#include "app/node/config.hpp"

#include <vector>

namespace render {

/// `before`, and those of the cluster.
std::vector<setting> with_cluster_settings(std::vector<setting> before);

/// Fails on settings that contradict each other, and when the port would be
/// open to others than this machine without the operator's word for it.
result<void> check_cluster(const worker_config& cfg);

/// The host means every address of this machine.
bool is_any_address(const std::string& host);

} // namespace render
