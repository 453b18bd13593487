#pragma once
// The effect of a policy that is a line for the log. Pure: the shell adds the
// subject, such as "gpu 3 (media:fast)".
#include "actors/event.hpp"

#include <cstdint>
#include <string>

namespace render {

enum class severity : uint8_t { info, warning, error };

struct say {
  severity level = severity::info;
  /// Empty: the event is counted, and no line is written.
  std::string text;
  /// What the line tells, for machines.
  event about = {};
};

} // namespace render
