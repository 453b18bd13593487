#include "app/harness/sim_world.hpp"

#include "actors/io/surroundings/surroundings.hpp"
#include "app/harness/sim_media.hpp"
#include "app/harness/virtual_seconds.hpp"
#include "messages/text/json.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <stdexcept>

namespace render {

extern const std::string_view built_in_portrait_workflow;

namespace harness {

namespace {

environment settings_of(const sim_options& options,
                        const std::string& worker_id) {
  environment out{{"C3_API_KEY", "key"},
                  {"C3_API_URL", std::string{"http://"} + sim_cloud::api_host},
                  {"C3_NODE_URL", "http://{node}"},
                  {"C3_NODE_DOMAIN", "sim"},
                  {"C3_UI_URL", "http://ui-{node}"},
                  {"OUTPUT_DIR", "/simulated"},
                  {"MINIO_ENDPOINT", sim_places::storage_host},
                  {"MINIO_ACCESS_KEY", "access"},
                  {"MINIO_SECRET_KEY", "secret"}};
  for (auto& [name, value] : options.settings)
    out.insert_or_assign(name, value);
  out.insert_or_assign("WORKER_ID", worker_id);
  return out;
}

std::string data_of(const sim_job& x, const std::string& id) {
  std::string out;
  auto inputs = std::string{"http://"} + sim_places::inputs_host;
  if (x.type == "csm")
    out = R"("monologue":["Good morning, )" + id + R"("])";
  else if (x.type == "whisper")
    out = R"("audio_url":")" + inputs + "/sound/" + id + R"(.mp3")";
  else if (x.type == "portrait")
    out = R"("image_url":")" + inputs + "/image/" + id
          + R"(.jpg","audio_url":")" + inputs + "/sound/" + id + R"(.mp3")";
  else
    out = R"("image_url":")" + inputs + "/image/" + id + R"(.jpg")";
  if (!x.notify_url.empty())
    out += R"(,"notify_url":")" + x.notify_url + "\"";
  return "{" + out + "}";
}

constexpr double probes_s = 75;

using disk_state = std::function<bool()>;

/// Makes no folders: no simulated service writes a file.
class no_folders : public folder_keeper {
public:
  explicit no_folders(disk_state full) : full_(std::move(full)) {
    // nop
  }

  void make(const std::string& name, receiver then) override {
    if (full_())
      then(fail(failure_kind::unfit, "the folder cannot be made: "
                                     "No space left on device"));
    else
      then("/work/" + name);
  }

  void remove(const std::string&) override {
    // nop
  }

private:
  disk_state full_;
};

class sim_machine : public surroundings::machine {
public:
  explicit sim_machine(disk_state full) : full_(std::move(full)) {
    // nop
  }

  msg::surroundings_seen look(bool) override {
    if (full_())
      return {"disk", "No space left on device", 0};
    return {{}, {}, 100'000'000'000};
  }

private:
  disk_state full_;
};

/// Writes a worker's log into the record of the run.
class record_sink
  : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
  record_sink(virtual_time& time, std::string name)
    : time_(time), name_(std::move(name)) {
    // nop
  }

private:
  void sink_it_(const spdlog::details::log_msg& x) override {
    time_.add_record(name_,
                     "log: " + std::string{x.payload.begin(), x.payload.end()});
  }

  void flush_() override {
    // nop
  }

  virtual_time& time_;
  std::string name_;
};

} // namespace

sim_world::sim_world(sim_options opts)
  : options(std::move(opts)), time(options.seed), jobs(options.jobs),
    redis(time, options.seed ^ 0x11), web(time, options.seed ^ 0x22),
    cloud(web, jobs, options.seed ^ 0x33),
    places(web, jobs, options.seed ^ 0x44), peers(time, options.seed ^ 0x66),
    dice_(options.seed ^ 0x55) {
  web.disk_is_full = [this](uint64_t client) {
    return full_disks_.contains(client);
  };
}

sim_world::~sim_world() {
  for (auto& [client, x] : nodes_)
    if (x.alive)
      kill_node(client);
  time.settle_actors();
  nodes_.clear();
}

