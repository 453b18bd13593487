#pragma once
// The other hosts of a simulated fleet: S3, the places of inputs, and the
// receivers of webhooks with their moods.
#include "app/harness/sim_http.hpp"
#include "app/harness/sim_jobs.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

/// How a receiver of webhooks behaves.
enum class receiver_mood : uint8_t {
  prompt,
  /// Longer than a delivery may take, one time in two.
  slow,
  /// 500 to most tries.
  failing,
  /// Nobody listens.
  dead,
};

class sim_places {
public:
  static constexpr const char* storage_host = "s3.sim";
  static constexpr const char* inputs_host = "files.sim";

  sim_places(sim_web& web, const job_table& jobs, uint64_t seed);

  /// Host "hooks.sim" and the like.
  void add_receiver(const std::string& host, receiver_mood mood);

  /// All of their hosts.
  const std::vector<std::string>& receivers() const noexcept {
    return receivers_;
  }

  /// Nobody listens at its host.
  bool is_dead(std::string_view url) const;

  double storage_fails = 0;
  bool storage_down = false;
  double inputs_fail = 0;

  struct delivery {
    size_t job = 0;
    virtual_duration when{0};
    std::string status;
  };

  /// What receivers have taken with 200, by job.
  const std::map<size_t, std::vector<delivery>>& delivered() const noexcept {
    return delivered_;
  }
  size_t stored() const noexcept {
    return stored_;
  }

private:
  void receive(const exchange_ptr& x, receiver_mood mood);

  sim_web& web_;
  const job_table& jobs_;
  dice dice_;
  std::vector<std::string> receivers_;
  std::vector<std::string> dead_;
  std::map<size_t, std::vector<delivery>> delivered_;
  size_t stored_ = 0;
};

} // namespace render::harness
