#include "app/harness/ledger_book.hpp"

#include <algorithm>

namespace render::harness {

namespace {

constexpr std::string_view entry_prefix = "c3:gpu:";

std::string id_of(std::string_view key) {
  return std::string{key.substr(entry_prefix.size())};
}

std::string launcher_of(const sim_gpu& gpu) {
  return "w" + std::to_string(gpu.client);
}

} // namespace

void ledger_book::on_field(std::string_view key, std::string_view field,
                           std::string_view now) {
  if (!key.starts_with(entry_prefix))
    return;
  auto id = id_of(key);
  auto& x = entries_[id];
  if (field == "owner")
    x.owner = now;
  else if (field == "type")
    x.type = now;
  else if (field == "state")
    x.state = now;
  else if (field == "expires")
    x.expires = now;
  else if (field == "workload") {
    named_by_[x.workload].erase(id);
    x.workload = now;
    named_by_[x.workload].insert(id);
  } else
    return;
  remember(id, x);
}

void ledger_book::remember(const std::string& id, const entry& x) {
  if (x.owner.empty())
    return;
  auto& author = authors_.try_emplace(id, x.owner).first->second;
  if (!x.workload.empty())
    held_.emplace(x.workload, author, x.owner);
}

void ledger_book::on_removed(std::string_view key) {
  if (!key.starts_with(entry_prefix))
    return;
  auto at = entries_.find(id_of(key));
  if (at == entries_.end())
    return;
  named_by_[at->second.workload].erase(at->first);
  entries_.erase(at);
}

void ledger_book::reload(const memory_redis& server) {
  entries_.clear();
  named_by_.clear();
  for (auto& [key, value] : server.data()) {
    auto* hash = std::get_if<redis_hash>(&value.data);
    if (hash && key.starts_with(entry_prefix))
      for (auto& [field, text] : *hash)
        on_field(key, field, text);
  }
}

std::vector<std::string_view>
ledger_book::holders(const std::string& workload) const {
  std::vector<std::string_view> out;
  if (auto at = named_by_.find(workload); at != named_by_.end())
    for (auto& id : at->second)
      out.emplace_back(entries_.at(id).owner);
  std::sort(out.begin(), out.end());
  return out;
}

bool ledger_book::is_stopping(const std::string& workload) const {
  auto at = named_by_.find(workload);
  return at != named_by_.end()
         && std::any_of(at->second.begin(), at->second.end(), [&](auto& id) {
              return entries_.at(id).state == "stopping";
            });
}

bool ledger_book::has_intent(const sim_gpu& gpu) const {
  auto at = named_by_.find({});
  if (at == named_by_.end())
    return false;
  auto expires = std::to_string(static_cast<int64_t>(
    static_cast<double>(gpu.expires.count()) / 1e9 + virtual_epoch_s + 0.5));
  for (auto& id : at->second) {
    auto& x = entries_.at(id);
    if (x.type == gpu.type && x.expires == expires)
      return true;
  }
  return false;
}

bool ledger_book::ever_held(const sim_gpu& gpu,
                            const std::string& worker) const {
  auto launcher = launcher_of(gpu);
  return worker == launcher || held_.contains({gpu.workload, launcher, worker});
}

} // namespace render::harness
