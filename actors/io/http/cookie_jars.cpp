#include "actors/io/http/cookie_jars.hpp"

namespace render {

namespace {

// More GPUs than a worker rents. A jar in use is never dropped.
constexpr size_t jars_kept = 256;

} // namespace

cookie_jar cookie_jars::of(const std::string& host) {
  if (jars_.size() >= jars_kept && !jars_.contains(host))
    std::erase_if(jars_, [](auto& x) {
      return x.second.use_count() == 1;
    });
  auto& jar = jars_[host];
  if (!jar) {
    jar = cookie_jar{curl_share_init(), [](void* x) {
                       curl_share_cleanup(x);
                     }};
    curl_share_setopt(jar.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
  }
  return jar;
}

} // namespace render
