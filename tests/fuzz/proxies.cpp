// Proxy variables: proxy, exceptions, URL, a line each.
#include "actors/io/http/proxy.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  auto proxy = fuzz::take_line(text);
  auto none_for = fuzz::take_line(text);
  auto where = read_proxy(proxy);
  must(where.host.find_first_of("@/?#") == std::string::npos,
       "a proxy's host is a host");
  auto cfg = read_proxies([&](std::string_view name) {
    return name == "all_proxy"  ? proxy
           : name == "NO_PROXY" ? none_for
                                : std::string{};
  });
  must(cfg.http == proxy && cfg.https == proxy && cfg.none_for == none_for,
       "variables are read");
  auto target = read_web_target(text);
  if (!target)
    return 0;
  auto taken = proxy_for(cfg, *target);
  must(taken.empty() || taken == proxy, "one proxy, or none");
  cfg.none_for = target->host;
  must(proxy_for(cfg, *target).empty(), "an exception is one");
  return 0;
}
