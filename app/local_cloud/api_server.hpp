#pragma once
// Comput3's API v0: launch, list, stop, and the account's calls.
#include "app/local_cloud/fleet.hpp"

namespace render::local_cloud {

class api_server {
public:
  api_server(const service_context& shared, fleet& nodes)
    : shared_(shared), nodes_(nodes) {}

  /// `path` is the part after /api/v0.
  void handle(const httplib::Request& in, httplib::Response& out,
              std::string_view path);

private:
  void launch(const httplib::Request& in, httplib::Response& out);
  /// Loses the answer to a launch whose GPU was made. `how`: "html", a status,
  /// or anything else for a cut connection.
  static void lose_answer(std::string_view how, const httplib::Request& in,
                          httplib::Response& out);
  void workloads(const httplib::Request& in, httplib::Response& out);
  void stop(const httplib::Request& in, httplib::Response& out);
  void balance(httplib::Response& out) const;
  bool is_authorized(const httplib::Request& in, httplib::Response& out) const;
  launch_order order_for(std::string type, double expires) const;

  service_context shared_;
  fleet& nodes_;
};

} // namespace render::local_cloud
