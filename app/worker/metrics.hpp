#pragma once
// What /metrics tells. Counters and histograms live as long as the worker and
// follow the events of the actors (see actors/event.hpp); gauges are set from a
// status when somebody looks.
//
// All series of known labels are there from the start, so that a zero is told
// from a family that went away. What is the same for all workers of one Redis
// has scope="fleet": take max() of it, not sum().
#include "actors/account/note.hpp"
#include "actors/event_sink.hpp"
#include "actors/io/redis/store_counts.hpp"
#include "messages/fleet.hpp"
#include "messages/money.hpp"
#include "messages/node.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render {

class metrics : public event_sink {
public:
  struct options {
    std::string version;
    /// Workload types that this worker rents.
    std::vector<workload_type> workloads = {};
    gpu_prices prices = {};
    /// Lines that the log has dropped so far.
    std::function<uint64_t()> lines_dropped = {};
    /// That the program was built from.
    std::string commit = "unknown";
  };

  explicit metrics(options how);
  ~metrics() override;

  /// From any thread.
  void on_event(const event& x) override;

  /// Prometheus text exposition, as of `x`. From any thread.
  std::string text(const msg::node_status& x,
                   const msg::peers_report* peers = nullptr);

  /// An answer of the status port; an empty path: of a refusal. From any
  /// thread.
  void on_request(std::string_view path, unsigned status, double seconds);

  /// An answer of the HTTP service by this route of its; empty: by none. From
  /// any thread.
  void on_route(std::string_view route, unsigned status, double seconds);

  /// Where the JOB STORE counts, and what the ACCOUNT has seen; before that
  /// their families are not there.
  void read(std::shared_ptr<const job_store::store_counts> store,
            std::shared_ptr<const account::note> account = {});

private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace render
