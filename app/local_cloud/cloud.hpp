#pragma once
// The whole local cloud behind one port: the API, the GPUs by path, the files
// and the administration.
//
//     /api/v0/...        Comput3's API
//     /node/NAME/...     a GPU's own host name
//     /ui/NAME/...       its user interface's host name
//     /files/...         files for jobs to fetch
//     /cloud/...         administration, from this machine only
#include "app/local_cloud/api_server.hpp"
#include "app/local_cloud/file_shelf.hpp"

namespace render::local_cloud {

class cloud {
public:
  /// Keeps all temporary files below `root`, which must exist.
  cloud(const options& config, const std::filesystem::path& root);

  /// The URL at which clients reach this cloud; must be set before the first
  /// request.
  void set_base(std::string base) {
    base_ = std::move(base);
  }

  /// NAME=VALUE lines for a worker and for c3ctl.
  std::string environment() const;

  /// Thread-safe.
  void handle(const httplib::Request& in, httplib::Response& out);

  /// Ends all jobs, streams and delays, without waiting.
  void stop();

private:
  void dispatch(const httplib::Request& in, httplib::Response& out);
  bool played_fault(const std::string& node, const httplib::Request& in,
                    httplib::Response& out);
  void node_request(const httplib::Request& in, httplib::Response& out,
                    node_host host, std::string_view rest);
  void administer(const httplib::Request& in, httplib::Response& out,
                  std::string_view path);
  void arm_fault(const httplib::Request& in, httplib::Response& out);
  result<void> arm(fault what);

  options config_;
  fault_board faults_;
  ledger books_;
  random_source random_;
  std::stop_source stop_;
  fleet nodes_;
  api_server api_;
  file_shelf files_;
  std::string base_;
};

} // namespace render::local_cloud
