#pragma once
// Certificates made by the openssl program for one test, in a folder that is
// removed with the object: an authority, and certificates signed by it.
#include "tests/support/temp_folder.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace render::harness {

class certificates {
public:
  certificates() {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
        "-nodes -days 2 -subj '/CN=test authority' -keyout ca.key -out ca.crt");
  }

  std::string ca() const {
    return folder_.path("ca.crt");
  }

  /// PATH.crt and PATH.key of a certificate for `names`, as openssl writes
  /// them: "DNS:redis.example,IP:127.0.0.1". Already expired if `days` is
  /// negative.
  std::string make(const std::string& name, const std::string& names,
                   int days = 1) {
    run("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
        "-nodes -subj /CN="
        + name + " -keyout " + name + ".key -out " + name
        + ".csr && printf 'subjectAltName=" + names + "' > " + name
        + ".ext && openssl x509 -req -in " + name
        + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days "
        + std::to_string(days) + " -extfile " + name + ".ext -out " + name
        + ".crt");
    return folder_.path(name);
  }

private:
  void run(const std::string& command) {
    auto line = "cd '" + folder_.path() + "' && (" + command
                + ") >>log 2>&1 </dev/null";
    if (std::system(line.c_str()) != 0)
      throw std::runtime_error("openssl fails: " + command);
  }

  temp_folder folder_;
};

} // namespace render::harness
