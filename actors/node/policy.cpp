#include "actors/node/policy.hpp"

#include <algorithm>

namespace render::root {

void policy::on_part(std::string name) {
  parts_.push_back(std::move(name));
}

bool policy::has(const char* part) const {
  return std::find(parts_.begin(), parts_.end(), part) != parts_.end();
}

effects policy::on_part_ended(const std::string& name, const std::string& why) {
  auto at = std::find(parts_.begin(), parts_.end(), name);
  if (at == parts_.end())
    return {};
  parts_.erase(at);
  if (auto* now = std::get_if<stopping>(&state_)) {
    if (now->name == name)
      return stop_next();
    return {};
  }
  if (std::holds_alternative<over>(state_))
    return {};
  return end_because("the " + name + " actor has ended: " + why);
}

effects policy::end_because(const std::string& fault) {
  effects out{say{severity::error,
                  fault
                    + "; this worker ends, since it could do only a part of "
                      "its work"}};
  auto first = clean_;
  clean_ = false;
  if (first)
    out.push_back(tell_fault{fault});
  if (std::holds_alternative<flushing>(state_))
    return out;
  // Without a SUPERVISOR nobody ends a drain that is under way.
  if (!has(supervisor)) {
    auto more = stop_next();
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  if (auto* now = std::get_if<draining>(&state_); now && now->limit != 0)
    return out;
  state_ = draining{++generation_};
  // Twice, since the second order hurries: jobs go back at once.
  for (int i = 0; i < 2; ++i)
    out.push_back(drain{"a part of this worker is gone"});
  out.push_back(arm_timer{generation_, cfg_.hurried_drain});
  return out;
}

effects policy::on_drain_wanted(const std::string& reason) {
  if (std::holds_alternative<working>(state_)) {
    if (!has(supervisor))
      return stop_next();
    state_ = draining{};
  } else if (!std::holds_alternative<draining>(state_)) {
    return {};
  }
  return {drain{reason}};
}

effects policy::on_drained(bool clean) {
  clean_ = clean_ && clean;
  // The SUPERVISOR drains by itself when its QUEUE WATCHER keeps dying.
  if (!std::holds_alternative<draining>(state_)
      && !std::holds_alternative<working>(state_))
    return {};
  return flush_now();
}

effects policy::flush_now() {
  state_ = flushing{};
  if (has(job_store))
    return {flush{}};
  return on_flushed("the " + std::string{job_store} + " actor has ended");
}

effects policy::on_flushed(const std::string& why_not) {
  if (!std::holds_alternative<flushing>(state_))
    return {};
  effects out;
  if (!why_not.empty())
    out.push_back(
      say{severity::warning,
          "what was written last may not have arrived: " + why_not});
  auto more = stop_next();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

effects policy::on_stop_wanted() {
  if (std::holds_alternative<stopping>(state_)
      || std::holds_alternative<over>(state_))
    return {};
  return stop_next();
}

effects policy::stop_next() {
  if (parts_.empty()) {
    state_ = over{};
    return {finish{clean_}};
  }
  state_ = stopping{parts_.back(), ++generation_};
  return {stop_part{parts_.back()}, arm_timer{generation_, cfg_.stop}};
}

effects policy::on_timer(uint64_t generation) {
  if (auto* now = std::get_if<draining>(&state_);
      now && now->limit == generation)
    return stop_next();
  auto* now = std::get_if<stopping>(&state_);
  if (!now || now->limit != generation)
    return {};
  auto name = now->name;
  parts_.erase(std::remove(parts_.begin(), parts_.end(), name), parts_.end());
  clean_ = false;
  effects out{
    say{severity::error, "the " + name + " actor has not stopped in time"},
    kill_part{name}};
  auto more = stop_next();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

} // namespace render::root
