#include "app/node/cluster_settings.hpp"

#include "actors/io/peers/address.hpp"
#include "app/node/refused.hpp"
#include "messages/http.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>

namespace render {

namespace {

using c = worker_config;

constexpr size_t longest_cluster_name = 64;

result<void> apply_listen(worker_config& cfg, std::string_view text) {
  constexpr auto rule = "an IP address of this machine (or localhost, or "
                        "0.0.0.0 or [::] for all of them) and a port, such as "
                        "10.0.0.5:7400";
  auto where = peers::parse_address(text);
  if (!where)
    return refused(text, rule);
  if (where->host == "localhost")
    where->host = "127.0.0.1";
  if (!parse_ip(where->host))
    return refused(text, rule);
  cfg.cluster_listen = {where->host, where->port};
  return {};
}

result<void> apply_peers(worker_config& cfg, std::string_view text) {
  for (auto rest = text; !rest.empty();) {
    auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (one.starts_with(' '))
      one.remove_prefix(1);
    while (one.ends_with(' '))
      one.remove_suffix(1);
    auto where = peers::parse_address(one);
    if (!where)
      return refused(text, "host:port, more of them after commas");
    cfg.cluster_peers.push_back({where->host, where->port});
  }
  return {};
}

result<void> apply_name(worker_config& cfg, std::string_view text) {
  if (text.size() > longest_cluster_name || printable(text) != text)
    return refused(text, "a name of 64 printable characters at most");
  cfg.cluster_name = text;
  return {};
}

result<void> apply_trust(worker_config& cfg, std::string_view text) {
  if (text != "yes" && text != "no")
    return refused(text, "yes or no");
  cfg.cluster_trusted_network = text == "yes";
  return {};
}

bool is_loopback(const std::string& host) {
  auto ip = parse_ip(host);
  auto v4 = parse_network("127.0.0.0/8");
  auto v6 = parse_network("::1/128");
  return ip && (v4->contains(*ip) || v6->contains(*ip));
}

} // namespace

std::vector<setting> with_cluster_settings(std::vector<setting> before) {
  before.push_back(
    {"C3_CLUSTER_LISTEN", "",
     "IP address and port where other workers of the fleet reach this one; "
     "unset: it knows of no others. 0.0.0.0 and [::] mean all addresses of "
     "this machine, and the others are told the one that its default route "
     "has.",
     false, false, apply_listen});
  before.push_back(
    {"C3_CLUSTER_PEERS", "",
     "Where other workers may be found, host:port,host:port; a name may have "
     "several addresses, and is looked up again every minute.",
     false, false, apply_peers});
  before.push_back({"C3_CLUSTER_NAME", "c3",
                    "Workers of another cluster name are refused.", false,
                    false, apply_name});
  before.push_back(
    {"C3_CLUSTER_TRUSTED_NETWORK", "no",
     "yes: only trusted machines reach C3_CLUSTER_LISTEN. Without it that must "
     "be a loopback address: workers neither encrypt what they tell each other "
     "nor ask for a password.",
     false, false, apply_trust});
  return before;
}

result<void> check_cluster(const worker_config& cfg) {
  auto& listen = cfg.cluster_listen;
  if (listen.port == 0) {
    if (cfg.cluster_peers.empty())
      return {};
    return fail(failure_kind::invalid_input,
                "C3_CLUSTER_PEERS needs C3_CLUSTER_LISTEN, where the others "
                "reach this worker");
  }
  if (cfg.cluster_trusted_network || is_loopback(listen.host))
    return {};
  return fail(failure_kind::invalid_input,
              "C3_CLUSTER_LISTEN: " + listen.host
                + " is no loopback address, and workers neither encrypt what "
                  "they tell each other nor ask for a password: set "
                  "C3_CLUSTER_TRUSTED_NETWORK=yes if only trusted machines "
                  "reach it (see docs/operations.md)");
}

bool is_any_address(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

} // namespace render
