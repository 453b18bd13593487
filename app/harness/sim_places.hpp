#pragma once
// The other hosts of a simulated fleet: S3, servers of inputs, and receivers of
// webhooks with their behaviours.
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
  /// Takes longer than a delivery may, one time in two.
  slow,
  /// Answers 500 to most tries.
  failing,
  /// Does not listen.
  dead,
};

class sim_places {
public:
  static constexpr const char* storage_host = "s3.sim";
  static constexpr const char* inputs_host = "files.sim";

  sim_places(sim_web& web, const job_table& jobs, uint64_t seed);

  /// Host "hooks.sim" and the like.
  void add_receiver(const std::string& host, receiver_mood mood);

  /// Hosts of all receivers.
  const std::vector<std::string>& receivers() const noexcept {
    return receivers_;
  }

  /// Whether no receiver listens at the URL's host.
  bool is_dead(std::string_view url) const;

  double storage_fails = 0;
  bool storage_down = false;
  double inputs_fail = 0;

  struct delivery {
    size_t job = 0;
    virtual_duration when{0};
    std::string status;
  };

  /// Deliveries that receivers have answered with 200, by job.
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
