#pragma once
// A whole installation on this machine, for integration tests: the worker's
// real program, a private redis-server, a local cloud, a webhook receiver and a
// folder for results.
#include "messages/text/json.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <mutex>

namespace render::harness {

/// Remembers every webhook, and can be told to fail or to be slow.
class webhook_receiver {
public:
  webhook_receiver() {
    server_.routes().Post(R"(/hook.*)", [this](const httplib::Request& request,
                                               httplib::Response& response) {
      std::lock_guard guard{mutex_};
      bodies_.push_back(request.body);
      response.status = failures_left_ > 0 ? 500 : 200;
      if (failures_left_ > 0)
        --failures_left_;
    });
    server_.start();
  }

  std::string url() const {
    return server_.url("/hook");
  }

  void fail_next(int count) {
    std::lock_guard guard{mutex_};
    failures_left_ = count;
  }

  /// Bodies with this job's id, in order of arrival.
  std::vector<std::string> about(const std::string& job_id) const {
    std::lock_guard guard{mutex_};
    std::vector<std::string> out;
    for (auto& body : bodies_)
      if (body.find(job_id) != std::string::npos)
        out.push_back(body);
    return out;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> bodies_;
  int failures_left_ = 0;
  http_server server_;
};

class small_world {
public:
  using env_map = std::map<std::string, std::string>;

  /// `cloud_options`: the command line of c3-local-cloud.
  explicit small_world(std::vector<std::string> cloud_options = {}) {
    std::vector<std::string> argv{PROGRAM_DIR "/c3-local-cloud", "--listen",
                                  "127.0.0.1:0", "--env-file",
                                  folder.path("cloud.env")};
    argv.insert(argv.end(), cloud_options.begin(), cloud_options.end());
    cloud_.emplace(argv, env_map{}, folder.path("cloud.log"));
    if (!wait_until([this] {
          return exists("cloud.env");
        }))
      throw std::runtime_error("no local cloud: " + cloud_->output());
    read_cloud_env();
  }

  small_world(const small_world&) = delete;
  small_world& operator=(const small_world&) = delete;

  ~small_world() {
    worker_.reset();
    // A killed cloud would leave its folder of results behind.
    cloud_->send(SIGTERM);
    cloud_->wait_for_exit(std::chrono::seconds{5});
  }

  /// The worker with this world's settings; `more` adds and replaces.
  process& start_worker(env_map more = {}) {
    worker_env_ = cloud_env_;
    worker_env_["REDIS_HOST"] = redis.host();
    worker_env_["REDIS_PORT"] = std::to_string(redis.port());
    worker_env_["OUTPUT_DIR"] = folder.path("output");
    worker_env_["PRE_LAUNCH_TIMEOUT"] = "0";
    worker_env_["PRE_LAUNCH_TIMEOUT_MAX"] = "0";
    worker_env_["GPU_IDLE_TIMEOUT"] = "60";
    worker_env_["RENDER_POLLING_INTERVAL"] = "0.2";
    worker_env_["MAX_GPUS"] = "2";
    worker_env_["STATUS_ADDRESS"] = "off";
    for (auto& [name, value] : more)
      worker_env_[name] = value;
    worker_.emplace(
      std::vector<std::string>{worker_program, "--env-file", "/dev/null"},
      worker_env_, folder.path("worker.log"));
    // Before that line a signal ends the worker without a drain.
    if (!wait_until([this] {
          return worker_->output().find("ready for jobs") != std::string::npos;
        }))
      throw std::runtime_error("no worker: " + worker_->output());
    return *worker_;
  }

  /// The worker's environment.
  const env_map& worker_env() const {
    return worker_env_;
  }

  process& worker() {
    return *worker_;
  }

  /// SIGTERM, and the exit code.
  int stop_worker(std::chrono::milliseconds limit = std::chrono::seconds{30}) {
    worker_->send(SIGTERM);
    return worker_->wait_for_exit(limit).value_or(-1);
  }

