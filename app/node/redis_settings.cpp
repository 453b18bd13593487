#include "app/node/redis_settings.hpp"

#include "messages/text/percent.hpp"
#include "messages/text/printable.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace render {

namespace {

tl::unexpected<failure> no_url() {
  return fail(failure_kind::invalid_input,
              "must be redis://[user:password@]host[:port][/db], or "
              "rediss:// for TLS; characters of the password that have a "
              "meaning in a URL are written %40 and so on");
}

std::optional<uint32_t> whole(std::string_view text, uint32_t max) {
  uint32_t out = 0;
  auto [end, err] = std::from_chars(text.data(), text.data() + text.size(),
                                    out);
  if (err != std::errc{} || end != text.data() + text.size() || out > max)
    return std::nullopt;
  return out;
}

bool is_private(const in_addr& x) {
  auto a = ntohl(x.s_addr);
  return a >> 24 == 127 || a >> 24 == 10 || a >> 20 == 0xac1
         || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x191;
}

bool is_private(const in6_addr& x) {
  auto* bytes = x.s6_addr;
  return IN6_IS_ADDR_LOOPBACK(&x) || IN6_IS_ADDR_LINKLOCAL(&x)
         || (bytes[0] & 0xfe) == 0xfc;
}

/// Does the spelling of this host mean this machine or a private network?
bool is_near(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (host.starts_with('/'))
    return true;
  if (inet_pton(AF_INET, host.c_str(), &four) == 1)
    return is_private(four);
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1)
    return is_private(six);
  // Names of containers, of services and of a local network.
  for (std::string_view end :
       {".local", ".localhost", ".internal", ".svc", ".lan", ".home.arpa"})
    if (host.ends_with(end))
      return true;
  return host.find('.') == std::string::npos;
}

} // namespace

result<void> apply_redis_url(worker_config& cfg, std::string_view url) {
  if (url.empty())
    return {};
  auto out = cfg;
  if (url.starts_with("rediss://"))
    out.redis_tls = true;
  else if (!url.starts_with("redis://"))
    return no_url();
  url.remove_prefix(url.find("://") + 3);
  if (url.find_first_of("?#") != std::string_view::npos)
    return no_url();
  auto slash = url.find('/');
  if (slash != std::string_view::npos) {
    auto digits = url.substr(slash + 1);
    auto db = whole(digits, 1'000'000);
    if (!digits.empty() && !db)
      return no_url();
    if (db)
      out.redis_db = *db;
    url = url.substr(0, slash);
  }
  if (auto at = url.rfind('@'); at != std::string_view::npos) {
    auto login = url.substr(0, at);
    url.remove_prefix(at + 1);
    auto colon = login.find(':');
    auto user = percent_decoded(login.substr(0, colon));
    auto password = colon == std::string_view::npos
                      ? std::optional<std::string>{out.redis_password}
                      : percent_decoded(login.substr(colon + 1));
    if (!user || !password)
      return no_url();
    out.redis_username = std::move(*user);
    out.redis_password = std::move(*password);
  }
  auto colon = url.rfind(':');
  auto bracket = url.rfind(']');
  out.redis_port = 6379;
  if (colon != std::string_view::npos
      && (bracket == std::string_view::npos || bracket < colon)) {
    auto port = whole(url.substr(colon + 1), 65535);
    if (!port || *port == 0)
      return no_url();
    out.redis_port = static_cast<uint16_t>(*port);
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']'))
    url = url.substr(1, url.size() - 2);
  if (url.empty() || url.find_first_of("[]@ ") != std::string_view::npos
      || printable(url) != url)
    return no_url();
  out.redis_host = url;
  cfg = std::move(out);
  return {};
}

result<void> check_redis(const worker_config& cfg) {
  auto wrong = [](const char* text) {
    return fail(failure_kind::invalid_input, text);
  };
  if (cfg.redis_cert_file.empty() != cfg.redis_key_file.empty())
    return wrong("REDIS_CERT_FILE and REDIS_KEY_FILE must be set together");
  if (!cfg.redis_tls
      && !(cfg.redis_ca_file.empty() && cfg.redis_cert_file.empty()
           && cfg.redis_server_name.empty()))
    return wrong("REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_SERVER_NAME mean "
                 "TLS, which is off: set REDIS_TLS=true");
  if (cfg.redis_tls && cfg.redis_sentinels.empty()
      && cfg.redis_host.starts_with('/'))
    return wrong("REDIS_TLS: REDIS_HOST is a Unix socket, which has no TLS");
  return {};
}

job_store::link_options redis_options(const worker_config& cfg) {
  job_store::link_options out;
  out.host = cfg.redis_host;
  out.port = cfg.redis_port;
  out.username = cfg.redis_username;
  out.password = cfg.redis_password;
  out.db = cfg.redis_db;
  for (auto& x : cfg.redis_sentinels)
    out.sentinels.push_back({x.host, x.port});
  out.sentinel_master = cfg.redis_sentinel_master;
  out.sentinel_password = cfg.redis_sentinel_password;
  out.tls = {cfg.redis_tls, cfg.redis_ca_file, cfg.redis_cert_file,
             cfg.redis_key_file, cfg.redis_server_name};
  return out;
}

std::string redis_warning(const worker_config& cfg) {
  if (cfg.redis_tls)
    return {};
  auto text = [](const std::string& host) {
    return "Redis at " + host
           + " is reached without TLS: password, jobs and results can be read "
             "on the way (REDIS_TLS=true, see docs/configuration.md)";
  };
  if (cfg.redis_sentinels.empty())
    return is_near(cfg.redis_host) ? std::string{} : text(cfg.redis_host);
  for (auto& x : cfg.redis_sentinels)
    if (!is_near(x.host))
      return text(x.host);
  return {};
}

} // namespace render
