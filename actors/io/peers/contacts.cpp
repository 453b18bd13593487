#include "actors/io/peers/contacts.hpp"

#include <algorithm>

namespace render::peers {

void contacts::set_seeds(const std::vector<address>& all) {
  for (auto& [at, x] : all_)
    x.seed = false;
  for (auto& at : all)
    all_[at].seed = true;
  std::erase_if(all_, [](auto& x) {
    return !x.second.seed && !x.second.told && !x.second.under_way;
  });
}

void contacts::add(const address& x) {
  all_[x].told = true;
}

void contacts::forget(const address& x) {
  auto at = all_.find(x);
  if (at == all_.end())
    return;
  at->second.told = false;
  drop_if_nobodys(x);
}

void contacts::drop_if_nobodys(const address& x) {
  auto at = all_.find(x);
  if (at != all_.end() && !at->second.seed && !at->second.told
      && !at->second.under_way)
    all_.erase(at);
}

void contacts::is_own(const address& x) {
  all_[x].own = true;
}

bool contacts::may_try(const address& x, double now_s) const {
  auto at = all_.find(x);
  return x != own_ && at != all_.end() && !at->second.own
         && !at->second.under_way && now_s >= at->second.not_before_s;
}

bool contacts::is_under_way(const address& x) const {
  auto at = all_.find(x);
  return at != all_.end() && at->second.under_way;
}

void contacts::tried(const address& x) {
  all_[x].under_way = true;
}

void contacts::succeeded(const address& x, const worker_id& whom) {
  auto& to = all_[x];
  to.under_way = false;
  to.wait_s = to.not_before_s = 0;
  to.leads_to = whom;
}

void contacts::failed(const address& x, double now_s, std::mt19937_64& dice) {
  auto& to = all_[x];
  to.under_way = false;
  to.wait_s = std::clamp(2 * to.wait_s, pace_.least_s, pace_.most_s);
  std::uniform_real_distribution<> spread{0.75, 1.25};
  to.not_before_s = now_s + to.wait_s * spread(dice);
  drop_if_nobodys(x);
}

void contacts::refused(const address& x, double now_s) {
  auto& to = all_[x];
  to.under_way = false;
  to.wait_s = pace_.most_s;
  to.not_before_s = now_s + pace_.most_s;
  drop_if_nobodys(x);
}

std::vector<address> contacts::all() const {
  std::vector<address> out;
  for (auto& [at, x] : all_)
    if (!x.own && at != own_)
      out.push_back(at);
  return out;
}

const worker_id* contacts::leads_to(const address& x) const {
  auto at = all_.find(x);
  return at != all_.end() && at->second.leads_to ? &*at->second.leads_to
                                                 : nullptr;
}

std::optional<address> contacts::way_to(const worker_id& whom,
                                        const address& told,
                                        double now_s) const {
  if (may_try(told, now_s))
    return told;
  for (auto& [at, x] : all_)
    if (x.leads_to == whom && may_try(at, now_s))
      return at;
  return {};
}

std::optional<double> contacts::next_due(double now_s) const {
  std::optional<double> out;
  for (auto& [at, x] : all_)
    if (!x.own && !x.under_way && x.not_before_s > now_s
        && (!out || x.not_before_s < *out))
      out = x.not_before_s;
  return out;
}

} // namespace render::peers
