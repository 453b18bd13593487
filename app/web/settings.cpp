#include "app/web/settings.hpp"

#include "app/node/redis_settings.hpp"

namespace render::web {

namespace {

/// "https://storage.example/results" to "https://storage.example".
std::string origin_of(const std::string& url, bool secure) {
  if (url.empty())
    return {};
  auto full = url.find("://") == std::string::npos
                ? (secure ? "https://" : "http://") + url
                : url;
  return full.substr(0, full.find('/', full.find("://") + 3));
}

} // namespace

service_config service_settings(const worker_config& cfg,
                                const std::string& default_address) {
  service_config out;
  auto& web = cfg.web;
  out.address = web.address.empty() ? default_address : web.address;
  out.url = web.url;
  out.keys_file = web.keys_file;
  out.hosts = web.hosts;
  out.base_path = web.base_path;
  out.output_dir = cfg.output_dir;
  out.files_dir = web.files_dir.empty() ? cfg.output_dir + "/uploads"
                                        : web.files_dir;
  out.files_ttl_s = web.files_ttl.count();
  out.upload_max = web.upload_max;
  out.assets_dir = web.assets_dir;
  out.proxies = web.proxies;
  out.storage_origin = origin_of(
    cfg.minio_public_url.empty() ? cfg.minio_endpoint : cfg.minio_public_url,
    cfg.minio_secure);
  out.redis = redis_options(cfg);
  out.redis.connect_timeout = std::chrono::seconds{5};
  return out;
}

} // namespace render::web
