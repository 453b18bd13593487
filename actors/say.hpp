#pragma once
// The effect of a policy that is a line for the log. Pure: the shell adds the
// subject, such as "gpu 3 (media:fast)".
#include <cstdint>
#include <string>

namespace render {

enum class severity : uint8_t { info, warning, error };

struct say {
  severity level = severity::info;
  std::string text;
};

} // namespace render
