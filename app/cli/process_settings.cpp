#include "app/cli/process_settings.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace render::cli {

namespace {

environment from_process() {
  environment out;
  for (char** at = environ; *at; ++at) {
    std::string_view line = *at;
    auto equals = line.find('=');
    if (equals != std::string_view::npos)
      out.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return out;
}

} // namespace

result<found_settings> read_settings(const std::string& path, bool must_exist) {
  auto around = from_process();
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
  for (auto& x : name_warnings(file.values, around))
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
  return out;
}

} // namespace render::cli
