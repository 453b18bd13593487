#pragma once
// A man page and a completion script for bash, made of a command line's own
// options, so that they cannot say anything else than `--help`. Pure.
#include <CLI/CLI.hpp>

#include <string>

namespace render::cli {

/// Troff source for section 1 with all commands. `version` is the program's.
std::string man_page(const CLI::App& app, const std::string& version);

/// To be sourced by bash.
std::string bash_completion(const CLI::App& app);

/// What is wrong with a command line. CLI11 reports a missing command even when
/// a command is only misspelt; this names the word, and the one that it is
/// like.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& err);

} // namespace render::cli
