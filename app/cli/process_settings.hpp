#pragma once
// The settings of a process: its environment, a `.env` file, and files with one
// value each, as systemd and container managers hand secrets over.
#include "app/node/config.hpp"
#include "messages/failure.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace render::cli {

/// The settings as found, with the warnings about them.
struct found_settings {
  environment env;
  /// Where settings were looked for, told when one is missing.
  std::string looked;
  std::vector<std::string> warnings;
};

environment process_environment();

/// The names that end in _FILE and stand for a secret setting.
std::vector<std::string> secret_file_variables();

/// Completes `values`. A setting that is unset or empty there is taken from
/// - the file that NAME_FILE names, for a secret (`around` wins over `values`);
/// - the file NAME in the folder that CREDENTIALS_DIRECTORY names. A setting
///   that is itself the name of a file becomes the path of that.
/// Fails as `invalid_input` when such a file cannot be read. Only settings
/// whose names begin with `prefix`.
result<void> take_from_files(environment& values, const environment& around,
                             std::string_view prefix = {});

/// The environment wins over the file; both, over `take_from_files`. OUTPUT_DIR
/// is STATE_DIRECTORY unless it is set. Fails as `invalid_input` when the file
/// must exist and cannot be read, or when a file of a value cannot.
result<found_settings> read_settings(const std::string& path, bool must_exist);

/// The same in another environment than that of this process.
result<found_settings> read_settings(const std::string& path, bool must_exist,
                                     const environment& around);

} // namespace render::cli
