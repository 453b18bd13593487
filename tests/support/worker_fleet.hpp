#pragma once
// Several real worker processes with one private redis-server and no cloud:
// they find no jobs, and know of each other.
#include "messages/text/json.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_folder.hpp"

#include <memory>

namespace render::harness {

class worker_fleet {
public:
  using env_map = std::map<std::string, std::string>;

  worker_fleet()
    : redis(
      {"--unixsocket", folder.path("redis.sock"), "--unixsocketperm", "777"}) {
    // nop
  }

  /// Starts worker `i`, or starts it again with the same ports. `wrapper` is
  /// put before the command line.
  process& start(size_t i, env_map more = {},
                 std::vector<std::string> wrapper = {}) {
    auto& x = with_ports(i);
    x.worker.reset();
    auto name = "w" + std::to_string(i);
    env_map env{
      {"C3_API_KEY", "key"},
      {"C3_API_URL", "http://127.0.0.1:9/api/v0"},
      {"REDIS_HOST", folder.path("redis.sock")},
      {"OUTPUT_DIR", folder.path(name)},
      {"WORKER_ID", name},
      {"DRAIN_TIME", "5"},
      {"STATUS_ADDRESS", "127.0.0.1:" + std::to_string(x.status_port)},
      {"C3_CLUSTER_LISTEN", address_of(i)},
      {"C3_CLUSTER_PEERS", address_of(0) + "," + address_of(1)}};
    for (auto& [key, value] : more)
      env[key] = value;
    std::filesystem::remove(log_path(i));
    wrapper.insert(wrapper.end(), {PROGRAM_DIR "/c3-render-worker",
                                   "--env-file", "/dev/null"});
    x.worker = std::make_unique<process>(wrapper, env, log_path(i));
    return *x.worker;
  }

  std::string address_of(size_t i) {
    return "127.0.0.1:" + std::to_string(with_ports(i).cluster_port);
  }

  process& at(size_t i) {
    return *members_.at(i).worker;
  }

  /// How many others worker `i` counts as alive; nothing without an answer.
  std::optional<size_t> sees(size_t i) {
    return size_of(i, "members");
  }

  std::optional<size_t> links(size_t i) {
    return size_of(i, "links");
  }

  bool all_see(const std::vector<size_t>& who, size_t others,
               std::chrono::milliseconds limit) {
    return wait_until(
      [&] {
        for (auto i : who)
          if (sees(i) != others)
            return false;
        // An answer costs the workers more than the wait costs the test.
        return true;
      },
      limit);
  }

  /// Where the status server of worker `i` is asked.
  void ask_at(size_t i, std::string host, uint16_t port) {
    auto& x = with_ports(i);
    x.status_host = std::move(host);
    x.status_port = port;
  }

  std::string metrics(size_t i) {
    return get(i, "/metrics");
  }

  std::string log(size_t i) const {
    return members_.at(i).worker->output();
  }

  std::string logs() const {
    std::string out;
    for (auto& [i, x] : members_)
      if (x.worker)
        out += "--- worker " + std::to_string(i) + "\n" + x.worker->output();
    return out;
  }

  temp_folder folder;
  redis_server redis;

private:
  struct one {
    uint16_t cluster_port = 0;
    uint16_t status_port = 0;
    std::string status_host = "127.0.0.1";
    std::unique_ptr<process> worker;
  };

  one& with_ports(size_t i) {
    auto& x = members_[i];
    if (x.cluster_port == 0) {
      x.cluster_port = free_port();
      x.status_port = free_port();
    }
    return x;
  }

  std::string log_path(size_t i) const {
    return folder.path("w" + std::to_string(i) + ".log");
  }

  std::string get(size_t i, const char* path) {
    auto& x = members_.at(i);
    httplib::Client client{x.status_host, x.status_port};
    client.set_connection_timeout(std::chrono::seconds{2});
    client.set_read_timeout(std::chrono::seconds{5});
    // Each question is a process' work: no more than a few a second.
    ::poll(nullptr, 0, 200);
    auto got = client.Get(path);
    return got && got->status == 200 ? got->body : std::string{};
  }

  std::optional<size_t> size_of(size_t i, const char* what) {
    auto doc = json::parse(get(i, "/status"));
    if (!doc)
      return {};
    auto* list = json::find(*doc, "peers", what);
    if (!list || !list->IsArray())
      return {};
    return list->Size();
  }

  std::map<size_t, one> members_;
};

} // namespace render::harness
