#pragma once
// Comput3's API v0 in pure code: requests out, answers in. A proxy stands in
// front of it and of every node, so any answer may be an HTML page, and a
// 502 or 504 to a launch may hide a GPU that was rented.
#include "messages/gpu.hpp"
#include "messages/http.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace render::gpu_cloud {

struct config {
  /// No trailing slash.
  std::string api_url = "https://api.comput3.ai/api/v0";
  /// `{node}` stands for the host name of a node.
  std::string node_url = "https://{node}";
  std::string ui_url = "https://ui-{node}";
  /// Goes to the API and to nodes. A secret.
  std::string api_key;
  std::string origin = "https://launch.comput3.ai";
  std::chrono::milliseconds call_timeout{30'000};
};

/// The template with the node's name in it.
std::string node_url(std::string_view url_template, std::string_view node);

http_request launch_request(const config& cfg, const msg::launch_gpu& x);
http_request list_request(const config& cfg, const msg::list_gpus& x);
http_request stop_request(const config& cfg, const msg::stop_gpu& x);
http_request probe_request(const config& cfg, const msg::probe_gpu& x);

/// `outcome_unknown` when a GPU may have been rented all the same.
result<gpu_workload> read_launch(const msg::launch_gpu& asked,
                                 const result<http_response>& got);

/// Entries without an id are left out.
result<std::vector<gpu_workload>> read_list(const result<http_response>& got);

/// A workload that is gone already counts as stopped.
result<double> read_stop(const msg::stop_gpu& asked,
                         const result<http_response>& got);

result<void> read_probe(const msg::probe_gpu& asked,
                        const result<http_response>& got);

} // namespace render::gpu_cloud
