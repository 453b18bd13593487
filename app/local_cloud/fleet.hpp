#pragma once
// The nodes that are rented now and those that were: launch, list, stop, and
// the ends that come by themselves (expiry, death).
#include "app/local_cloud/node.hpp"

#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

namespace render::local_cloud {

/// Times are Unix seconds.
struct workload {
  std::string id;
  std::string node;
  std::string type;
  double created = 0;
  double expires = 0;
  bool running = true;
};

struct launch_order {
  std::string type;
  double expires = 0;
  bool never_boots = false;
  /// Seconds until it is listed.
  double list_lag = 0;
  /// Seconds until it dies; infinite: it does not.
  double dies_after = std::numeric_limits<double>::infinity();
  /// A dead node that the list goes on calling running.
  bool dies_listed = false;
};

/// Thread-safe.
class fleet {
public:
  /// Nodes keep their files below `root`.
  fleet(service_context shared, std::filesystem::path root);
  /// Stops all nodes and waits for them.
  ~fleet();

  workload launch(const launch_order& order);
  std::vector<workload> list(bool running_only) const;

  enum class stop_outcome { stopped, not_running, unknown };
  stop_outcome stop(std::string_view id);
  std::optional<workload> find_workload(std::string_view id) const;

  /// Empty when the node has ended, or never was.
  std::shared_ptr<node> find(std::string_view name) const;
  bool was_launched(std::string_view name) const;

  /// Lets a running node die `seconds` from now; false when there is none.
  bool doom(std::string_view name, double seconds, bool stays_listed);

  /// Ends all nodes' work, without waiting.
  void stop_all();

private:
  struct entry {
    workload what;
    std::shared_ptr<node> machine;
    double listed_from = 0;
    double dies_at = std::numeric_limits<double>::infinity();
    bool dies_listed = false;
  };

  std::string new_name();
  // The following are called with the mutex held.
  void wake_reaper();
  void end(entry& x, double at, std::string_view reason, bool stays_listed);
  void end_those_due(double now);
  double next_end() const;

  void reap(const std::stop_token& stop);

  service_context shared_;
  std::filesystem::path root_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  /// The reaper's next look may be due earlier than it thinks.
  bool stale_ = false;
  std::vector<entry> entries_;
  /// Ended, and destroyed by the reaper: that waits for what they run.
  std::vector<std::shared_ptr<node>> ended_;
  std::jthread reaper_;
};

} // namespace render::local_cloud
