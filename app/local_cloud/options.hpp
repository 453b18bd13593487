#pragma once
// What the local cloud is told at its start.
#include "app/local_cloud/faults.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace render::local_cloud {

using millis = std::chrono::milliseconds;

/// The Gradio release that the speech services pretend to be.
struct gradio_release {
  int major = 5;
  int minor = 49;
  int patch = 1;

  bool at_least(int want_major, int want_minor, int want_patch = 0) const {
    return std::tie(major, minor, patch)
           >= std::tie(want_major, want_minor, want_patch);
  }
  std::string text() const;
  /// Where the API routes live: empty before 5.0.
  std::string prefix() const {
    return major >= 5 ? "/gradio_api" : "";
  }
};

result<gradio_release> parse_release(const std::string& text);

/// "3s", "250ms", "2m"; a bare number counts seconds.
result<millis> parse_span(const std::string& text);

struct options {
  std::string host = "127.0.0.1";
  /// 0 lets the system choose.
  int port = 8780;
  /// Comput3's own node proxy wants eight characters and more.
  std::string api_key = "localkey-0001";
  /// Where the worker's environment is written once we listen; may be empty.
  std::string env_file;
  /// Served under /files/ and written to by POST /files; empty: a temporary
  /// folder.
  std::string serve_dir;
  std::vector<std::string> types{"media:fast", "ollama_webui:coder",
                                 "ollama_webui:fast", "ollama_webui:large"};
  millis boot_time{3000};
  /// Further time until a service answers, counted from the node's boot, by
  /// service: csm, whisper, comfyui, ollama.
  std::map<std::string, millis> service_boot_time;
  /// Added to each job, by service.
  std::map<std::string, millis> render_time;
  /// A job also takes its media's length divided by this; 0: no added time.
  double speed = 0;
  millis heartbeat{15000};
  gradio_release gradio;
  std::vector<std::string> vision_models{"llama3.2-vision:11b"};
  /// Money units for an hour of one GPU.
  double price = 1.0;
  double balance = 1000;
  std::vector<fault> faults;
  uint64_t seed = 1;
  std::string log_level = "info";
};

/// What the command line means, or the text and exit status to leave with.
struct early_exit {
  int status = 0;
  std::string text;
};
tl::expected<options, early_exit> parse_options(int argc,
                                                const char* const* argv);

} // namespace render::local_cloud
