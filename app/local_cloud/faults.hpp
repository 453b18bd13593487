#pragma once
// The faults that the cloud plays on demand: armed by option or over HTTP,
// used up by count, aimed at one node or at all.
#include "messages/failure.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::local_cloud {

struct fault {
  std::string name;
  std::string argument;
  /// How many times it is played; negative: until cleared.
  int count = -1;
  /// Only on this node; empty: everywhere.
  std::string node;
};

/// Reads `NAME[=ARG][*COUNT]`. Fails as `invalid_input` on an unknown name, or
/// an argument that says nothing.
result<fault> parse_fault(std::string_view text);

/// All names, one a line, each with what it does.
std::string fault_catalogue();

/// Thread-safe.
class fault_board {
public:
  /// Fails as `parse_fault` does.
  result<void> arm(fault what);
  void clear();
  /// Uses one turn of the oldest matching fault up and gives its argument.
  /// `fits` looks at the argument; without it any will do.
  std::optional<std::string>
  take(std::string_view name, std::string_view node = {},
       const std::function<bool(std::string_view)>& fits = {});
  std::string to_json() const;

private:
  mutable std::mutex mutex_;
  std::vector<fault> armed_;
};

/// The argument of `slow` without a service: "250" counts milliseconds, "2s"
/// is a time. Zero when it is neither.
std::chrono::milliseconds answer_delay(std::string_view argument);

/// The argument of `slow` for one service, as in "csm=20s"; nothing when it is
/// for another one, or for any answer.
std::optional<std::chrono::milliseconds> job_delay(std::string_view argument,
                                                   std::string_view service);

/// The argument as a number, or `otherwise` when it is none.
double number_or(std::string_view argument, double otherwise);

} // namespace render::local_cloud
