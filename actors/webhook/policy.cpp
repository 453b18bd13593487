#include "actors/webhook/policy.hpp"

#include "messages/append.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>

namespace render::webhook_sender {

namespace {

double in_seconds(duration d) {
  return static_cast<double>(d.count()) / 1000;
}

/// Timers may fire this much early.
constexpr double time_grain_s = 0.0005;

/// 410 is a receiver's way to say: never again. A URL that is none stays so.
bool is_hopeless(const result<http_response>& got) {
  return got ? got->status == 410
             : got.error().kind == failure_kind::invalid_input;
}

std::string why_failed(const result<http_response>& got) {
  if (!got)
    return got.error().message;
  auto text = excerpt(got->body, 80);
  return "HTTP " + std::to_string(got->status)
         + (text.empty() ? "" : ": " + text);
}

} // namespace

duration retry_after(const http_response& x, double now_s) {
  auto at = x.headers.find("retry-after");
  if (at == x.headers.end() || (x.status != 429 && x.status != 503))
    return duration{0};
  auto& text = at->second;
  uint32_t seconds = 0;
  auto end = text.data() + text.size();
  if (auto got = std::from_chars(text.data(), end, seconds);
      got.ec == std::errc{} && got.ptr == end)
    return duration{static_cast<int64_t>(seconds) * 1000};
  std::tm date{};
  if (!strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date))
    return duration{0};
  auto wait_s = static_cast<double>(timegm(&date)) - now_s;
  return duration{static_cast<int64_t>(std::max(0.0, wait_s) * 1000)};
}

