#pragma once
// A whole fleet in virtual time: workers built by the production wiring, one
// Redis, Comput3 with its GPUs, S3, receivers, and producers that push the jobs
// of a trace.
#include "app/harness/memory_journal.hpp"
#include "app/harness/sim_cloud.hpp"
#include "app/harness/sim_http.hpp"
#include "app/harness/sim_jobs.hpp"
#include "app/harness/sim_peers.hpp"
#include "app/harness/sim_places.hpp"
#include "app/harness/sim_redis.hpp"
#include "app/harness/virtual_time.hpp"
#include "app/node/wiring.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace render::harness {

/// One worker process.
struct sim_node {
  /// Never used twice: a worker that is started again has a new number.
  uint64_t client = 0;
  std::string worker_id;
  worker_config cfg;
  outside_worlds outside;
  deciding_actors deciding;
  root_actor root;
  fleet_voice_actor voice;
  /// How far its wall clock is ahead of Redis' clock.
  double clock_skew_s = 0;
  /// One of its parts has been ended. Its process ends when the ROOT reports
  /// the end.
  bool lacks_a_part = false;
  bool alive = true;
  /// The worker has ended: its parts are stopped.
  bool drained = false;
  /// The worker was told to drain.
  bool draining = false;
  /// Whether it has ended cleanly; false also when a part has ended by itself.
  bool clean = false;
};

struct sim_options {
  uint64_t seed = 1;
  std::vector<sim_job> jobs;
  /// Settings of the workers, on top of the service's defaults.
  environment settings;
  /// The workers know of each other.
  bool cluster = false;
  logger log = null_logger();
  /// Logs of workers go into the record of the run instead, under the worker's
  /// id.
  bool record_logs = false;
};

/// Tells writes of a front end or a producer from those of workers.
enum class redis_writer : uint8_t { worker, front_end };

class sim_world {
public:
  explicit sim_world(sim_options options);
  sim_world(const sim_world&) = delete;
  sim_world& operator=(const sim_world&) = delete;
  ~sim_world();

  /// Starts a worker process.
  sim_node& add_node(double clock_skew_s = 0);
  /// SIGKILL: its messages under way are lost.
  void kill_node(uint64_t client);
  /// SIGTERM.
  void drain_node(uint64_t client);
  /// Top-level actors of a worker, by their names in its log.
  static const std::vector<std::string>& part_names();
  static named_parts parts_of(const sim_node& x);
  /// Ends a part as if by a fault of its own. The process ends when the worker
  /// reports its end, as in app/worker/main.cpp. A process supervisor starts
  /// another one `restart_after` later.
  void end_part(uint64_t client, const std::string& part,
                virtual_duration restart_after);
  /// Sets this worker's wall clock.
  void jump_clock(uint64_t client, double by_s);

  /// While `full`, this worker's disk takes no writes.
  void fill_disk(uint64_t client, bool full);
  /// While `down`, the storage takes no uploads.
  void set_storage_down(bool down);
  /// Whether its disk is full or it cannot reach the storage, or that ended a
  /// moment ago.
  bool may_be_unfit(uint64_t client) const;
  /// When this client could last not reach the storage, and the provider's API.
  virtual_duration without_storage_at(uint64_t client) const;
  virtual_duration without_api_at(uint64_t client) const;
  virtual_duration without_disk_at(uint64_t client) const;

  /// Pushes each job of the options at its time.
  void start_producing();
  /// Gives Redis other, older data. The connections must be closed before.
  void replace_redis_data(redis_data data);
  std::function<void()> on_redis_data_lost;

  /// Pushes a job now; for tests.
  std::string push(sim_job x);
  void cancel(size_t job);

  /// Jobs of the options or of `push` that are not pushed yet.
  size_t unpushed() const noexcept {
    return jobs.size() - pushed_;
  }
  size_t pushed() const noexcept {
    return pushed_;
  }

  std::string status(size_t job) const {
    return std::string{
      redis.server().field("job:" + job_table::id_of(job), "status")};
  }

  redis_writer writing() const noexcept {
    return writing_;
  }

  sim_node* find_node(uint64_t client);
  sim_node* find_node(std::string_view worker_id);
  /// By client; dead workers too.
  const std::map<uint64_t, sim_node>& nodes() const noexcept {
    return nodes_;
  }

  sim_options options;
  virtual_time time;
  job_table jobs;
  mutable sim_redis redis;
  sim_web web;
  sim_cloud cloud;
  sim_places places;
  sim_peers peers;

private:
  caf::actor part_of(uint64_t client, const std::string& name) const;
  void on_drained(uint64_t client, bool clean);
  journal_shelf journals_;
  std::set<uint64_t> full_disks_;
  /// By client.
  std::map<uint64_t, virtual_duration> disk_mended_;
  virtual_duration storage_mended_ = long_ago;
  std::map<uint64_t, virtual_duration> restart_after_;
  void produce(size_t job);
  void produce_next();
  job_store::reply as_front_end(const std::vector<std::string>& command);

  dice dice_;
  std::map<uint64_t, sim_node> nodes_;
  uint64_t last_client_ = 0;
  size_t pushed_ = 0;
  redis_writer writing_ = redis_writer::worker;
};

} // namespace render::harness
