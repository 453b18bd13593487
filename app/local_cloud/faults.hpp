#pragma once
// The faults that the cloud plays on demand: armed by option or over HTTP,
// limited by a count, for one GPU or for all.
#include "messages/failure.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::local_cloud {

/// The services that a GPU of some type has.
inline constexpr std::array services{"csm", "whisper", "comfyui", "ollama"};

struct fault {
  std::string name;
  std::string argument;
  /// How many times the fault is played; negative: until cleared.
  int count = -1;
  /// Only on this GPU; empty: on all.
  std::string node;
};

/// Reads `NAME[=ARG][*COUNT]`. Fails as `invalid_input` on an unknown name or a
/// meaningless argument.
result<fault> parse_fault(std::string_view text);

/// All names with their meanings, one a line.
std::string fault_catalogue();

/// Thread-safe.
class fault_board {
public:
  /// Fails as `parse_fault` does.
  result<void> arm(fault what);
  void clear();
  /// Uses up one turn of the oldest matching fault and returns its argument.
  /// `fits` judges the argument; without `fits` any argument matches.
  std::optional<std::string>
  take(std::string_view name, std::string_view node = {},
       const std::function<bool(std::string_view)>& fits = {});
  std::string to_json() const;

private:
  mutable std::mutex mutex_;
  std::vector<fault> armed_;
};

/// The argument of `slow` without a service: "250" is milliseconds, "2s" a time
/// span. Zero for any other text.
std::chrono::milliseconds answer_delay(std::string_view argument);

/// The argument of `slow` for one service, as in "csm=20s"; nothing when it is
/// for another service, or for any answer.
std::optional<std::chrono::milliseconds> job_delay(std::string_view argument,
                                                   std::string_view service);

/// The argument as a number, or `otherwise` when it is none.
double number_or(std::string_view argument, double otherwise);

} // namespace render::local_cloud
