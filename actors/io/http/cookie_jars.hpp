#pragma once
// Cookies of GPUs. Each host has a jar of its own, so that no cookie is ever
// sent to another host, whatever domain the cookie was set for.
#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>

namespace render {

/// A CURLSH.
using cookie_jar = std::shared_ptr<void>;

class cookie_jars {
public:
  /// `host` with its port. Used by one thread only.
  cookie_jar of(const std::string& host);

private:
  std::map<std::string, cookie_jar> jars_;
};

} // namespace render
