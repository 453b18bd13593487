#pragma once
// What every service of a node is given: the cloud's shared parts, its own
// folder, and the token that ends with the node.
#include "app/local_cloud/faults.hpp"
#include "app/local_cloud/ledger.hpp"
#include "app/local_cloud/options.hpp"
#include "app/local_cloud/process.hpp"
#include "app/local_cloud/random_source.hpp"

#include <filesystem>
#include <stop_token>
#include <string>

namespace render::local_cloud {

struct service_context {
  const options* config = nullptr;
  fault_board* faults = nullptr;
  ledger* books = nullptr;
  random_source* random = nullptr;
  std::string node;
  /// Belongs to the service alone; exists.
  std::filesystem::path dir;
  /// Requested when the node stops, dies or expires.
  std::stop_token stop;

  std::optional<std::string> fault(std::string_view name) const {
    return faults->take(name, node);
  }
  /// The added render time of one job; uses a turn of `slow` up.
  millis job_time(const std::string& service, double media_seconds) const {
    auto span = millis{0};
    if (auto fixed = config->render_time.find(service);
        fixed != config->render_time.end())
      span = fixed->second;
    auto ours = [&](std::string_view argument) {
      return job_delay(argument, service).has_value();
    };
    if (auto slow = faults->take("slow", node, ours))
      span += *job_delay(*slow, service);
    if (config->speed > 0)
      span
        += millis{static_cast<int64_t>(media_seconds * 1000 / config->speed)};
    return span;
  }
  /// Spends it; false when stopped meanwhile.
  bool pace(const std::string& service, double media_seconds,
            const std::stop_token& token) const {
    return wait_unless_stopped(job_time(service, media_seconds), token);
  }
};

} // namespace render::local_cloud
