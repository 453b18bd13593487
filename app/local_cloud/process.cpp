#include "app/local_cloud/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string_view>

namespace render::local_cloud {

namespace {

struct tool {
  std::string_view program;
  std::string_view package;
};

constexpr std::array tools{
  tool{"ffmpeg", "ffmpeg"},
  tool{"ffprobe", "ffmpeg"},
  tool{"espeak-ng", "espeak-ng"},
  tool{"pocketsphinx_continuous", "pocketsphinx and pocketsphinx-en-us"},
};

std::string named_with_package(std::string_view program) {
  for (auto& known : tools)
    if (known.program == program)
      return std::string{program} + " (Debian package "
             + std::string{known.package} + ")";
  return std::string{program};
}

/// Is the program in PATH, and executable?
bool is_there(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    auto end = std::min(rest.find(':'), rest.size());
    auto file = std::filesystem::path{rest.substr(0, end)} / program;
    if (::access(file.c_str(), X_OK) == 0)
      return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  auto start = text.rfind('\n');
  if (start != std::string_view::npos)
    text.remove_prefix(start + 1);
  return std::string{text.substr(0, 300)};
}

} // namespace

result<program_output> run_checked(const std::vector<std::string>& argv,
                                   std::chrono::milliseconds limit,
                                   const std::stop_token& stop) {
  auto output = programs::run_program(argv, limit, stop, std::nullopt);
  if (!output && !is_there(argv[0]))
    return fail(failure_kind::internal,
                "this machine has no " + named_with_package(argv[0]));
  if (!output)
    return fail(failure_kind::unavailable, output.error().message);
  if (output->exit_code != 0)
    return fail(failure_kind::rejected,
                argv[0] + " failed: " + last_line(output->err));
  return output;
}

std::vector<std::string> missing_programs() {
  std::vector<std::string> missing;
  for (auto& known : tools)
    if (!is_there(known.program))
      missing.push_back(named_with_package(known.program));
  return missing;
}

bool wait_unless_stopped(std::chrono::milliseconds span,
                         const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, span, [] {
    return false;
  });
  return !stop.stop_requested();
}

result<double> media_seconds(const std::string& path,
                             const std::stop_token& stop) {
  auto output = run_checked({"ffprobe", "-v", "error", "-show_entries",
                             "format=duration", "-of", "csv=p=0", path},
                            std::chrono::seconds{30}, stop);
  if (!output)
    return fail(output.error());
  double seconds = 0;
  auto& text = output->out;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(),
                                seconds);
  if (parsed.ec != std::errc{} || seconds <= 0)
    return fail(failure_kind::rejected, "ffprobe reads no duration");
  return seconds;
}

} // namespace render::local_cloud
