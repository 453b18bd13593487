#include "app/node/web_settings.hpp"

#include "app/node/refused.hpp"
#include "app/worker/status_address.hpp"
#include "messages/http.hpp"
#include "messages/text/loose_number.hpp"
#include "messages/text/web_url.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace render {

namespace {

using apply_fn = std::function<result<void>(worker_config&, std::string_view)>;
using w = web_config;

apply_fn text(std::string w::*field) {
  return [field](worker_config& cfg, std::string_view x) -> result<void> {
    cfg.web.*field = x;
    return {};
  };
}

result<void> apply_address(worker_config& cfg, std::string_view x) {
  if (x == "off") {
    cfg.web.address.clear();
    return {};
  }
  auto colon = x.rfind(':');
  uint16_t port = 0;
  auto digits = x.substr(std::min(colon, x.size() - 1) + 1);
  auto [at, error] = std::from_chars(digits.data(),
                                     digits.data() + digits.size(), port);
  if (colon == 0 || colon == std::string_view::npos || digits.empty()
      || error != std::errc{} || at != digits.data() + digits.size())
    return refused(x, "host:port, or off");
  cfg.web.address = x;
  return {};
}

result<void> apply_url(worker_config& cfg, std::string_view x) {
  if (!is_web_url(x) || x.find_first_of("?#@") != std::string_view::npos)
    return refused(x, "an http or https URL without user, query and fragment");
  cfg.web.url = x;
  while (cfg.web.url.ends_with('/'))
    cfg.web.url.pop_back();
  return {};
}

result<void> apply_base_path(worker_config& cfg, std::string_view x) {
  while (x.ends_with('/'))
    x.remove_suffix(1);
  auto plain = std::all_of(x.begin(), x.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '/' || c == '-' || c == '_' || c == '.';
  });
  auto dots = x.find("/.") != std::string_view::npos
              || x.find("//") != std::string_view::npos;
  if (!x.empty() && (!x.starts_with('/') || !plain || dots))
    return refused(x, "a path such as /render, of letters, digits and - _ . /");
  cfg.web.base_path = x;
  return {};
}

apply_fn list(std::vector<std::string> w::*field, std::string rule,
              bool (*good)(std::string_view)) {
  return [=](worker_config& cfg, std::string_view x) -> result<void> {
    for (auto rest = x; !rest.empty();) {
      auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      if (!good(one))
        return refused(x, rule);
      (cfg.web.*field).emplace_back(one);
    }
    return {};
  };
}

bool is_host(std::string_view x) {
  return !x.empty() && x.find_first_of(" :/") == std::string_view::npos;
}

bool is_address(std::string_view x) {
  return parse_ip(x).has_value();
}

std::optional<double> whole(std::string_view x, double least, double most) {
  auto out = loose_number(x);
  if (!out || std::floor(*out) != *out || *out < least || *out > most)
    return std::nullopt;
  return out;
}

result<void> apply_ttl(worker_config& cfg, std::string_view x) {
  constexpr auto ten_years_s = 315'360'000.0;
  auto out = whole(x, 0, ten_years_s);
  if (!out)
    return refused(x, "whole seconds, ten years at most");
  cfg.web.files_ttl = seconds_f{*out};
  return {};
}

result<void> apply_upload_max(worker_config& cfg, std::string_view x) {
  auto out = whole(x, 1, 1e12);
  if (!out)
    return refused(x, "a whole number from 1 to 1000000000000");
  cfg.web.upload_max = static_cast<uint64_t>(*out);
  return {};
}

} // namespace

std::vector<setting> with_web_settings(std::vector<setting> before) {
  auto add = [&before](const char* name, const char* value, const char* meaning,
                       apply_fn apply) {
    before.push_back({name, value, meaning, false, false, std::move(apply)});
  };
  add("WEB_ADDRESS", "off",
      "host:port of the HTTP service with its page, or off.", apply_address);
  add("WEB_KEYS_FILE", "",
      "File with the keys of the HTTP service; unset: no key is needed, and "
      "only loopback is served.",
      text(&w::keys_file));
  add("WEB_URL", "",
      "URL under which workers and people reach the HTTP service; unset: by "
      "WEB_ADDRESS.",
      apply_url);
  add("WEB_BASE_PATH", "",
      "Path in front of all routes, for a proxy that serves more than this.",
      apply_base_path);
  add("WEB_HOSTS", "",
      "Further host names, separated by commas, that requests to the HTTP "
      "service may use; *: any.",
      list(&w::hosts, "host names without port, more of them after commas",
           is_host));
  add("WEB_PROXIES", "",
      "IP addresses, separated by commas, of proxies whose X-Forwarded-For is "
      "believed.",
      list(&w::proxies, "IP addresses, more of them after commas", is_address));
  add("WEB_FILES_DIR", "",
      "Where uploads lie; unset: uploads below OUTPUT_DIR.",
      text(&w::files_dir));
  add("WEB_FILES_TTL", "86400",
      "Seconds that an upload stays after it came last; 0: for ever.",
      apply_ttl);
  add("WEB_UPLOAD_MAX", "209715200", "Largest upload, bytes.",
      apply_upload_max);
  add("WEB_ASSETS", "",
      "Folder with the page's files, while they are being worked on; unset: "
      "the ones in the program.",
      text(&w::assets_dir));
  return before;
}

std::string uploads_url(const web_config& x) {
  if (x.url.empty() && x.address.empty())
    return {};
  // As the service itself makes its links.
  auto url = x.url.empty() ? url_of(split_address(x.address)) + x.base_path
                           : x.url;
  return url + "/v1/files/";
}

} // namespace render
