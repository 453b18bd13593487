#pragma once
// Local files as job inputs: a worker fetches URLs, so a file must be served
// from somewhere.
#include "messages/failure.hpp"

#include <memory>
#include <string>

namespace render::ctl {

/// Serves single files over HTTP for as long as it lives.
class file_server {
public:
  /// Listens on `host`, a free port.
  static result<std::unique_ptr<file_server>> start(const std::string& host);

  file_server(const file_server&) = delete;
  file_server& operator=(const file_server&) = delete;
  ~file_server();

  /// Serves the file from now on and returns its URL; fails when the file
  /// cannot be read.
  result<std::string> serve(const std::string& path);

private:
  file_server();

  struct implementation;
  std::unique_ptr<implementation> impl_;
};

/// Posts the file to `base`/files (see c3-local-cloud) and returns its URL.
result<std::string> upload_file(const std::string& base,
                                const std::string& path);

} // namespace render::ctl
