#include "actors/io/http/dialling.hpp"

#include "messages/text/lower.hpp"

#include <algorithm>

namespace render {

namespace {

way_point point(std::string host, uint16_t port) {
  way_point out;
  if (auto literal = parse_ip(host)) {
    out.literal = true;
    out.addresses = {*literal};
  }
  out.host = std::move(host);
  out.port = port;
  return out;
}

bool may_be_reached(const std::string& host, const ip_address& x,
                    const private_allowances& allowed) {
  return is_public(x) || allowed.permits(host, x);
}

} // namespace

bool has_header(const http_request& x, std::string_view name) {
  return std::any_of(x.headers.begin(), x.headers.end(), [&](auto& header) {
    return lower(header.name) == name;
  });
}

bool carries_secret(const http_request& x) {
  return has_header(x, "x-c3-api-key") || has_header(x, "authorization");
}

dialling plan_dialling(const http_request& request, web_target target,
                       const http_config& cfg) {
  dialling out;
  if (!request.public_only || cfg.proxies_for_strangers)
    out.proxy = proxy_for(cfg.proxies, target);
  auto proxy = out.proxy.empty() ? proxy_address{} : read_proxy(out.proxy);
  if (!out.proxy.empty())
    out.way.push_back(point(proxy.host, proxy.port));
  if (out.proxy.empty() || proxy.wants_address || request.public_only) {
    auto x = point(target.host, target.port);
    x.checked = request.public_only;
    x.optional = !out.proxy.empty() && !proxy.wants_address;
    out.way.push_back(std::move(x));
  }
  out.check_peer = request.public_only && out.proxy.empty();
  out.keeps_cookies = has_header(request, "x-c3-api-key");
  out.target = std::move(target);
  return out;
}

bool keep_permitted(way_point& x, const private_allowances& allowed) {
  if (x.checked)
    std::erase_if(x.addresses, [&](auto& address) {
      return !may_be_reached(x.host, address, allowed);
    });
  return !x.addresses.empty();
}

std::vector<std::string> resolved_names(const dialling& x) {
  std::vector<std::string> out;
  for (auto& point : x.way) {
    if (point.literal || point.addresses.empty())
      continue;
    // The plus makes curl's entry expire like any looked-up address.
    auto line = "+" + point.host + ":" + std::to_string(point.port) + ":";
    auto first = true;
    for (auto& address : point.addresses) {
      line += first ? "" : ",";
      first = false;
      line += address.v6 ? "[" + to_string(address) + "]" : to_string(address);
    }
    out.push_back(std::move(line));
  }
  return out;
}

} // namespace render
