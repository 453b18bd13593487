#include "app/simulator/fleet.hpp"

#include "app/harness/virtual_seconds.hpp"

#include <algorithm>
#include <queue>

namespace render::simulator {

namespace {

using namespace harness;
using namespace std::chrono_literals;

void add_receivers(sim_world& world, const fault_set& faults) {
  static constexpr receiver_mood moods[]
    = {receiver_mood::prompt, receiver_mood::slow, receiver_mood::failing,
       receiver_mood::dead};
  auto moody = faults.contains("receivers");
  for (size_t i = 0; i < std::size(moods); ++i)
    world.places.add_receiver(receiver_hosts[i],
                              moody ? moods[i] : receiver_mood::prompt);
}

void add_nodes(sim_world& world, const fleet_options& o) {
  dice d{o.seed ^ 0x40DE};
  for (size_t i = 0; i < o.nodes; ++i) {
    auto skew = d.between(-2, 2);
    world.add_node(o.faults.contains("clock-skew") ? skew : 0);
  }
}

void count_jobs(fleet_outcome& out, const sim_world& world,
                const auditor& watch) {
  out.jobs = world.jobs.size();
  out.begun_s.assign(out.jobs, -1);
  for (size_t i = 0; i < watch.jobs().size(); ++i) {
    auto& x = watch.jobs()[i];
    auto& job = world.jobs[i];
    out.succeeded += x.end == 's' ? 1 : 0;
    out.failed += x.end == 'f' ? 1 : 0;
    out.cancelled += x.end == 'c' ? 1 : 0;
    if (x.begun >= virtual_duration{0})
      out.begun_s[i] = in_seconds(x.begun);
    if (x.begun >= virtual_duration{0} && x.pushed >= virtual_duration{0})
      out.waits_s.push_back(in_seconds(x.begun - x.pushed));
    if (job.complete_within_s > 0 && x.end != 'c'
        && (x.end != 's'
            || in_seconds(x.ended - x.pushed) > job.complete_within_s))
      ++out.missed_deadlines;
  }
  std::sort(out.waits_s.begin(), out.waits_s.end());
}

/// Runs until all work is done, or reports what is not done.
void run_to_the_end(sim_world& world, auditor& watch, const fleet_options& o) {
  auto last = o.jobs.empty() ? 0.0 : in_seconds(o.jobs.back().at);
  world.time.run_until(from_seconds(std::max(last, o.hours * 3600)));
  auto end = world.time.now() + from_seconds(o.settle_hours * 3600);
  while (!world.time.stopped() && world.time.now() < end && !watch.all_done())
    world.time.run_for(10s);
  if (!watch.found())
    watch.check_end();
}

} // namespace

fleet_outcome run_fleet(const fleet_options& o) {
  sim_options options;
  options.seed = o.seed;
  options.jobs = o.jobs;
  options.settings = o.settings;
  options.cluster = o.cluster;
  options.record_logs = o.record_from_s >= 0;
  sim_world world{std::move(options)};
  auto until = from_seconds(o.hours * 3600);
  fault_injector faults{world, o.faults, until, o.faults_per_hour, o.seed};
  auditor watch{world, faults.limits()};
  watch.sample_every(o.sample_every_s);
  if (o.record_from_s >= 0)
    world.time.record(from_seconds(o.record_from_s), o.record_limit,
                      o.record_only);
  for (size_t i = 0; i < o.foreign; ++i)
    world.cloud.add_foreign("media:fast");
  add_receivers(world, o.faults);
  add_nodes(world, o);
  calibration foretold{world};
  for (size_t i = 0; o.forecast_after_s >= 0 && i < o.jobs.size(); ++i)
    world.time.events().at(o.jobs[i].at + from_seconds(o.forecast_after_s),
                           [&foretold, i] {
                             foretold.ask(i);
                           });
  world.start_producing();
  world.time.events().at(until, [&faults] {
    faults.heal();
  });
  run_to_the_end(world, watch, o);

  fleet_outcome out;
  out.broken = watch.found();
  out.hash = world.time.hash();
  out.messages = world.time.messages();
  out.redis_commands = world.redis.server().commands();
  out.http_requests = world.web.requests();
  out.fault_events = faults.count();
  out.virtual_s = in_seconds(world.time.now());
  out.launches = world.cloud.launches();
  out.rented_s = world.cloud.rented_s();
  out.busy_s = world.cloud.busy_s();
  out.cost = world.cloud.cost();
  out.webhooks_delivered = world.places.delivered().size();
  out.forecasts = foretold.compare(watch);
  out.samples = watch.samples();
  out.recorded.assign(world.time.recorded().begin(),
                      world.time.recorded().end());
  count_jobs(out, world, watch);
  if (o.inspect)
    o.inspect(world);
  return out;
}

namespace {

/// GPUs of one workload over time.
class known_future {
public:
  explicit known_future(double boot_s) : boot_s_(boot_s) {
    // nop
  }

  /// Seconds of rent before this job: the gap since the last job on the same
  /// GPU, or a boot.
  double begin(double at, double duration) {
    while (!busy_.empty() && busy_.top() <= at) {
      free_.push_back(busy_.top());
      busy_.pop();
    }
    busy_.push(at + duration);
    // The GPU that became free last, since a shorter gap saves more rent. The
    // gaps left over are then those that are too long anyway.
    if (free_.empty() || at - free_.back() >= boot_s_) {
      ++launches_;
      return boot_s_;
    }
    auto gap = at - free_.back();
    free_.pop_back();
    return gap;
  }

  uint64_t launches() const noexcept {
    return launches_;
  }

private:
  double boot_s_;
  uint64_t launches_ = 0;
  /// Times at which GPUs became free, the latest last.
  std::vector<double> free_;
  std::priority_queue<double, std::vector<double>, std::greater<>> busy_;
};

/// Work that comes to nothing is not begun, since the future is known.
char end_of(const sim_job& x, double work_s) {
  if (x.cancel_after_s >= 0 && x.cancel_after_s < work_s)
    return 'c';
  return x.complete_within_s > 0 && x.complete_within_s < work_s ? 'f' : 's';
}

} // namespace

fleet_outcome clairvoyant(const std::vector<harness::sim_job>& jobs,
                          const quickest_gpu& gpu) {
  fleet_outcome out;
  out.is_bound = true;
  out.jobs = jobs.size();
  known_future media{gpu.boot_s};
  known_future vision{gpu.boot_s};
  auto share = 1.0 / static_cast<double>(gpu.slots);
  for (auto& x : jobs) {
    auto work_s = x.duration_s * gpu.work;
    auto end = end_of(x, work_s);
    out.succeeded += end == 's' ? 1 : 0;
    out.failed += end == 'f' ? 1 : 0;
    out.missed_deadlines += end == 'f' ? 1 : 0;
    out.cancelled += end == 'c' ? 1 : 0;
    if (end != 's')
      continue;
    auto sees = x.type == "analyze";
    auto rent_s = work_s
                  + (sees ? vision : media).begin(in_seconds(x.at), work_s);
    out.waits_s.push_back(0);
    out.busy_s += work_s;
    out.rented_s += rent_s * share;
    out.cost += rent_s * share / 3600
                * sim_cloud::price(sees ? "ollama_webui:fast" : "media:fast");
  }
  out.launches = (media.launches() + vision.launches() + gpu.slots - 1)
                 / gpu.slots;
  out.virtual_s = jobs.empty() ? 0 : in_seconds(jobs.back().at);
  return out;
}

std::string describe(const violation& x) {
  return x.rule + ": " + x.subject + ": " + x.text;
}

} // namespace render::simulator
