#pragma once
// The settings of the HTTP service.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace render {

struct web_config {
  /// host:port; empty: there is no service in this process.
  std::string address;
  /// How workers reach it, without a slash at its end; empty: by its address.
  std::string url;
  /// Empty: nobody needs a key, and only loopback is served.
  std::string keys_file;
  /// Names that a request's Host header may have besides the usual ones.
  std::vector<std::string> hosts;
  /// "/render"; empty: none.
  std::string base_path;
  /// Empty: `uploads` below OUTPUT_DIR.
  std::string files_dir;
  /// 0: uploads stay for ever.
  std::chrono::duration<double> files_ttl{86'400};
  /// Bytes.
  uint64_t upload_max = 200u << 20;
  /// Empty: the page in the program.
  std::string assets_dir;
  /// IP addresses of proxies whose X-Forwarded-For is believed.
  std::vector<std::string> proxies;

  friend bool operator==(const web_config&, const web_config&) = default;
};

} // namespace render
