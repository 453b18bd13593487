#include "app/harness/faults.hpp"

#include "app/harness/virtual_seconds.hpp"

#include <algorithm>

namespace render::harness {

using namespace std::chrono_literals;

const std::vector<fault_kind>& fault_kinds() {
  static const std::vector<fault_kind> table{
    {"redis-restart", "Redis is down for some seconds and keeps its data"},
    {"redis-failover",
     "a replica takes over that lacks the last half second of writes"},
    {"redis-amnesia", "Redis comes back empty"},
    {"redis-full", "Redis is out of memory for a while"},
    {"redis-readonly", "Redis is a replica for a while: it takes no writes"},
    {"redis-slow", "Redis answers late for a while"},
    {"network-redis", "a worker is cut off from Redis for some seconds"},
    {"network-web",
     "a worker is cut off from the API, the storage or a GPU for some seconds"},
    {"api-outage", "the provider's API does not answer for a while"},
    {"launch-refused", "the provider refuses launches with a proxy's page"},
    {"launch-lost", "a GPU is rented, but the answer is lost"},
    {"api-pages", "calls of the API are answered with a proxy's page"},
    {"list-lag", "the list of workloads lags behind"},
    {"gpu-death", "a GPU stops answering, but is still rented"},
    {"preemption", "the provider takes a GPU away"},
    {"never-boots", "a GPU never comes up"},
    {"service-errors", "renders fail, by a fault of the GPU or not"},
    {"streams", "streams break or fall silent"},
    {"garbage", "a service answers with a page"},
    {"storage", "uploads fail"},
    {"receivers", "receivers of webhooks are slow, failing or dead"},
    {"clock-skew", "the workers' clocks differ by up to two seconds"},
    {"cancels", "a front end cancels a job right after its render has ended"},
    {"deploys", "a worker gets SIGTERM and another one starts"},
    {"process-death", "a worker is killed and another one starts"},
    {"disk-full", "a worker's disk is full for some minutes", false},
    {"storage-down", "the storage takes no uploads for up to an hour", false},
    {"actor-death",
     "a part of a worker ends by a fault of its own; its process ends and "
     "another one starts",
     false},
    {"clock-jumps",
     "a worker's clock is set wrong, by minutes or up to an hour", false},
    {"hung-dns",
     "one worker or all of them get no answer for a host's name for minutes, "
     "or one worker for any name",
     false},
    {"lying-peer",
     "a worker tells the others what is not so, for minutes; only where "
     "workers know of each other, as below",
     false},
    {"lost-words",
     "half of the workers' words to each other are lost, doubled or late, for "
     "minutes",
     false},
    {"cut-peers",
     "some workers hear nothing of the others, or are not heard by them, or "
     "both, for minutes",
     false},
  };
  return table;
}

namespace {

constexpr std::string_view surroundings = "surroundings";

bool is_of_surroundings(std::string_view name) {
  return name == "disk-full" || name == "storage-down";
}

} // namespace

result<fault_set> parse_faults(std::string_view text) {
  fault_set out;
  while (!text.empty()) {
    auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    auto minus = word.starts_with('-');
    auto name = minus ? word.substr(1) : word;
    auto known = name == "none" || name == "all" || name == "safe"
                 || name == surroundings;
    if (name == "none")
      out.clear();
    for (auto& x : fault_kinds())
      if (name == "all" || (name == "safe" && x.safe) || name == x.name
          || (name == surroundings && is_of_surroundings(x.name))) {
        known = true;
        if (minus)
          out.erase(std::string{x.name});
        else
          out.emplace(x.name);
      }
    if (!known)
      return fail(failure_kind::invalid_input,
                  "--faults: " + std::string{word} + " is not known");
  }
  return out;
}

fault_injector::fault_injector(sim_world& world, fault_set faults,
                               virtual_duration until, double per_hour,
                               uint64_t seed)
  : world_(world), faults_(std::move(faults)), until_(until),
    mean_gap_s_(3600 / per_hour), dice_(seed ^ 0xFA17) {
  auto has = [this](std::string_view name) {
    return faults_.contains(name);
  };
  auto& cloud = world_.cloud.faults;
  cloud.launch_refused = has("launch-refused") ? 0.15 : 0;
  cloud.launch_answer_lost = has("launch-lost") ? 0.05 : 0;
  cloud.call_refused = has("api-pages") ? 0.03 : 0;
  cloud.list_lag_s = has("list-lag") ? 4 : 0;
  cloud.preemptions_per_hour = has("preemption") ? 0.1 : 0;
  cloud.never_boots = has("never-boots") ? 0.02 : 0;
  cloud.run_error = has("service-errors") ? 0.01 : 0;
  cloud.run_gpu_trouble = has("service-errors") ? 0.005 : 0;
  cloud.stream_dropped = has("streams") ? 0.005 : 0;
  cloud.stream_silent = has("streams") ? 0.002 : 0;
  cloud.garbage = has("garbage") ? 0.001 : 0;
  world_.places.storage_fails = has("storage") ? 0.01 : 0;
  repeat("redis-restart", &fault_injector::redis_restart);
  repeat("redis-failover", &fault_injector::redis_failover);
  repeat("redis-amnesia", &fault_injector::redis_amnesia);
  repeat("redis-full", &fault_injector::redis_full);
  repeat("redis-readonly", &fault_injector::redis_read_only);
  repeat("redis-slow", &fault_injector::redis_slow);
  repeat("network-redis", &fault_injector::cut_from_redis);
  repeat("network-web", &fault_injector::cut_from_web);
  repeat("api-outage", &fault_injector::api_outage);
  repeat("gpu-death", &fault_injector::gpu_death);
  repeat("deploys", &fault_injector::deploy);
  repeat("process-death", &fault_injector::process_death);
  repeat("cancels", &fault_injector::cancel_late);
  repeat("disk-full", &fault_injector::disk_full);
  repeat("storage-down", &fault_injector::storage_down);
  repeat("actor-death", &fault_injector::actor_death);
  repeat("clock-jumps", &fault_injector::clock_jump);
  repeat("hung-dns", &fault_injector::hung_dns);
  // A fleet of strangers draws no numbers for them.
  if (world_.options.cluster) {
    repeat("lying-peer", &fault_injector::lying_peer);
    repeat("lost-words", &fault_injector::lost_words);
    repeat("cut-peers", &fault_injector::cut_peers);
  }
}

audit_limits fault_injector::limits() const {
  audit_limits out;
  auto rough = std::any_of(faults_.begin(), faults_.end(), [](auto& x) {
    return x != "receivers";
  });
  out.calm = !rough;
  if (rough) {
    // Retries and health checks take time.
    out.idle_tolerance_s = 240;
    out.warm_slot_s = 90;
    out.dead_gpu_s = 300;
    out.orphan_s = 300;
    // A result may wait for the storage for an hour.
    out.receipt_late_s = 7'200;
  }
  return out;
}

// -- when ---------------------------------------------------------------------

void fault_injector::after(double low_s, double high_s,
                           std::function<void()> what) {
  world_.time.events().after(dice_.duration(low_s, high_s), std::move(what));
}

void fault_injector::repeat(std::string_view name, event what) {
  if (!faults_.contains(name))
    return;
  auto gap = virtual_duration{
    static_cast<int64_t>(dice_.exponential(mean_gap_s_) * 1e9)};
  if (world_.time.now() + gap > until_)
    return;
  world_.time.events().after(gap, [this, name, what] {
    ++count_;
    world_.time.add_record("fault", std::string{name});
    (this->*what)();
    repeat(name, what);
  });
}

// Writes into the record of the run; client 0: all clients.
void fault_injector::tell(uint64_t client, const std::string& what) {
  world_.time.add_record(
    "fault",
    (client == 0 ? "all: " : "w" + std::to_string(client) + ": ") + what);
}

uint64_t fault_injector::some_client() {
  std::vector<uint64_t> alive;
  for (auto& [client, x] : world_.nodes())
    if (x.alive && !x.drained)
      alive.push_back(client);
  return alive.empty() ? 0 : alive[dice_.below(alive.size())];
}

// -- what ---------------------------------------------------------------------

void fault_injector::redis_restart() {
  world_.redis.crash();
  after(0.5, 8, [this] {
    auto& server = world_.redis.server();
    server.load(server.save());
    world_.redis.start();
  });
}

void fault_injector::redis_failover() {
  auto image = std::make_shared<redis_data>(world_.redis.server().save());
  after(0.3, 0.7, [this, image] {
    world_.redis.crash();
    after(0.5, 3, [this, image] {
      world_.replace_redis_data(std::move(*image));
      world_.redis.start();
    });
  });
}

void fault_injector::redis_amnesia() {
  world_.redis.crash();
  after(0.5, 3, [this] {
    world_.replace_redis_data({});
    world_.redis.start();
  });
}

void fault_injector::redis_full() {
  world_.redis.server().now_is.out_of_memory = true;
  after(1, 20, [this] {
    world_.redis.server().now_is.out_of_memory = false;
  });
}

void fault_injector::redis_read_only() {
  world_.redis.server().now_is.read_only = true;
  after(1, 10, [this] {
    world_.redis.server().now_is.read_only = false;
  });
}

void fault_injector::redis_slow() {
  world_.redis.latency = {0.2, 1.5};
  after(2, 15, [this] {
    world_.redis.latency = {};
  });
}

void fault_injector::cut_from_redis() {
  auto client = some_client();
  world_.redis.cut(client, true);
  after(1, 25, [this, client] {
    world_.redis.cut(client, false);
  });
}

void fault_injector::cut_from_web() {
  auto client = some_client();
  std::vector<std::string> hosts{sim_cloud::api_host, sim_places::storage_host};
  for (auto& [number, gpu] : world_.cloud.running())
    if (gpu->client == client)
      hosts.push_back(gpu->node);
  auto host = hosts[dice_.below(hosts.size())];
  world_.web.cut(client, host, true);
  after(1, 25, [this, client, host] {
    world_.web.cut(client, host, false);
  });
}

void fault_injector::api_outage() {
  world_.cloud.api_down = true;
  after(5, 90, [this] {
    world_.cloud.api_down = false;
  });
}

void fault_injector::gpu_death() {
  std::vector<uint64_t> ours;
  for (auto& [number, gpu] : world_.cloud.running())
    if (!gpu->foreign() && !gpu->dead)
      ours.push_back(number);
  if (!ours.empty())
    world_.cloud.kill(ours[dice_.below(ours.size())]);
}

// Cancels between the end of the render and the end of the job, when the worker
// does not ask for ownership any more.
void fault_injector::cancel_late() {
  std::vector<const sim_run*> runs;
  for (auto& [number, gpu] : world_.cloud.running())
    for (auto& [id, run] : gpu->runs)
      if (!run.ended)
        runs.push_back(&run);
  if (runs.empty())
    return;
  auto& run = *runs[dice_.below(runs.size())];
  world_.time.events().at(run.ends + dice_.duration(0, 0.4),
                          [this, job = run.job] {
                            world_.cancel(job);
                          });
}

void fault_injector::process_death() {
  auto client = some_client();
  if (client == 0)
    return;
  world_.kill_node(client);
  after(1, 10, [this] {
    world_.add_node();
  });
}

void fault_injector::deploy() {
  auto client = some_client();
  if (client == 0)
    return;
  world_.drain_node(client);
  after(1, 10, [this] {
    world_.add_node();
  });
}

void fault_injector::disk_full() {
  auto client = some_client();
  if (client == 0)
    return;
  world_.fill_disk(client, true);
  after(10, 600, [this, client] {
    world_.fill_disk(client, false);
  });
}

// One outage at a time.
void fault_injector::storage_down() {
  if (world_.places.storage_down)
    return;
  world_.set_storage_down(true);
  after(10, dice_.chance(0.2) ? 3'600 : 300, [this] {
    world_.set_storage_down(false);
  });
}

