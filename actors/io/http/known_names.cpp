#include "actors/io/http/known_names.hpp"

#include <utility>

namespace render {

const std::vector<ip_address>* known_names::find(const std::string& host,
                                                 clock::time_point now) const {
  auto at = names_.find(host);
  if (at == names_.end() || at->second.addresses.empty()
      || at->second.good_until <= now)
    return nullptr;
  return &at->second.addresses;
}

bool known_names::begin_look_up(const std::string& host,
                                clock::time_point now) {
  auto& x = name_of(host, now);
  // A look-up that hangs for longer than `patience_` does not block a second
  // one.
  if (x.asked && now - *x.asked < patience_)
    return false;
  if (x.asking == look_ups_per_name_max)
    return false;
  ++x.asking;
  x.asked = now;
  return true;
}

void known_names::end_look_up(const std::string& host,
                              name_resolver::found found,
                              clock::time_point now) {
  auto& x = name_of(host, now);
  x.asked.reset();
  // 0 when the name was forgotten while the look-up hung.
  x.asking -= x.asking > 0 ? 1 : 0;
  if (!found)
    return;
  x.addresses = std::move(*found);
  x.good_until = now + kept_;
}

known_names::name& known_names::name_of(const std::string& host,
                                        clock::time_point now) {
  if (names_.size() >= names_max && !names_.contains(host))
    std::erase_if(names_, [&](auto& x) {
      return x.second.good_until <= now && !x.second.asked;
    });
  if (names_.size() >= 2 * names_max && !names_.contains(host))
    names_.clear();
  return names_[host];
}

} // namespace render
