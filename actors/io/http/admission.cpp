#include "actors/io/http/admission.hpp"

#include <algorithm>

namespace render {

void admission::ask(uint64_t id, const std::string& name) {
  entries_[id] = {name, false};
  auto& x = hosts_[name];
  if (x.waiting.empty())
    turns_.push_back(name);
  x.waiting.push_back(id);
}

std::vector<uint64_t> admission::admit() {
  std::vector<uint64_t> out;
  // Full hosts in a row. When these are all hosts, no id can get a place.
  size_t full = 0;
  while (open_ < open_max_ && full < turns_.size()) {
    auto name = std::move(turns_.front());
    turns_.pop_front();
    auto& x = hosts_[name];
    if (x.open >= per_host_max_) {
      turns_.push_back(std::move(name));
      ++full;
      continue;
    }
    full = 0;
    auto id = x.waiting.front();
    x.waiting.pop_front();
    ++x.open;
    ++open_;
    entries_[id].open = true;
    out.push_back(id);
    if (!x.waiting.empty())
      turns_.push_back(std::move(name));
  }
  return out;
}

void admission::leave(uint64_t id) {
  auto found = entries_.find(id);
  if (found == entries_.end())
    return;
  auto [name, was_open] = found->second;
  entries_.erase(found);
  auto& x = hosts_[name];
  if (was_open) {
    --x.open;
    --open_;
  } else {
    std::erase(x.waiting, id);
    if (x.waiting.empty())
      std::erase(turns_, name);
  }
  if (x.open == 0 && x.waiting.empty())
    hosts_.erase(name);
}

} // namespace render