sim_node& sim_world::add_node(double clock_skew_s) {
  auto client = ++last_client_;
  auto& x = nodes_[client];
  x.client = client;
  x.worker_id = "w" + std::to_string(client);
  x.clock_skew_s = clock_skew_s;
  auto cfg = parse_config(settings_of(options, x.worker_id));
  if (!cfg)
    throw std::invalid_argument(cfg.error().message);
  x.cfg = std::move(*cfg);
  node_surroundings around;
  around.now = [this, &x] {
    return time.unix_now() + x.clock_skew_s;
  };
  around.log = options.record_logs ? std::make_shared<spdlog::logger>(
                 x.worker_id, std::make_shared<record_sink>(time, x.worker_id))
                                   : options.log;
  around.new_seed = [this] {
    return dice_.next();
  };
  around.make_link = redis.links_of(client);
  around.local = journals_.open(client);
  auto disk_is_full = [this, client] {
    return full_disks_.contains(client);
  };
  around.folders = std::make_shared<no_folders>(disk_is_full);
  x.outside
    = spawn_outside_worlds(time.system(), x.cfg, web.spawn_client(client),
                           time.system().spawn(sim_media_behavior), around);
  x.outside.surroundings = time.system().spawn(
    surroundings_behavior, std::make_shared<sim_machine>(disk_is_full),
    x.outside.objects);
  if (options.cluster)
    x.outside.peers = x.voice = peers.spawn_voice(client, x.cfg.worker_id);
  root_deps deps;
  deps.on_end = [this, client](bool clean) {
    on_drained(client, clean);
  };
  deps.log = around.log;
  x.root = time.system().spawn(root_behavior, root::config{}, deps);
  watch(x.root, render::parts_of(x.outside));
  x.deciding = spawn_deciding_actors(time.system(), x.cfg,
                                     std::string{built_in_portrait_workflow},
                                     x.outside, around, x.root);
  if (options.cluster)
    peers.listen(client, x.deciding.supervisor);
  return x;
}

// The worker is dead for the outside world at once. Messages among its actors
// do not get out any more.
void sim_world::kill_node(uint64_t client) {
  auto& x = nodes_.at(client);
  x.alive = false;
  peers.leave(client, false);
  journals_.close(client);
  web.drop(client);
  redis.drop(client);
  std::vector<caf::actor> all{caf::actor_cast<caf::actor>(x.root)};
  for (auto& [name, part] : parts_of(x))
    all.push_back(part);
  std::reverse(all.begin() + 1, all.end());
  if (x.voice)
    all.push_back(caf::actor_cast<caf::actor>(x.voice));
  time.kill(all);
  x.root = nullptr;
  x.voice = nullptr;
  x.deciding = {};
  x.outside = {};
}

const std::vector<std::string>& sim_world::part_names() {
  static const std::vector<std::string> names{
    root::supervisor, "WEBHOOK", "JOB STORE",    "HTTP",      "GPU CLOUD",
    "OBJECT STORE",   "MEDIA",   "SURROUNDINGS", "INPUT LOOK"};
  return names;
}

named_parts sim_world::parts_of(const sim_node& x) {
  auto out = render::parts_of(x.outside);
  auto deciding = render::parts_of(x.deciding);
  out.insert(out.end(), deciding.begin(), deciding.end());
  return out;
}

caf::actor sim_world::part_of(uint64_t client, const std::string& name) const {
  for (auto& [each, part] : parts_of(nodes_.at(client)))
    if (each == name)
      return part;
  return {};
}

void sim_world::end_part(uint64_t client, const std::string& part,
                         virtual_duration restart_after) {
  nodes_.at(client).lacks_a_part = true;
  // The HTTP actor's connections end with it.
  if (part == "HTTP")
    web.drop(client);
  restart_after_[client] = restart_after;
  caf::anon_send_exit(part_of(client, part),
                      caf::exit_reason::unhandled_exception);
}

void sim_world::on_drained(uint64_t client, bool clean) {
  auto* node = find_node(client);
  // The ROOT of a killed process ends too, and calls this.
  if (!node || !node->alive)
    return;
  node->drained = true;
  peers.leave(client, true);
  node->clean = clean;
  if (!node->lacks_a_part)
    return;
  time.events().after(virtual_duration{0}, [this, client] {
    if (!find_node(client)->alive)
      return;
    kill_node(client);
    time.events().after(restart_after_.at(client), [this] {
      add_node();
    });
  });
}

