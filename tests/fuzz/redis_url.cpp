// REDIS_URL.
#include "app/node/redis_settings.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  worker_config cfg;
  cfg.redis_host = "before";
  auto before = cfg;
  auto done = apply_redis_url(cfg, text);
  if (!done) {
    fuzz::must_be_fit_to_show(done.error());
    must(cfg == before, "a bad URL changes nothing");
    return 0;
  }
  if (text.empty())
    return 0;
  must(!cfg.redis_host.empty() && cfg.redis_port > 0, "a URL says where");
  must(cfg.redis_host.find('@') == std::string::npos,
       "a password is no part of the host");
  must(cfg.redis_tls == text.starts_with("rediss://"), "TLS as the URL says");
  must(fuzz::is_printable(cfg.redis_host), "a host is printable");
  auto warning = redis_warning(cfg);
  must(warning.empty() || !cfg.redis_tls, "TLS needs no warning");
  must(fuzz::is_printable(warning), "a warning is printable");
  return 0;
}
