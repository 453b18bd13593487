#pragma once
// One launched GPU: the proxy in front of it, and the services behind the
// proxy, which come up one after another. Ends with its token; its folder is
// removed then.
#include "app/local_cloud/http_text.hpp"
#include "app/local_cloud/service.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace render::local_cloud {

/// The two host names of a GPU: its own, and that of its user interface.
enum class node_host { root, ui };

class node : public std::enable_shared_from_this<node> {
public:
  /// `shared` needs no folder and no token. A GPU that `never_boots` answers
  /// for ever as if it were booting.
  node(const service_context& shared, std::string name, const std::string& type,
       const std::filesystem::path& root, bool never_boots);
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  /// Waits for running work; call `stop` first.
  ~node();

  void stop() {
    stop_.request_stop();
  }

  /// `path` is the part after the host name, beginning with a slash or empty.
  void handle(const httplib::Request& in, httplib::Response& out,
              node_host host, std::string_view path);

private:
  using steady = std::chrono::steady_clock;
  using handler = std::function<void(
    const httplib::Request&, httplib::Response&, std::string_view path)>;
  struct service {
    node_host host;
    /// Empty: all paths of the host.
    std::string prefix;
    steady::time_point ready;
    handler handle;
  };

  bool is_authorized(const httplib::Request& in, httplib::Response& out) const;
  void add_media_services(const service_context& shared);
  void add_vision_services(const service_context& shared);
  service_context context_for(const service_context& shared,
                              const std::string& name) const;
  steady::time_point ready_at(const std::string& service) const;

  std::string name_;
  std::string key_;
  std::filesystem::path dir_;
  std::map<std::string, millis> service_boot_;
  steady::time_point booted_;
  std::stop_source stop_;
  std::vector<service> services_;
};

} // namespace render::local_cloud
