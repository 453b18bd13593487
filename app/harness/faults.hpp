#pragma once
// What goes wrong in a run, drawn from its seed: when, to whom, for how long.
#include "app/harness/auditor.hpp"
#include "app/harness/sim_world.hpp"
#include "messages/failure.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace render::harness {

/// Names for --faults, with what they do.
struct fault_kind {
  std::string_view name;
  std::string_view meaning;
  /// Of the set "safe", which the corpus has drawn from since its first seed.
  /// It does not grow: a seed must keep its run. What came later has sets of
  /// its own, and the rules hold under them as well.
  bool safe = true;
};

const std::vector<fault_kind>& fault_kinds();

using fault_set = std::set<std::string, std::less<>>;

/// "none", "safe", "surroundings", "all", or names with commas; a minus takes
/// one away: "all,-redis-amnesia". "safe" and "surroundings" do not grow.
result<fault_set> parse_faults(std::string_view text);

/// Sets rates, and puts events on the timeline until `until`. `per_hour`: how
/// often each kind of event happens.
class fault_injector {
public:
  fault_injector(sim_world& world, fault_set faults, virtual_duration until,
                 double per_hour, uint64_t seed);

  /// What an auditor has to allow for.
  audit_limits limits() const;

  /// Events so far.
  uint64_t count() const noexcept {
    return count_;
  }

  /// Everything is whole again: for the end of a run.
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