  /// Writes the producer's record and pushes the id.
  std::string submit(const std::string& type, const std::string& data,
                     env_map more_fields = {}) {
    auto id = next_id();
    std::vector<std::string> args{
      "HSET",     "job:" + id, "id",     id,           "type",
      type,       "status",    "queued", "created_at", "1700000000",
      "max_time", "1200",      "data",   data};
    for (auto& [name, value] : more_fields) {
      args.push_back(name);
      args.push_back(value);
    }
    redis.cmd_list(args);
    redis.cmd("RPUSH", "queue:jobs", id);
    return id;
  }

  std::string next_id() {
    char text[40];
    std::snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012x",
                  ++last_id_);
    return text;
  }

  std::string job_field(const std::string& id, const std::string& name) {
    return redis.field("job:" + id, name);
  }

  bool
  wait_for_status(const std::string& id, const std::string& status,
                  std::chrono::milliseconds limit = std::chrono::seconds{40}) {
    return wait_until(
      [&] {
        return job_field(id, "status") == status;
      },
      limit);
  }

  /// Returns "success" or "failed".
  std::string
  wait_for_end(const std::string& id,
               std::chrono::milliseconds limit = std::chrono::seconds{40}) {
    std::string status;
    wait_until(
      [&] {
        status = job_field(id, "status");
        return status == "success" || status == "failed";
      },
      limit);
    return status;
  }

  httplib::Client cloud_client() const {
    return httplib::Client{"127.0.0.1", cloud_port_};
  }

  /// Tells the local cloud to misbehave; see its --help.
  void fault(const std::string& json) {
    auto client = cloud_client();
    auto got = client.Post("/cloud/faults", json, "application/json");
    if (!got || got->status / 100 != 2)
      throw std::runtime_error("fault refused: " + json + " "
                               + (got ? got->body : "no answer"));
  }

  json::document ledger() const {
    auto client = cloud_client();
    auto got = client.Get("/cloud/ledger");
    if (!got)
      throw std::runtime_error("the local cloud does not answer");
    return std::move(*json::parse(got->body));
  }

  /// Makes a file that jobs can fetch, and returns its URL.
  std::string publish(const std::string& name, const std::string& bytes) {
    if (files_.empty()) {
      file_server_.routes().Get("/(.+)", [this](const httplib::Request& request,
                                                httplib::Response& response) {
        std::lock_guard guard{files_mutex_};
        auto found = files_.find(request.matches[1]);
        if (found == files_.end())
          response.status = 404;
        else
          response.set_content(found->second, "application/octet-stream");
      });
      file_server_.start();
    }
    std::lock_guard guard{files_mutex_};
    files_[name] = bytes;
    return file_server_.url("/" + name);
  }

  std::string logs() const {
    return "--- worker\n" + (worker_ ? worker_->output() : std::string{})
           + "--- cloud\n" + cloud_->output();
  }

  temp_folder folder;
  redis_server redis;
  webhook_receiver receiver;
  std::string worker_program = PROGRAM_DIR "/c3-render-worker";

private:
  bool exists(const std::string& name) const {
    return std::filesystem::exists(folder.path(name));
  }

  void read_cloud_env() {
    std::ifstream in{folder.path("cloud.env")};
    for (std::string line; std::getline(in, line);)
      if (auto equals = line.find('='); equals != std::string::npos)
        cloud_env_[line.substr(0, equals)] = line.substr(equals + 1);
    auto& url = cloud_env_.at("C3_API_URL");
    auto colon = url.find(':', 7);
    cloud_port_ = std::stoi(url.substr(colon + 1));
  }

  std::mutex files_mutex_;
  std::map<std::string, std::string> files_;
  http_server file_server_;
  env_map cloud_env_;
  env_map worker_env_;
  int cloud_port_ = 0;
  unsigned last_id_ = 0;
  std::optional<process> cloud_;
  std::optional<process> worker_;
};

} // namespace render::harness
