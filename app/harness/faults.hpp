#pragma once
// The faults of a run, drawn from its seed: when, for which worker, for how
// long.
#include "app/harness/auditor.hpp"
#include "app/harness/sim_world.hpp"
#include "messages/failure.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

/// A name for --faults and its meaning.
struct fault_kind {
  std::string_view name;
  std::string_view meaning;
  /// Member of the set "safe", from which the corpus has drawn since its first
  /// seed. The set does not grow: a seed must keep its run. Later faults have
  /// sets of their own, and the rules hold under them as well.
  bool safe = true;
};

const std::vector<fault_kind>& fault_kinds();

using fault_set = std::set<std::string, std::less<>>;

/// "none", "safe", "surroundings", "all", or names separated by commas; a minus
/// removes a fault: "all,-redis-amnesia". "safe" and "surroundings" do not
/// grow.
result<fault_set> parse_faults(std::string_view text);

/// Sets rates, and puts events on the timeline until `until`. `per_hour`:
/// events of each kind in an hour.
class fault_injector {
public:
  fault_injector(sim_world& world, fault_set faults, virtual_duration until,
                 double per_hour, uint64_t seed);

  /// The limits that an auditor must allow under these faults.
  audit_limits limits() const;

  /// Events so far.
  uint64_t count() const noexcept {
    return count_;
  }

  /// Ends all faults, for the end of a run.
  void heal();

private:
  using event = void (fault_injector::*)();
  void repeat(std::string_view name, event what);
  void redis_restart();
  void redis_failover();
  void redis_amnesia();
  void redis_full();
  void redis_read_only();
  void redis_slow();
  void cut_from_redis();
  void cut_from_web();
  void api_outage();
  void gpu_death();
  void process_death();
  void cancel_late();
  void deploy();
  void disk_full();
  void storage_down();
  void actor_death();
  void clock_jump();
  void hung_dns();
  void lying_peer();
  void lost_words();
  void cut_peers();
  void tell(uint64_t client, const std::string& what);
  uint64_t some_client();
  void after(double low_s, double high_s, std::function<void()> what);

  sim_world& world_;
  fault_set faults_;
  virtual_duration until_;
  double mean_gap_s_;
  dice dice_;
  uint64_t count_ = 0;
};

} // namespace render::harness
