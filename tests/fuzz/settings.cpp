// All settings, as a .env file has them.
#include "app/node/config.hpp"
#include "app/node/redis_settings.hpp"
#include "app/worker/status_address.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cmath>

using namespace render;
using fuzz::must;

namespace {

/// Is in no text by chance.
constexpr std::string_view secret = "Zq7Zq7Zq7Zq7";

void must_not_tell(std::string_view text) {
  must(text.find(secret) == std::string_view::npos, "secrets are not shown");
}

void check(const worker_config& x) {
  for (auto time : {x.result_ttl, x.gpu_idle_timeout, x.gpu_lifetime,
                    x.max_render_time, x.polling_interval, x.drain_time})
    must(time.count() >= 0 && time.count() <= 1e9, "a time is within bounds");
  must(x.pre_launch_min <= x.pre_launch_max
         && x.gpu_replace_after <= x.gpu_lifetime,
       "pairs are in order");
  for (auto* url : {&x.api_url, &x.node_url, &x.ui_url})
    must(is_web_url(*url), "a URL is one");
  if (!x.status_address.empty()) {
    auto where = split_address(x.status_address);
    must(where.port >= 0 && where.port <= 65'535, "a port is one");
    // Leading zeros are no other port.
    auto written = x.status_address.substr(x.status_address.rfind(':') + 1);
    must(std::stoi(written) == where.port,
         "the port is the one that was written");
  }
  auto link = redis_options(x);
  must(!link.sentinels.empty() || !link.host.empty(), "Redis is somewhere");
  must(link.port != 0, "Redis has a port");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  if (text.find(secret) != std::string_view::npos)
    return 0;
  auto env = read_env_file(text, {}).values;
  // Of the secrets those that are set hold one.
  for (auto& x : settings())
    if (auto at = env.find(x.name); x.secret && at != env.end())
      at->second += secret;
  auto found = read_config(env);
  for (auto& x : found.errors) {
    must(fuzz::is_printable(x), "an error is printable");
    must_not_tell(x);
  }
  for (auto& x : found.warnings)
    must_not_tell(x);
  must_not_tell(effective_config(env));
  if (!found.errors.empty())
    return 0;
  check(found.config);
  auto again = read_config(found.in_force);
  must(again.errors.empty(), "what is in force can be read");
  must(again.config == found.config, "what is in force is all there is");
  return 0;
}