void sim_world::jump_clock(uint64_t client, double by_s) {
  nodes_.at(client).clock_skew_s += by_s;
}

void sim_world::fill_disk(uint64_t client, bool full) {
  if (full)
    full_disks_.insert(client);
  else
    full_disks_.erase(client);
  disk_mended_[client] = time.now();
}

void sim_world::set_storage_down(bool down) {
  places.storage_down = down;
  storage_mended_ = time.now();
}

virtual_duration sim_world::without_storage_at(uint64_t client) const {
  if (places.storage_down)
    return time.now();
  return std::max(storage_mended_,
                  web.kept_off_at(client, sim_places::storage_host));
}

virtual_duration sim_world::without_api_at(uint64_t client) const {
  return cloud.api_down ? time.now()
                        : web.kept_off_at(client, sim_cloud::api_host);
}

virtual_duration sim_world::without_disk_at(uint64_t client) const {
  if (full_disks_.contains(client))
    return time.now();
  auto at = disk_mended_.find(client);
  return at == disk_mended_.end() ? long_ago : at->second;
}

bool sim_world::may_be_unfit(uint64_t client) const {
  auto a_moment_ago = time.now() - from_seconds(probes_s);
  return without_disk_at(client) > a_moment_ago
         || without_storage_at(client) > a_moment_ago;
}

void sim_world::drain_node(uint64_t client) {
  auto& x = nodes_.at(client);
  x.draining = true;
  caf::anon_send(x.root, msg::drain_node{"SIGTERM"});
}

sim_node* sim_world::find_node(uint64_t client) {
  auto at = nodes_.find(client);
  return at == nodes_.end() ? nullptr : &at->second;
}

sim_node* sim_world::find_node(std::string_view worker_id) {
  if (!worker_id.starts_with('w'))
    return nullptr;
  return find_node(std::strtoull(worker_id.data() + 1, nullptr, 10));
}

// -- producers and front ends -------------------------------------------------

job_store::reply
sim_world::as_front_end(const std::vector<std::string>& command) {
  // Stands for a front end that tries until Redis takes its command.
  auto condition = std::exchange(redis.server().now_is, {});
  writing_ = redis_writer::front_end;
  auto out = redis.run(command);
  writing_ = redis_writer::worker;
  redis.server().now_is = condition;
  return out;
}

void sim_world::replace_redis_data(redis_data data) {
  redis.server().load(std::move(data));
  if (on_redis_data_lost)
    on_redis_data_lost();
}

void sim_world::produce(size_t job) {
  auto& x = jobs[job];
  auto id = job_table::id_of(job);
  auto now = time.unix_now();
  auto number = [](double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof(buffer), "%.3f", value);
    return std::string{buffer};
  };
  std::vector<std::string> record{
    "HSET",   "job:" + id,   "id",         id,          "type",     x.type,
    "status", "queued",      "created_at", number(now), "max_time", "1200",
    "data",   data_of(x, id)};
  if (x.complete_within_s > 0) {
    record.emplace_back("complete_by");
    record.push_back(number(now + x.complete_within_s));
  }
  as_front_end(record);
  as_front_end({"RPUSH", "queue:jobs", id});
  ++pushed_;
  if (x.cancel_after_s >= 0)
    time.events().after(
      virtual_duration{static_cast<int64_t>(x.cancel_after_s * 1e9)},
      [this, job] {
        cancel(job);
      });
}

void sim_world::cancel(size_t job) {
  if (is_final_status(status(job)))
    return;
  auto id = job_table::id_of(job);
  as_front_end({"HSET", "job:" + id, "status", "cancelled", "error",
                "cancelled by the user", "updated_at",
                std::to_string(time.unix_now())});
  as_front_end({"LREM", "queue:jobs", "0", id});
}

void sim_world::produce_next() {
  if (pushed_ >= jobs.size())
    return;
  time.events().at(jobs[pushed_].at, [this] {
    produce(pushed_);
    produce_next();
  });
}

void sim_world::start_producing() {
  produce_next();
}

std::string sim_world::push(sim_job x) {
  auto index = jobs.add(std::move(x));
  produce(index);
  return job_table::id_of(index);
}

} // namespace harness

} // namespace render
