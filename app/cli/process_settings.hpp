#pragma once
// The settings of a process: its environment, and a `.env` file.
#include "app/node/config.hpp"
#include "messages/failure.hpp"

#include <string>
#include <vector>

namespace render::cli {

/// The settings as found, with the warnings about them.
struct found_settings {
  environment env;
  /// Where settings were looked for, told when one is missing.
  std::string looked;
  std::vector<std::string> warnings;
};

/// The environment wins over the file. Fails as `invalid_input` when the file
/// must exist and cannot be read.
result<found_settings> read_settings(const std::string& path, bool must_exist);

} // namespace render::cli
