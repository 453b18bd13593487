#pragma once
// Cookies of nodes, each host's in a jar of its own, so that none is ever sent
// to another host, whatever domain it was set for.
#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>

namespace render {

/// A CURLSH.
using cookie_jar = std::shared_ptr<void>;

class cookie_jars {
public:
  /// `host` with its port. Of one thread alone.
  cookie_jar of(const std::string& host);

private:
  std::map<std::string, cookie_jar> jars_;
};

} // namespace render
