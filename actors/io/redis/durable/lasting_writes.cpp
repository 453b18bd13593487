#include "actors/io/redis/durable/lasting_writes.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

bool lasting_writes::ask(const std::string& name, maker make, asker then) {
  auto [at, fresh] = all_.try_emplace(name);
  at->second.askers.push_back(std::move(then));
  if (fresh)
    at->second.make = std::move(make);
  return fresh;
}

void lasting_writes::overwrite(const std::string& name, maker make,
                               asker then) {
  auto& x = all_[name];
  x.make = std::move(make);
  x.askers.push_back(std::move(then));
  x.changed = x.under_way;
  std::erase(failed_, name);
}

std::optional<command> lasting_writes::begin(const std::string& name,
                                             write_number number) {
  auto at = all_.find(name);
  if (at == all_.end() || at->second.under_way)
    return std::nullopt;
  at->second.under_way = true;
  at->second.number = number;
  return at->second.make(number);
}

lasting_writes::answered lasting_writes::on_answer(const std::string& name,
                                                   const result<reply>& got,
                                                   const pace& retries) {
  answered out;
  auto at = all_.find(name);
  auto& x = at->second;
  x.under_way = false;
  out.number = x.number;
  if (std::exchange(x.changed, false)) {
    out.is_old = true;
    return out;
  }
  if (!got && is_outage(got.error())) {
    failed_.push_back(name);
    out.begins_to_fail = delay_ == milliseconds{0};
    if (!std::exchange(retry_armed_, true)) {
      delay_ = std::clamp(delay_ * 2, retries.least, retries.most);
      out.retry_in = delay_;
    }
    return out;
  }
  if (failed_.empty())
    delay_ = milliseconds{0};
  out.askers = std::move(x.askers);
  all_.erase(at);
  return out;
}

std::vector<std::string> lasting_writes::take_failed() {
  // Armed again by the next failure, however late its answer comes.
  retry_armed_ = false;
  return std::exchange(failed_, {});
}

} // namespace render::job_store
