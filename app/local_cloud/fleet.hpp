#pragma once
// The GPUs that are or were rented: launch, list, stop, and ends that come by
// themselves (expiry, death).
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
  /// Seconds until the GPU is listed.
  double list_lag = 0;
  /// Seconds until the GPU dies; infinite: never.
  double dies_after = std::numeric_limits<double>::infinity();
  /// The list shows the GPU as running after its death.
  bool dies_listed = false;
};

/// Thread-safe.
class fleet {
public:
  /// GPUs keep their files below `root`.
  fleet(service_context shared, std::filesystem::path root);
  /// Stops all GPUs and waits for them.
  ~fleet();

  workload launch(const launch_order& order);
  std::vector<workload> list(bool running_only) const;

  enum class stop_outcome { stopped, not_running, unknown };
  stop_outcome stop(std::string_view id);
  std::optional<workload> find_workload(std::string_view id) const;

  /// Empty when the GPU has ended or never existed.
  std::shared_ptr<node> find(std::string_view name) const;
  bool was_launched(std::string_view name) const;

  /// Lets a running GPU die `seconds` from now; false when there is no such
  /// GPU.
  bool doom(std::string_view name, double seconds, bool stays_listed);

  /// Ends the work of all GPUs, without waiting.
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
  /// The reaper must compute the time of its next look again.
  bool stale_ = false;
  std::vector<entry> entries_;
  /// Ended GPUs. The reaper destroys them, since that waits for their running
  /// work.
  std::vector<std::shared_ptr<node>> ended_;
  std::jthread reaper_;
};

} // namespace render::local_cloud
