#include "app/node/config.hpp"
#include "messages/text/alike.hpp"

#include <algorithm>

namespace render {

namespace {

/// Names of libraries, of c3ctl and of compose files, which a `.env` file may
/// also have.
bool is_of_others(std::string_view name) {
  static constexpr std::string_view known[]
    = {"HTTP_PROXY",      "HTTPS_PROXY",        "ALL_PROXY",
       "NO_PROXY",        "http_proxy",         "https_proxy",
       "all_proxy",       "no_proxy",           "REQUESTS_CA_BUNDLE",
       "SSL_CERT_FILE",   "CURL_CA_BUNDLE",     "C3_FILES_URL",
       "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"};
  return std::find(std::begin(known), std::end(known), name) != std::end(known);
}

/// The setting whose name is most like this one; empty when none is.
std::string_view meant_by(std::string_view name) {
  std::vector<std::string_view> names;
  for (auto& x : settings())
    names.push_back(x.name);
  return alike(name, names);
}

void add(std::string& list, std::string_view name) {
  list += list.empty() ? "" : ", ";
  list += name;
}

} // namespace

const std::vector<std::string_view>& ignored_settings() {
  static const std::vector<std::string_view> out{
    "GPU_WORKER_DELAY",     "NO_GPU_WORKER_DELAY", "LOCK_RETRY_INTERVAL",
    "QUEUE_CHECK_INTERVAL", "DEFAULT_COMPLETE_IN", "DEFAULT_MAX_TIME"};
  return out;
}

std::vector<std::string> name_warnings(const environment& from_file,
                                       const environment& around) {
  std::vector<std::string> out;
  std::string unknown;
  auto& old = ignored_settings();
  for (auto& entry : from_file) {
    auto& name = entry.first;
    auto is_known = std::any_of(settings().begin(), settings().end(),
                                [&](auto& x) {
                                  return x.name == name;
                                });
    if (is_known || is_of_others(name)
        || std::find(old.begin(), old.end(), name) != old.end())
      continue;
    if (auto meant = meant_by(name); !meant.empty())
      out.push_back(name + " is no setting and is ignored: did you mean "
                    + std::string{meant} + "?");
    else
      add(unknown, name);
  }
  if (!unknown.empty())
    out.push_back(unknown + ": no settings of this program, ignored");
  std::string ignored;
  for (auto& name : old)
    if (from_file.contains(name) || around.contains(name))
      add(ignored, name);
  if (!ignored.empty())
    out.push_back(ignored
                  + ": settings of the Python worker that this one has no use "
                    "for, ignored");
  return out;
}

} // namespace render
