#pragma once
// Files that jobs can fetch: a folder that is served, and to which this machine
// can add files.
#include "app/local_cloud/http_text.hpp"

#include <filesystem>
#include <mutex>

namespace render::local_cloud {

class file_shelf {
public:
  /// The folder must exist.
  explicit file_shelf(std::filesystem::path folder)
    : folder_(std::move(folder)) {}

  /// `name` is the part after /files/.
  void get(httplib::Response& out, std::string_view name) const;

  /// Stores the body under the name in the query; a second body of the same
  /// name gets a number. Answers {"url"} below `base`.
  void add(const httplib::Request& in, httplib::Response& out,
           const std::string& base);

private:
  std::filesystem::path folder_;
  std::mutex mutex_;
};

} // namespace render::local_cloud
