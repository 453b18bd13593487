#pragma once
// The books of the cloud: which GPUs were rented for how long, their cost, and
// which jobs ran where and how many at once.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace render::local_cloud {

/// Seconds since the Unix epoch.
double unix_now();

/// Thread-safe. Times are Unix seconds, prices money units an hour.
class ledger {
public:
  explicit ledger(double price_per_hour) : price_(price_per_hour) {}

  void open(std::string workload, std::string node, std::string type,
            double created, double expires);
  /// `reason`: stopped, expired or died. Only the first call for a workload
  /// counts.
  void close(std::string_view workload, double at, std::string_view reason);
  void job_started(std::string_view node, std::string_view service);
  void job_ended(std::string_view node, std::string_view service, bool good);

  double cost(double now) const;
  /// The money paid: a launch pays until its expiry, a stop refunds.
  double charged() const;
  double price() const {
    return price_;
  }
  std::string to_json(double now) const;

private:
  struct job_count {
    int started = 0;
    int succeeded = 0;
    int failed = 0;
  };
  struct account {
    std::string workload;
    std::string node;
    std::string type;
    double created = 0;
    double expires = 0;
    double ended = 0;
    std::string reason;
    std::map<std::string, job_count, std::less<>> jobs;
    int running = 0;
    int running_max = 0;
  };

  double seconds(const account& x, double now) const;
  account* find(std::string_view node);

  mutable std::mutex mutex_;
  double price_;
  std::vector<account> accounts_;
};

} // namespace render::local_cloud
