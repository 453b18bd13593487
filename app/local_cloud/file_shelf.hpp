#pragma once
// Files that jobs can fetch: a folder, served as it is, to which this machine
// can add.
#include "app/local_cloud/http_text.hpp"

#include <filesystem>
#include <mutex>

namespace render::local_cloud {

class file_shelf {
public:
  /// The folder exists.
  explicit file_shelf(std::filesystem::path folder)
    : folder_(std::move(folder)) {}

  /// `name` is what follows /files/.
  void get(httplib::Response& out, std::string_view name) const;

  /// Keeps the body under the name that the query gives; another body of the
  /// same name gets a number. Answers {"url"} below `base`.
  void add(const httplib::Request& in, httplib::Response& out,
           const std::string& base);

private:
  std::filesystem::path folder_;
  std::mutex mutex_;
};

} // namespace render::local_cloud
