#pragma once
// The HTTP service as a whole: its routes, its files, its port.
#include "app/records/redis.hpp"
#include "app/web/job_api.hpp"
#include "app/web/page.hpp"
#include "app/web/server.hpp"
#include "messages/failure.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace render::web {

struct service_config {
  /// HOST:PORT; port 0: any.
  std::string address;
  /// A port in use is no failure: the next free one of a hundred is taken.
  bool next_free = false;
  /// How workers reach the service; empty: by its address.
  std::string url;
  /// Empty: nobody needs a key, and only this machine is served.
  std::string keys_file;
  std::vector<std::string> hosts;
  /// "/render", or empty.
  std::string base_path;
  std::string output_dir;
  std::string files_dir;
  double files_ttl_s = 0;
  uint64_t upload_max = 200u << 20;
  /// Empty: the page in the program.
  std::string assets_dir;
  std::vector<std::string> proxies;
  std::string storage_origin;
  records::redis_address redis;
  std::string version;
  std::string commit;
};

class service {
public:
  struct hooks {
    /// A line for each action.
    std::function<void(const std::string&)> audit;
    std::function<void(std::string_view, unsigned, double)> served;
  };

  /// Finds the faults of `cfg` that can be seen without a port; fails as
  /// `start` does.
  static result<void> check(const service_config& cfg);

  /// Serves when it returns. A failure names the setting that is wrong.
  static result<std::unique_ptr<service>> start(service_config cfg, hooks to);

  service(const service&) = delete;
  service& operator=(const service&) = delete;
  ~service();

  int port() const noexcept;

  /// What people type: "http://127.0.0.1:8095/".
  const std::string& address() const noexcept {
    return address_;
  }

private:
  service() = default;

  std::unique_ptr<gate> gate_;
  std::unique_ptr<server> server_;
  std::string address_;
};

/// All of its routes but login and logout; for tests against the description
/// too.
std::vector<route> all_routes(const std::shared_ptr<const service_facts>& of,
                              const page::settings& pages);

} // namespace render::web
