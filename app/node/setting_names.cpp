#include "app/node/config.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

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

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

/// The setting whose name is most like this one; empty when none is.
std::string_view meant_by(std::string_view name) {
  std::string_view out;
  auto best = std::max<size_t>(1, name.size() / 5) + 1;
  for (auto& x : settings())
    if (auto d = edit_distance(name, x.name); d < best) {
      best = d;
      out = x.name;
    }
  return out;
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