void fault_injector::actor_death() {
  auto client = some_client();
  if (client == 0)
    return;
  auto& parts = sim_world::part_names();
  auto& part = parts[dice_.below(parts.size())];
  tell(client, part + " ends");
  world_.end_part(client, part, dice_.duration(1, 10));
}

// Most clocks are set right again later, as NTP does.
void fault_injector::clock_jump() {
  auto client = some_client();
  if (client == 0)
    return;
  auto by_s = dice_.chance(0.3) ? dice_.between(600, 3'600)
                                : dice_.between(3, 600);
  if (dice_.chance(0.5))
    by_s = -by_s;
  tell(client, "its clock jumps by " + seconds_text(by_s));
  world_.jump_clock(client, by_s);
  if (dice_.chance(0.8))
    after(5, 900, [this, client, by_s] {
      world_.jump_clock(client, -by_s);
    });
}

void fault_injector::hung_dns() {
  auto client = dice_.chance(0.5) ? 0 : some_client();
  std::vector<std::string> hosts{sim_cloud::api_host, sim_places::storage_host,
                                 sim_places::inputs_host};
  for (auto& host : world_.places.receivers())
    hosts.push_back(host);
  for (auto& [number, gpu] : world_.cloud.running())
    if (!gpu->foreign() && (client == 0 || gpu->client == client))
      hosts.push_back(gpu->node);
  // One choice is that the client has no DNS at all.
  if (client != 0)
    hosts.emplace_back(sim_web::any_host);
  auto host = hosts[dice_.below(hosts.size())];
  tell(client, "nobody answers for the name " + host);
  // A GPU has two names.
  for (auto& name : {host, "ui-" + host}) {
    world_.web.hang_look_ups(client, name, true);
  }
  after(30, 600, [this, client, host] {
    for (auto& name : {host, "ui-" + host})
      world_.web.hang_look_ups(client, name, false);
  });
}

void fault_injector::lying_peer() {
  auto client = some_client();
  if (client == 0)
    return;
  tell(client, "it tells the others what is not so");
  world_.peers.liars.insert(client);
  after(30, 600, [this, client] {
    world_.peers.liars.erase(client);
  });
}

void fault_injector::lost_words() {
  auto& peers = world_.peers;
  peers.lost = peers.doubled = peers.late = 0.5;
  after(10, 240, [&peers] {
    peers.lost = peers.doubled = peers.late = 0;
  });
}

void fault_injector::cut_peers() {
  std::vector<uint64_t> here, there;
  for (auto& [client, x] : world_.nodes())
    (dice_.chance(0.5) ? here : there).push_back(client);
  auto which = dice_.below(3);
  auto each = [this, here, there, which](auto what) {
    for (auto x : here)
      for (auto y : there) {
        if (which != 0)
          (world_.peers.*what)(x, y);
        if (which != 1)
          (world_.peers.*what)(y, x);
      }
  };
  each(&sim_peers::cut);
  after(5, 300, [each] {
    each(&sim_peers::mend);
  });
}

void fault_injector::heal() {
  auto& cloud = world_.cloud.faults;
  auto lag = cloud.list_lag_s;
  cloud = {};
  cloud.list_lag_s = lag;
  world_.places.storage_fails = 0;
}

} // namespace render::harness
