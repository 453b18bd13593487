#pragma once
// What /metrics tells. Counters and histograms live as long as the worker and
// follow the events of the actors (see actors/event.hpp); gauges are set from a
// status when somebody looks.
//
// All series of known labels are there from the start, so that a zero is told
// from a family that went away. What is the same for all workers of one Redis
// has scope="fleet": take max() of it, not sum().
#include "actors/log.hpp"
#include "messages/fleet.hpp"
#include "messages/money.hpp"
#include "messages/node.hpp"

#include <spdlog/sinks/sink.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render {

class metrics : public spdlog::sinks::sink, public event_listener {
public:
  struct options {
    std::string version;
    /// Workload types that this worker rents.
    std::vector<workload_type> workloads = {};
    gpu_prices prices = {};
    /// Lines that the log has dropped so far.
    std::function<uint64_t()> lines_dropped = {};
  };

  explicit metrics(options how);
  ~metrics() override;

  /// From any thread.
  void on_event(const event& x) override;

  /// Prometheus text exposition, as of `x`. From any thread.
  std::string text(const msg::node_status& x,
                   const msg::peers_report* peers = nullptr,
                   bool redis_up = true);

  // Lines are no matter of it.
  void log(const spdlog::details::log_msg&) override {
    // nop
  }
  void flush() override {
    // nop
  }
  void set_pattern(const std::string&) override {
    // nop
  }
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {
    // nop
  }

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
