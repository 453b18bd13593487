// One upload as the worker does it, for cases that the worker's own jobs never
// bring about: odd names, huge files, a wrong clock.
// Usage: interop_s3_upload FILE NAME CONTENT_TYPE, with MINIO_* set as for the
// worker and CLOCK_SHIFT in seconds. Prints one JSON object.
#include "actors/io/http/http.hpp"
#include "actors/io/object_store/s3_store.hpp"
#include "messages/failure_caf.hpp"
#include "messages/text/json.hpp"

#include <caf/all.hpp>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

namespace {

using namespace render;

std::string env(const char* name, const char* otherwise = "") {
  auto* value = std::getenv(name);
  return value ? value : otherwise;
}

s3::config read_config() {
  s3::config out;
  out.endpoint = env("MINIO_ENDPOINT");
  out.access_key = env("MINIO_ACCESS_KEY");
  out.secret_key = env("MINIO_SECRET_KEY");
  out.bucket = env("MINIO_BUCKET");
  out.secure = env("MINIO_SECURE") == "true";
  out.public_url = env("MINIO_PUBLIC_URL");
  out.retry_delays.assign(4, std::chrono::milliseconds{100});
  return out;
}

long peak_kib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

int upload(caf::actor_system& system, const msg::store_file& what) {
  auto shift = std::atof(env("CLOCK_SHIFT", "0").c_str());
  auto clock = [shift] {
    return shift
           + std::chrono::duration<double>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
  };
  auto http = system.spawn(http_behavior, http_config{}, null_logger());
  auto store = system.spawn(
    s3_store_behavior, read_config(),
    object_store_deps{caf::actor_cast<http_actor>(http), clock, null_logger()});
  caf::scoped_actor self{system};
  auto status = 1;
  self->request(store, std::chrono::minutes{10}, what)
    .receive(
      [&](const msg::stored_file& x) {
        std::cout << R"({"url":)" << json::quote(x.url) << R"(,"peak_kib":)"
                  << peak_kib() << "}\n";
        status = 0;
      },
      [&](caf::error& err) {
        auto why = to_failure(err);
        std::cout << R"({"kind":)" << json::quote(to_string(why.kind))
                  << R"(,"error":)" << json::quote(why.message) << "}\n";
      });
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(http, caf::exit_reason::user_shutdown);
  return status;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: interop_s3_upload FILE NAME CONTENT_TYPE\n";
    return 2;
  }
  caf::actor_system_config cfg;
  add_message_types(cfg);
  caf::actor_system system{cfg};
  return upload(system, {argv[1], argv[2], argv[3], "upload"});
}
