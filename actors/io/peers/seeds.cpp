#include "actors/io/peers/seeds.hpp"

#include "actors/io/http/networks.hpp"

#include <utility>

namespace render::peers {

seeds::seeds(const std::vector<address>& all) {
  for (auto& x : all)
    if (parse_ip(x.host))
      fixed_.push_back(x);
    else
      names_[x.host].ports.push_back(x.port);
}

std::vector<std::string> seeds::due(bool alone, double now_s) {
  std::vector<std::string> out;
  auto wait_s = alone ? hurried_pace_s : pace_s;
  for (auto& [host, x] : names_)
    if (!x.asking && (!x.answered_s || now_s - *x.answered_s >= wait_s)) {
      x.asking = true;
      out.push_back(host);
    }
  return out;
}

std::optional<say>
seeds::on_answer(const std::string& host,
                 const result<std::vector<std::string>>& found, double now_s) {
  auto at = names_.find(host);
  if (at == names_.end())
    return {};
  auto& x = at->second;
  x.asking = false;
  x.answered_s = now_s;
  auto failed_before = std::exchange(x.failed, !found);
  if (!found)
    return failed_before ? std::optional<say>{}
                         : say{severity::warning,
                               "peers: C3_CLUSTER_PEERS: the name " + host
                                 + " is not found: " + found.error().message};
  x.found = *found;
  if (x.found.size() > most_addresses)
    x.found.resize(most_addresses);
  if (!failed_before)
    return {};
  return say{severity::info, "peers: the name " + host + " is found now"};
}

std::vector<address> seeds::addresses() const {
  auto out = fixed_;
  for (auto& [host, x] : names_)
    for (auto& ip : x.found)
      for (auto port : x.ports)
        out.push_back({ip, port});
  return out;
}

} // namespace render::peers
