#pragma once
// The settings of the local cloud.
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
  /// Path of the API routes: empty before 5.0.
  std::string prefix() const {
    return major >= 5 ? "/gradio_api" : "";
  }
};

result<gradio_release> parse_release(const std::string& text);

/// "3s", "250ms", "2m"; a mere number is seconds.
result<millis> parse_span(const std::string& text);

struct options {
  std::string host = "127.0.0.1";
  /// 0 lets the system choose.
  int port = 8780;
  /// The proxy of Comput3's GPUs needs at least eight characters.
  std::string api_key = "localkey-0001";
  /// File for the worker's environment, written once the cloud listens; may be
  /// empty.
  std::string env_file;
  /// Folder that is served under /files/ and written by POST /files; empty: a
  /// temporary folder.
  std::string serve_dir;
  std::vector<std::string> types{"media:fast", "ollama_webui:coder",
                                 "ollama_webui:fast", "ollama_webui:large"};
  millis boot_time{3000};
  /// Further time until a service answers, counted from the GPU's boot, by
  /// service: csm, whisper, comfyui, ollama.
  std::map<std::string, millis> service_boot_time;
  /// Added to each job, by service.
  std::map<std::string, millis> render_time;
  /// A job also takes the length of its media divided by this; 0: no added
  /// time.
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

/// The text and exit status of a command line that ends the process at once.
struct early_exit {
  int status = 0;
  std::string text;
};
tl::expected<options, early_exit> parse_options(int argc,
                                                const char* const* argv);

} // namespace render::local_cloud
