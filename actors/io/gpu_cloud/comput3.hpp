#pragma once
// Comput3's API v0 in pure code: requests out, answers in. A proxy stands in
// front of the API and of every GPU. So any answer may be an HTML page, and a
// 502 or 504 to a launch may hide a GPU that was rented.
#include "actors/event.hpp"
#include "messages/gpu.hpp"
#include "messages/http.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace render::gpu_cloud {

/// For /metrics: the status of an answer, or the kind of a failure.
std::string code_of(const result<http_response>& got);

/// `call`: a literal. `seconds`: what it took.
event call_event(std::string_view call, const result<http_response>& got,
                 double seconds);

struct config {
  /// No trailing slash.
  std::string api_url = "https://api.comput3.ai/api/v0";
  /// `{node}` stands for the host name of a GPU.
  std::string node_url = "https://{node}";
  std::string ui_url = "https://ui-{node}";
  /// Host names of GPUs must be below this domain; `*`: any. See
  /// `node_domain_of`.
  std::string node_domain = "comput3.ai";
  /// Sent to the API and to GPUs. A secret.
  std::string api_key;
  std::string origin = "https://launch.comput3.ai";
  std::chrono::milliseconds call_timeout{30'000};
};

/// The domain that GPUs must be below, so that the API key goes only to hosts
/// of the provider. `wanted` when it is set; else `*` when both templates
/// contain the domain (or the host) themselves; else the domain of the API's
/// host: `comput3.ai` for `api.comput3.ai`, `localhost` for `localhost`.
std::string node_domain_of(std::string_view wanted, std::string_view api_url,
                           std::string_view node_url, std::string_view ui_url);

/// Is `node` a mere host name below the domain?
bool is_node_of(const config& cfg, std::string_view node);

/// The template with the GPU's host name in place of `{node}`.
std::string node_url(std::string_view url_template, std::string_view node);

http_request launch_request(const config& cfg, const msg::launch_gpu& x);
http_request list_request(const config& cfg, const msg::list_gpus& x);
http_request stop_request(const config& cfg, const msg::stop_gpu& x);
http_request probe_request(const config& cfg, const msg::probe_gpu& x);

/// Fails as `outcome_unknown` when a GPU may have been rented all the same. A
/// host name that is not the provider's is left out.
result<gpu_workload> read_launch(const config& cfg,
                                 const msg::launch_gpu& asked,
                                 const result<http_response>& got);

/// Entries without an id are left out, and so are host names that are not the
/// provider's.
result<std::vector<gpu_workload>> read_list(const config& cfg,
                                            const result<http_response>& got);

/// The refund. A workload that is already gone counts as stopped.
result<double> read_stop(const msg::stop_gpu& asked,
                         const result<http_response>& got);

result<void> read_probe(const msg::probe_gpu& asked,
                        const result<http_response>& got);

} // namespace render::gpu_cloud
