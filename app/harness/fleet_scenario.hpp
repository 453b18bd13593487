#pragma once
// Sentences for scenarios on a whole fleet: given workers, when something
// happens, then a fact holds at a time. Virtual time passes in `after` and
// `until` only. The auditor watches all the time.
#include "app/harness/auditor.hpp"
#include "app/harness/sim_world.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace render::harness {

class fleet_scenario {
public:
  explicit fleet_scenario(uint64_t seed = 1, environment settings = {},
                          audit_limits limits = {})
    : fleet_scenario(options_of(seed, std::move(settings)), limits) {
    // nop
  }

  explicit fleet_scenario(sim_options options, audit_limits limits = {})
    : world(std::make_unique<sim_world>(std::move(options))),
      watch(std::make_unique<auditor>(*world, limits)) {
    world->places.add_receiver("hooks.sim", receiver_mood::prompt);
  }

  ~fleet_scenario() {
    watch.reset();
    world.reset();
  }

  // -- given ------------------------------------------------------------------

  void given_workers(size_t count) {
    for (size_t i = 0; i < count; ++i)
      world->add_node();
    after(0.1);
  }

  /// One worker with an idle GPU whose services are all up.
  void given_a_warm_worker() {
    given_workers(1);
    when_a_job_is_pushed("csm", 1);
    until([this] {
      return status(0) == "success";
    });
    after(20);
  }

  // -- when -------------------------------------------------------------------

  /// Returns the job's number.
  size_t when_a_job_is_pushed(const std::string& type, double work_s) {
    sim_job x;
    x.type = type;
    x.duration_s = work_s;
    x.notify_url = "http://hooks.sim/done";
    return when_this_is_pushed(std::move(x));
  }

  size_t when_this_is_pushed(sim_job x) {
    world->push(std::move(x));
    return world->jobs.size() - 1;
  }

  void after(double seconds) {
    world->time.run_for(virtual_duration{static_cast<int64_t>(seconds * 1e9)});
  }

  /// Runs, millisecond by millisecond, until the condition holds. Returns the
  /// seconds that this took, or -1 when the limit has passed.
  double until(const std::function<bool()>& is_so, double limit_s = 3600) {
    auto begin = now_s();
    while (!is_so()) {
      if (now_s() - begin > limit_s || world->time.stopped())
        return -1;
      world->time.run_for(std::chrono::milliseconds{1});
    }
    return now_s() - begin;
  }

  // -- then -------------------------------------------------------------------

  double now_s() const {
    return static_cast<double>(world->time.now().count()) / 1e9;
  }

  std::string status(size_t job) const {
    return world->status(job);
  }

  std::string field(size_t job, const std::string& name) const {
    return std::string{
      world->redis.server().field("job:" + job_table::id_of(job), name)};
  }

  /// Deliveries that the receiver has taken.
  size_t deliveries(size_t job) const {
    auto at = world->places.delivered().find(job);
    return at == world->places.delivered().end() ? 0 : at->second.size();
  }

  size_t gpus_running() const {
    size_t out = 0;
    for (auto& [number, gpu] : world->cloud.running())
      out += gpu->foreign() ? 0 : 1;
    return out;
  }

  size_t renders_running() const {
    size_t out = 0;
    for (auto& [number, gpu] : world->cloud.running())
      out += gpu->busy;
    return out;
  }

  /// Empty when every rule holds so far.
  std::string broken_rule() const {
    return watch->found() ? watch->found()->rule + ": " + watch->found()->text
                          : std::string{};
  }

  std::unique_ptr<sim_world> world;
  std::unique_ptr<auditor> watch;

private:
  static sim_options options_of(uint64_t seed, environment settings) {
    sim_options out;
    out.seed = seed;
    out.settings = std::move(settings);
    return out;
  }
};

} // namespace render::harness