std::string host_of(std::string_view url) {
  auto begin = url.find("://");
  auto end = begin == std::string_view::npos
               ? url.size()
               : std::min(url.find_first_of("/?#", begin + 3), url.size());
  std::string out{url.substr(0, end)};
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

effects policy::start() {
  sweep_generation_ = ++last_generation_;
  return {take{{cfg_.sweep_limit, cfg_.lease}},
          arm_timer{timer::sweep, sweep_generation_,
                    cfg_.sweep_interval
                      + place_.turn(cfg_.sweep_turn, cfg_.sweep_turn_most)}};
}

effects policy::accept(webhook entry, double lease_end_s, double now_s) {
  // Told by the settling and found by the sweep: once is enough. The sweep has
  // leased it anew, though.
  if (auto at = entries_.find(entry.id); at != entries_.end()) {
    auto& x = at->second;
    x.lease_end_s = std::max(x.lease_end_s, lease_end_s);
    return {};
  }
  auto name = host_of(entry.url);
  if (entries_.size() >= cfg_.open_max)
    return {};
  if (hosts_.size() >= cfg_.open_max && !hosts_.contains(name))
    std::erase_if(hosts_, [](auto& item) {
      return item.second.open == 0;
    });
  auto& host = hosts_[name];
  if (host.open >= cfg_.per_host_open_max)
    return {};
  auto id = entry.id;
  open_entry x;
  x.entry = std::move(entry);
  x.host = name;
  x.lease_end_s = lease_end_s;
  entries_.emplace(id, std::move(x));
  ++host.open;
  host.ready.push_back(id);
  auto probe_s = host.breaker.next_probe_s();
  auto out = post_what_fits(name, now_s);
  if (probe_s > now_s + time_grain_s)
    append(out, arm_at(probe_s, now_s));
  return out;
}

effects policy::on_deliver(webhook entry, double now_s) {
  // The lease began with the settling, by this same clock.
  auto since_s = entry.created_ms > 0
                   ? static_cast<double>(entry.created_ms) / 1000
                   : now_s;
  return accept(std::move(entry), since_s + in_seconds(cfg_.lease), now_s);
}

effects policy::on_taken(const result<msg::webhooks_taken>& got, double asked_s,
                         double now_s) {
  if (!got)
    return {};
  place_ = got->place;
  effects out;
  for (auto& entry : got->entries)
    append(out, accept(entry, asked_s + in_seconds(cfg_.lease), now_s));
  // More may be due behind them, for hosts that are well.
  if (got->entries.size() >= cfg_.sweep_limit && entries_.size() < cfg_.open_max
      && flush_until_s_ == 0)
    out.push_back(take{{cfg_.sweep_limit, cfg_.lease}});
  return out;
}

void policy::on_recorded(const std::string& id, double lease_end_s) {
  if (auto at = entries_.find(id); at != entries_.end())
    at->second.lease_end_s = lease_end_s;
}

uint32_t policy::places(const host_state& host, double now_s) const {
  if (!host.breaker.holds())
    return cfg_.per_host_max;
  return now_s + time_grain_s >= host.breaker.next_probe_s() ? 1 : 0;
}

effects policy::post_what_fits(const std::string& name, double now_s) {
  auto at = hosts_.find(name);
  if (at == hosts_.end())
    return {};
  effects out;
  auto& host = at->second;
  auto most = places(host, now_s);
  while (!host.ready.empty() && host.in_flight < most) {
    auto& x = entries_.at(host.ready.front());
    host.ready.pop_front();
    // A process that was stopped for a while: others may deliver it by now.
    if (now_s + in_seconds(cfg_.timeout) > x.lease_end_s) {
      entries_.erase(x.entry.id);
      --host.open;
      continue;
    }
    x.in_flight = true;
    x.probe = host.breaker.holds();
    ++host.in_flight;
    out.push_back(post{x.entry});
  }
  if (host.open == 0 && host.breaker.untroubled())
    hosts_.erase(at);
  return out;
}

void policy::leave(const std::string& name) {
  --hosts_.at(name).open;
}

effects policy::on_answer(const std::string& id,
                          const result<http_response>& got, double now_s) {
  auto node = entries_.extract(id);
  if (node.empty())
    return {};
  auto x = std::move(node.mapped());
  auto name = x.host;
  auto& host = hosts_.at(name);
  --host.in_flight;
  ++x.entry.attempts;
  x.in_flight = false;
  auto ok = got && got->ok();
  if (ok)
    host.breaker.succeeded();
  else if (!is_hopeless(got))
    host.breaker.failed(cfg_.breaker, x.probe, now_s);
  auto freed = ok && x.probe;
  auto out = ok ? delivered(std::move(x)) : failed(std::move(x), got, now_s);
  append(out, post_what_fits(name, now_s));
  append(out, arm_due(now_s));
  // What did not fit while the host was only probed is in the outbox.
  if (freed && flush_until_s_ == 0)
    out.push_back(take{{cfg_.sweep_limit, cfg_.lease}});
  append(out, check_flushed());
  return out;
}

effects policy::delivered(open_entry x) {
  leave(x.host);
  auto text = "webhook of job " + x.entry.job_id + ": delivered";
  return {
    record{
      {std::move(x.entry), msg::delivery_state::delivered, duration{0}, {}}},
    say{severity::info, std::move(text)}};
}

effects policy::dead(open_entry x, std::string why) {
  leave(x.host);
  return {record{{std::move(x.entry), msg::delivery_state::dead, duration{0},
                  std::move(why)}}};
}

effects policy::failed(open_entry x, const result<http_response>& got,
                       double now_s) {
  // Another worker may be at it: its count of tries stands.
  if (now_s > x.lease_end_s) {
    leave(x.host);
    return {};
  }
  auto why = why_failed(got);
  auto tries = cfg_.tries.delays.size() + 1;
  auto text = "webhook of job " + x.entry.job_id + " to "
              + redacted_url(x.entry.url) + ": " + why + ", attempt "
              + std::to_string(x.entry.attempts) + " of "
              + std::to_string(tries);
  if (x.entry.attempts >= tries || is_hopeless(got)) {
    auto out = dead(std::move(x), std::move(why));
    out.push_back(say{severity::error, text + ", given up"});
    return out;
  }
  auto delay = delay_after(cfg_.tries, x.entry.attempts, random_);
  if (got)
    delay = std::max(delay,
                     std::min(retry_after(*got, now_s), cfg_.retry_after_max));
  auto kept = delay <= cfg_.kept_wait_max;
  // While we keep the timer of the next try, others shall find the entry due
  // only when we are dead.
  auto ours = kept ? delay + cfg_.timeout + cfg_.lease_margin : delay;
  effects out{
    record{{x.entry, msg::delivery_state::retry_later, ours, std::move(why)},
           kept ? now_s + in_seconds(ours) : 0},
    say{severity::warning,
        text + ", next in " + std::to_string(delay.count() / 1000) + " s"}};
  if (!kept) {
    leave(x.host);
    return out;
  }
  x.due_s = now_s + in_seconds(delay);
  // Whichever of the two Redis has, until it says.
  x.lease_end_s = std::min(x.lease_end_s, now_s + in_seconds(ours));
  auto id = x.entry.id;
  entries_.insert_or_assign(id, std::move(x));
  return out;
}

effects policy::arm_due(double now_s) {
  auto next = 0.0;
  auto consider = [&next](double due_s) {
    if (due_s > 0 && (next == 0 || due_s < next))
      next = due_s;
  };
  for (auto& [id, x] : entries_)
    consider(x.due_s);
  // A probe that is due already waits for the tries under way.
  for (auto& [name, host] : hosts_)
    if (!host.ready.empty()
        && host.breaker.next_probe_s() > now_s + time_grain_s)
      consider(host.breaker.next_probe_s());
  return arm_at(next, now_s);
}

effects policy::arm_at(double due_s, double now_s) {
  if (due_s == 0 || (due_armed_s_ > 0 && due_armed_s_ <= due_s))
    return {};
  due_armed_s_ = due_s;
  due_generation_ = ++last_generation_;
  return {arm_timer{timer::due, due_generation_,
                    duration{static_cast<int64_t>(
                      std::ceil(std::max(0.0, due_s - now_s) * 1000 - 1e-3))}}};
}

effects policy::on_due(double now_s) {
  due_armed_s_ = 0;
  for (auto& [id, x] : entries_)
    if (x.due_s > 0 && x.due_s <= now_s + time_grain_s) {
      x.due_s = 0;
      hosts_.at(x.host).ready.push_back(id);
    }
  std::vector<std::string> names;
  for (auto& [name, host] : hosts_)
    if (!host.ready.empty())
      names.push_back(name);
  effects out;
  for (auto& name : names)
    append(out, post_what_fits(name, now_s));
  append(out, arm_due(now_s));
  append(out, check_flushed());
  return out;
}

effects policy::sweep(double now_s) {
  forget_what_is_over(now_s);
  return start();
}

// What a breaker holds back for longer than its lease is for the sweep, which
// leases it anew.
void policy::forget_what_is_over(double now_s) {
  std::erase_if(entries_, [&](auto& item) {
    auto& x = item.second;
    auto over = !x.in_flight && now_s > x.lease_end_s;
    if (over) {
      auto& host = hosts_.at(x.host);
      std::erase(host.ready, x.entry.id);
      --host.open;
    }
    return over;
  });
  auto memory_s = in_seconds(cfg_.breaker_memory);
  std::erase_if(hosts_, [&](auto& item) {
    auto& host = item.second;
    return host.open == 0
           && (host.breaker.untroubled()
               || now_s - host.breaker.last_failure_s() > memory_s);
  });
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  switch (which) {
  case timer::due:
    return generation == due_generation_ ? on_due(now_s) : effects{};
  case timer::sweep:
    // The node stops: what others left is for others.
    return generation == sweep_generation_ && flush_until_s_ == 0 ? sweep(now_s)
                                                                  : effects{};
  case timer::flush:
    if (generation != flush_generation_ || flush_until_s_ == 0)
      return {};
    flush_until_s_ = 0;
    return {flushed{}};
  }
  return {};
}

effects policy::on_flush(duration patience, double now_s) {
  flush_until_s_ = now_s + in_seconds(patience);
  auto out = check_flushed();
  if (flush_until_s_ != 0) {
    flush_generation_ = ++last_generation_;
    out.push_back(arm_timer{timer::flush, flush_generation_, patience});
  }
  return out;
}

// What is due later than that stays in the outbox for the next worker.
effects policy::check_flushed() {
  if (flush_until_s_ == 0)
    return {};
  auto pressing
    = std::any_of(entries_.begin(), entries_.end(), [this](auto& item) {
        auto& x = item.second;
        auto due_s = x.in_flight
                       ? 0
                       : std::max(x.due_s,
                                  hosts_.at(x.host).breaker.next_probe_s());
        return due_s <= flush_until_s_;
      });
  if (pressing)
    return {};
  flush_until_s_ = 0;
  return {flushed{}};
}

} // namespace render::webhook_sender
