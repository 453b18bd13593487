#pragma once
// Runs one program to its end: by argument vector, never through a shell, with
// a time limit; killed at once when its caller asks to stop.
#include "actors/io/programs/program.hpp"
#include "messages/failure.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace render::local_cloud {

using programs::program_output;

/// `argv[0]` is looked up in PATH. Fails as `internal` with the name of the
/// Debian package when the program is missing, as `unavailable` when it ran
/// out of time or was stopped, as `rejected` with the last line that it wrote
/// to its standard error when its exit status is not 0.
result<program_output> run_checked(const std::vector<std::string>& argv,
                                   std::chrono::milliseconds limit,
                                   const std::stop_token& stop);

/// The required programs that are not in PATH, each as "ffmpeg (Debian package
/// ffmpeg)".
std::vector<std::string> missing_programs();

/// False as soon as `stop` is requested, true when `span` has passed.
bool wait_unless_stopped(std::chrono::milliseconds span,
                         const std::stop_token& stop);

/// Length of a media file in seconds, by ffprobe.
result<double> media_seconds(const std::string& path,
                             const std::stop_token& stop);

} // namespace render::local_cloud
