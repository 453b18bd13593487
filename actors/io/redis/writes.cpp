// Writes that are repeated until Redis has answered.
#include "actors/io/redis/shell.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

void shell::write(std::string name, std::function<command(write_number)> make,
                  job_store_state::write_handler asker) const {
  auto [at, fresh] = st().writes.try_emplace(name,
                                             job_store_state::lasting_write{});
  at->second.askers.push_back(std::move(asker));
  if (!fresh)
    return; // Asked twice: one write, two answers.
  at->second.make = std::move(make);
  try_write(name);
}

void shell::overwrite(const std::string& name,
                      std::function<command(write_number)> make,
                      job_store_state::write_handler asker) const {
  auto& x = st().writes[name];
  x.make = std::move(make);
  x.askers.push_back(std::move(asker));
  x.changed = x.under_way;
  std::erase(st().failed_writes, name);
  try_write(name);
}

void shell::try_write(const std::string& name) const {
  auto at = st().writes.find(name);
  if (at == st().writes.end() || at->second.under_way)
    return;
  at->second.under_way = true;
  at->second.number = ++st().last_number;
  run(at->second.make(at->second.number), [sh = *this, name](answer got) {
    sh.wrote(name, std::move(got));
  });
}

void shell::wrote(const std::string& name, answer got) const {
  auto& st = this->st();
  if (got && got->type == reply::kind::error)
    got = fail(failure_of(got->text));
  auto at = st.writes.find(name);
  at->second.under_way = false;
  if (std::exchange(at->second.changed, false))
    return try_write(name);
  if (!got && is_outage(got.error())) {
    st.failed_writes.push_back(name);
    if (st.retry_delay == milliseconds{0})
      out().warn("{}: not confirmed, trying again ({})", name,
                 got.error().message);
    if (!st.retry_armed) {
      st.retry_delay = std::clamp(st.retry_delay * 2, cfg().retry_min,
                                  cfg().retry_max);
      st.retry_armed = true;
      arm(retry_writes, st.retry_delay);
    }
    return;
  }
  if (st.failed_writes.empty())
    st.retry_delay = milliseconds{0};
  auto node = st.writes.extract(at);
  for (auto& asker : node.mapped().askers)
    asker(got, node.mapped().number);
}

void shell::retry_failed_writes() const {
  // Armed again by the next failure, however late its answer comes.
  st().retry_armed = false;
  for (auto& name : std::exchange(st().failed_writes, {}))
    try_write(name);
}

} // namespace render::job_store
