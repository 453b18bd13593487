#include "app/cli/process_settings.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace render::cli {

namespace {

/// More than any key or list of headers has.
constexpr size_t value_bytes_max = 65'536;

/// The text of a file without the line end that editors put there.
result<std::string> value_in(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string out(value_bytes_max + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in.bad() || !in.eof())
    return fail(failure_kind::invalid_input, in.is_open() && !in.bad()
                                               ? path + " is larger than 64 KiB"
                                               : path + " cannot be read");
  out.resize(static_cast<size_t>(in.gcount()));
  while (out.ends_with('\n') || out.ends_with('\r'))
    out.pop_back();
  if (out.find('\0') != std::string::npos)
    return fail(failure_kind::invalid_input, path + " is no text");
  return out;
}

std::string at_or_empty(const environment& x, std::string_view name) {
  auto at = x.find(name);
  return at == x.end() ? std::string{} : at->second;
}

std::string file_variable(const setting& x) {
  return std::string{x.name} + "_FILE";
}

/// From NAME_FILE, or from the credential; no value: there is neither.
result<std::optional<std::string>> value_by_file(const setting& x,
                                                 const environment& given,
                                                 const std::string& folder) {
  auto named = x.secret ? at_or_empty(given, file_variable(x)) : std::string{};
  auto credential = folder + "/" + std::string{x.name};
  std::error_code ignored;
  if (named.empty() && !folder.empty()
      && std::filesystem::exists(credential, ignored)) {
    if (x.name.ends_with("_FILE"))
      return credential;
    named = credential;
  }
  if (named.empty())
    return std::nullopt;
  auto out = value_in(named);
  if (!out)
    return fail(failure_kind::invalid_input,
                std::string{x.name} + ": " + out.error().message);
  return std::move(*out);
}

} // namespace

std::vector<std::string> secret_file_variables() {
  std::vector<std::string> out;
  for (auto& x : settings())
    if (x.secret)
      out.push_back(file_variable(x));
  return out;
}

environment process_environment() {
  environment out;
  for (char** at = environ; *at; ++at) {
    std::string_view line = *at;
    auto equals = line.find('=');
    if (equals != std::string_view::npos)
      out.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return out;
}

result<void> take_from_files(environment& values, const environment& around,
                             std::string_view prefix) {
  auto given = values;
  for (auto& name : secret_file_variables()) {
    values.erase(name);
    if (auto at = around.find(name); at != around.end())
      given[name] = at->second;
  }
  auto folder = at_or_empty(around, "CREDENTIALS_DIRECTORY");
  for (auto& x : settings()) {
    if (!x.name.starts_with(prefix) || !at_or_empty(given, x.name).empty())
      continue;
    auto found = value_by_file(x, given, folder);
    if (!found)
      return fail(found.error());
    if (*found)
      values[std::string{x.name}] = std::move(**found);
  }
  return {};
}

result<found_settings> read_settings(const std::string& path, bool must_exist) {
  return read_settings(path, must_exist, process_environment());
}

result<found_settings> read_settings(const std::string& path, bool must_exist,
                                     const environment& around) {
  env_file file;
  std::error_code ignored;
  auto full = std::filesystem::absolute(path, ignored).string();
  found_settings out;
  out.looked = "looked in the environment and in " + full;
  if (std::ifstream in{path}) {
    std::stringstream text;
    text << in.rdbuf();
    file = read_env_file(text.str(), around);
  } else if (must_exist) {
    return fail(failure_kind::invalid_input, path + ": cannot be read");
  } else {
    out.looked += ", which is not there";
  }
  for (auto& x : file.warnings)
    out.warnings.push_back(path + ": " + x);
  auto of_settings = file.values;
  for (auto& name : secret_file_variables())
    of_settings.erase(name);
  for (auto& x : name_warnings(of_settings, around))
    out.warnings.push_back(x);
  out.env = std::move(file.values);
  auto take = [&](std::string_view name) {
    if (auto at = around.find(name); at != around.end())
      out.env[at->first] = at->second;
  };
  for (auto& x : settings())
    take(x.name);
  for (auto& x : proxy_variables())
    take(x);
  if (auto ok = take_from_files(out.env, around); !ok)
    return fail(ok.error());
  // A list when a unit has several: the first is its own.
  auto state = at_or_empty(around, "STATE_DIRECTORY");
  if (!state.empty() && at_or_empty(out.env, "OUTPUT_DIR").empty())
    out.env["OUTPUT_DIR"] = state.substr(0, state.find(':'));
  return out;
}

} // namespace render::cli
