#pragma once
// What every service of a GPU gets: the cloud's shared parts, a folder of its
// own, and a token that is requested at the end of the GPU.
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
  /// Belongs to the service only; must exist.
  std::filesystem::path dir;
  /// Requested when the GPU stops, dies or expires.
  std::stop_token stop;

  std::optional<std::string> fault(std::string_view name) const {
    return faults->take(name, node);
  }
  /// Time that `slow` adds to a job of this service; uses up one turn of the
  /// fault. Must be asked when the job begins: at its end a quicker job could
  /// have taken the turn.
  millis slowness(const std::string& service) const {
    auto ours = [&](std::string_view argument) {
      return job_delay(argument, service).has_value();
    };
    auto slow = faults->take("slow", node, ours);
    return slow ? *job_delay(*slow, service) : millis{0};
  }
  /// The render time of one job.
  millis job_time(const std::string& service, double media_seconds,
                  millis slowness) const {
    auto span = slowness;
    if (auto fixed = config->render_time.find(service);
        fixed != config->render_time.end())
      span += fixed->second;
    if (config->speed > 0)
      span
        += millis{static_cast<int64_t>(media_seconds * 1000 / config->speed)};
    return span;
  }
};

} // namespace render::local_cloud
