#pragma once
// What the mains of programs that run until a signal have in common.
#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace render::cli {

enum exit_code : int { clean = 0, runtime = 1, configuration = 2 };

/// Prints "program: message" to standard error; returns `code`.
int report(std::string_view program, exit_code code,
           const std::string& message);

/// Reads the command line of the program whose name `app` has, answers
/// `--help`,
/// `--version` and `--man-page`, and else calls `run`; an exception of it is a
/// runtime failure. The result is an exit code.
int run_program(CLI::App& app, int argc, char** argv,
                const std::function<int()>& run);

} // namespace render::cli
