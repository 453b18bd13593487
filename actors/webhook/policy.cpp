#include "actors/webhook/policy.hpp"

#include "messages/text/append.hpp"

#include <algorithm>
#include <cmath>

namespace render::webhook_sender {

namespace {

double in_seconds(duration d) {
  return static_cast<double>(d.count()) / 1000;
}

/// Timers may fire this much early.
constexpr double time_grain_s = 0.0005;

/// A text that is no URL now is none later: the entry is given up at once.
bool is_hopeless(const result<http_response>& got) {
  return !got && got.error().kind == failure_kind::invalid_input;
}

std::string why_failed(const result<http_response>& got, std::string_view url) {
  if (!got) {
    std::string_view text = got.error().message;
    // The line begins with the address already.
    if (text.starts_with("POST "))
      if (auto end = text.find(": "); end != std::string_view::npos)
        text.remove_prefix(end + 2);
    return without_paths(text, url);
  }
  auto text = excerpt(without_paths(got->body.substr(0, 4096), url), 80);
  return "HTTP " + std::to_string(got->status)
         + (text.empty() ? "" : ": " + text);
}

event about_try(std::string_view name, const webhook& x,
                std::string_view outcome) {
  event out{name};
  out.job = x.job_id;
  out.attempt = x.attempts;
  out.outcome = outcome;
  out.trace = x.trace;
  return out;
}

/// "http_503", or the kind of a failure without an answer.
std::string kind_of(const result<http_response>& got) {
  return got ? "http_" + std::to_string(got->status)
             : std::string{to_string(got.error().kind)};
}

} // namespace

effects policy::look() {
  return {take{{cfg_.sweep_limit, cfg_.lease}}};
}

effects policy::start() {
  sweep_generation_ = ++last_generation_;
  wasted_takes_ = 0;
  auto out = look();
  out.push_back(arm_timer{
    timer::sweep, sweep_generation_,
    cfg_.sweep_interval + place_.turn(cfg_.sweep_turn, cfg_.sweep_turn_most)});
  return out;
}

policy::url_state& policy::url_of(const open_entry& x) {
  return hosts_.at(x.host).urls.at(x.entry.url);
}

bool policy::accept(webhook entry, double lease_end_s) {
  // Told by the settling and found by the sweep: once is enough. The sweep has
  // leased it anew, though.
  if (auto at = entries_.find(entry.id); at != entries_.end()) {
    auto& x = at->second;
    x.lease_end_s = std::max(x.lease_end_s, lease_end_s);
    return true;
  }
  auto name = host_of(entry.url);
  if (auto host = hosts_.find(name); host != hosts_.end())
    if (auto url = host->second.urls.find(entry.url);
        url != host->second.urls.end()
        && url->second.open >= cfg_.per_url_open_max)
      return false;
  if (entries_.size() >= cfg_.open_max && !make_room(entry.url))
    return false;
  auto id = entry.id;
  open_entry x;
  x.entry = std::move(entry);
  x.host = std::move(name);
  x.lease_end_s = lease_end_s;
  auto& held = entries_.emplace(id, std::move(x)).first->second;
  auto& url = hosts_[held.host].urls[held.entry.url];
  ++url.open;
  url.ready.push_back(id);
  take_turns(held);
  return true;
}

// The URL with the most waiting entries gives up its last one, which stays in
// the outbox. False when the asking URL has as many itself.
bool policy::make_room(const std::string& for_url) {
  url_state* most = nullptr;
  size_t own = 0;
  for (auto& [host_name, host] : hosts_)
    for (auto& [name, url] : host.urls) {
      if (name == for_url)
        own = url.open;
      if (!most || url.ready.size() > most->ready.size())
        most = &url;
    }
  if (!most || most->ready.size() <= own + 1)
    return false;
  auto id = most->ready.back();
  most->ready.pop_back();
  --most->open;
  entries_.erase(id);
  return true;
}

/// The entry's URL and host get in line where their limits allow it.
void policy::take_turns(const open_entry& x) {
  auto& host = hosts_.at(x.host);
  auto& url = host.urls.at(x.entry.url);
  if (!url.in_turn && !url.ready.empty() && url.in_flight < cfg_.per_url_max) {
    url.in_turn = true;
    host.turns.push_back(x.entry.url);
  }
  if (!host.in_turn && !host.turns.empty()
      && host.in_flight < cfg_.per_host_max) {
    host.in_turn = true;
    turns_.push_back(x.host);
  }
}

void policy::leave(const open_entry& x) {
  --url_of(x).open;
  tidy(x.host, x.entry.url);
}

void policy::tidy(const std::string& host_name, const std::string& url_name) {
  auto host = hosts_.find(host_name);
  if (host == hosts_.end())
    return;
  auto& urls = host->second.urls;
  if (auto url = urls.find(url_name);
      url != urls.end() && url->second.open == 0 && !url->second.in_turn)
    urls.erase(url);
  if (urls.empty() && !host->second.in_turn)
    hosts_.erase(host);
}

effects policy::on_deliver(webhook entry, const moment& now) {
  // The lease began when the job's end was written, some moments ago.
  auto since_s = now.steady_s;
  if (entry.created_ms > 0)
    since_s = std::min(
      since_s, now.steady_at(static_cast<double>(entry.created_ms) / 1000));
  accept(std::move(entry), since_s + in_seconds(cfg_.lease));
  return post_what_fits(now.steady_s);
}

effects policy::on_taken(const result<msg::webhooks_taken>& got, double asked_s,
                         double now_s) {
  auto out = looked(got ? nullptr : &got.error());
  if (!got)
    return out;
  place_ = got->place;
  size_t held = 0;
  for (auto& entry : got->entries)
    held += accept(entry, asked_s + in_seconds(cfg_.lease)) ? 1 : 0;
  append(out, post_what_fits(now_s));
  if (got->entries.size() < cfg_.sweep_limit || flush_until_s_ != 0)
    return out;
  // More entries may be due behind these. Each look renews the leases of
  // entries that this worker then leaves, so the number of looks is limited.
  if (held < (got->entries.size() + 1) / 2
      && ++wasted_takes_ >= cfg_.wasted_takes_max)
    return out;
  append(out, look());
  return out;
}

/// Says once that the outbox cannot be read, and once that it can again.
effects policy::looked(const failure* trouble) {
  auto now = trouble ? trouble->message : std::string{};
  if (now == trouble_)
    return {};
  trouble_ = now;
  if (!trouble)
    return {say{severity::info, "webhooks: what is due is found again"}};
  return {say{severity::warning, "webhooks: what is due cannot be looked for: "
                                   + now + "; tried again with each sweep"}};
}

void policy::on_recorded(const std::string& id, double lease_end_s) {
  if (auto at = entries_.find(id); at != entries_.end())
    at->second.lease_end_s = lease_end_s;
}

/// What to post next to this URL; nothing when every lease has run out.
std::optional<webhook> policy::next_of(url_state& url, double now_s) {
  while (!url.ready.empty()) {
    auto& x = entries_.at(url.ready.front());
    url.ready.pop_front();
    // The process was stopped for a while: another worker may deliver this
    // entry by now.
    if (now_s + in_seconds(cfg_.timeout) > x.lease_end_s) {
      --url.open;
      entries_.erase(x.entry.id);
      continue;
    }
    x.in_flight = true;
    return x.entry;
  }
  return std::nullopt;
}

effects policy::post_what_fits(double now_s) {
  effects out;
  while (in_flight_ < cfg_.all_max && !turns_.empty()) {
    auto host_name = std::move(turns_.front());
    turns_.pop_front();
    auto& host = hosts_.at(host_name);
    host.in_turn = false;
    auto url_name = std::move(host.turns.front());
    host.turns.pop_front();
    auto& url = host.urls.at(url_name);
    url.in_turn = false;
    if (auto next = next_of(url, now_s)) {
      ++url.in_flight;
      ++host.in_flight;
      ++in_flight_;
      take_turns(entries_.at(next->id));
      out.push_back(post{std::move(*next)});
      continue;
    }
    if (!host.turns.empty()) {
      host.in_turn = true;
      turns_.push_back(host_name);
    }
    tidy(host_name, url_name);
  }
  return out;
}

effects policy::on_answer(const std::string& id,
                          const result<http_response>& got, const moment& now) {
  auto now_s = now.steady_s;
  auto node = entries_.extract(id);
  if (node.empty())
    return {};
  auto x = std::move(node.mapped());
  --in_flight_;
  --hosts_.at(x.host).in_flight;
  --url_of(x).in_flight;
  ++x.entry.attempts;
  x.in_flight = false;
  take_turns(x);
  auto out = got && got->ok() ? delivered(std::move(x), got->status, now)
                              : failed(std::move(x), got, now);
  append(out, post_what_fits(now_s));
  append(out, arm_due(now_s));
  append(out, check_flushed());
  return out;
}

effects policy::delivered(open_entry x, int status, const moment& now) {
  leave(x);
  auto about = about_try("webhook_delivered", x.entry, "delivered");
  about.seconds = std::max(
    0.0, now.unix_s - static_cast<double>(x.entry.created_ms) / 1000);
  auto text = "webhook of job " + x.entry.job_id + ": delivered, HTTP "
              + std::to_string(status) + ", attempt "
              + std::to_string(x.entry.attempts);
  return {
    record{
      {std::move(x.entry), msg::delivery_state::delivered, duration{0}, {}}},
    say{severity::info, std::move(text), std::move(about)}};
}

effects policy::dead(open_entry x, std::string why) {
  leave(x);
  return {record{{std::move(x.entry), msg::delivery_state::dead, duration{0},
                  std::move(why)}}};
}

effects policy::failed(open_entry x, const result<http_response>& got,
                       const moment& now) {
  auto now_s = now.steady_s;
  // Another worker may be delivering the entry: that worker's count stands.
  if (now_s > x.lease_end_s) {
    leave(x);
    return {};
  }
  auto why = why_failed(got, x.entry.url);
  auto tries = cfg_.tries.delays.size() + 1;
  auto text = "webhook of job " + x.entry.job_id + " to "
              + shown_url(x.entry.url) + ": " + why + ", attempt "
              + std::to_string(x.entry.attempts) + " of "
              + std::to_string(tries);
  if (x.entry.attempts >= tries || is_hopeless(got)) {
    auto about = about_try("webhook_dead", x.entry, "dead");
    about.error_kind = kind_of(got);
    auto out = dead(std::move(x), std::move(why));
    out.push_back(say{severity::error, text + ", given up", std::move(about)});
    return out;
  }
  auto delay = delay_after(cfg_.tries, x.entry.attempts, random_);
  if (got)
    delay = std::max(
      delay, std::min(retry_after(*got, now.unix_s), cfg_.retry_after_max));
  auto kept = delay <= cfg_.kept_wait_max;
  // This worker has the timer of the next try. Others find the entry due only
  // when this worker is dead.
  auto ours = kept ? delay + cfg_.timeout + cfg_.lease_margin : delay;
  auto about = about_try("webhook_failed", x.entry, "failed");
  about.error_kind = kind_of(got);
  effects out{
    record{{x.entry, msg::delivery_state::retry_later, ours, std::move(why)},
           kept ? now_s + in_seconds(ours) : 0},
    say{severity::warning,
        text + ", next in " + std::to_string(delay.count() / 1000) + " s",
        std::move(about)}};
  if (!kept) {
    leave(x);
    return out;
  }
  x.due_s = now_s + in_seconds(delay);
  // Redis has one of the two leases; which one is known when it answers.
  x.lease_end_s = std::min(x.lease_end_s, now_s + in_seconds(ours));
  auto id = x.entry.id;
  due_.emplace(x.due_s, id);
  entries_.insert_or_assign(id, std::move(x));
  return out;
}

effects policy::arm_due(double now_s) {
  if (due_.empty())
    return {};
  auto due_s = due_.begin()->first;
  if (due_armed_s_ > 0 && due_armed_s_ <= due_s)
    return {};
  due_armed_s_ = due_s;
  due_generation_ = ++last_generation_;
  return {arm_timer{timer::due, due_generation_,
                    duration{static_cast<int64_t>(
                      std::ceil(std::max(0.0, due_s - now_s) * 1000 - 1e-3))}}};
}

effects policy::on_due(double now_s) {
  due_armed_s_ = 0;
  std::vector<std::string> ids;
  while (!due_.empty() && due_.begin()->first <= now_s + time_grain_s) {
    ids.push_back(due_.begin()->second);
    due_.erase(due_.begin());
  }
  // A next try goes before first tries to the same URL, which came later: a
  // backlog must not delay the tries of one entry.
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto& x = entries_.at(*id);
    x.due_s = 0;
    url_of(x).ready.push_front(*id);
  }
  for (auto& id : ids)
    take_turns(entries_.at(id));
  auto out = post_what_fits(now_s);
  append(out, arm_due(now_s));
  append(out, check_flushed());
  return out;
}

effects policy::sweep(double now_s) {
  forget_what_is_over(now_s);
  return start();
}

// An entry that has waited for longer than its lease is left to the sweep,
// which leases it again.
void policy::forget_what_is_over(double now_s) {
  std::set<std::pair<std::string, std::string>> touched;
  std::erase_if(entries_, [&](auto& item) {
    auto& x = item.second;
    if (x.in_flight || now_s <= x.lease_end_s)
      return false;
    due_.erase({x.due_s, item.first});
    --url_of(x).open;
    touched.emplace(x.host, x.entry.url);
    return true;
  });
  for (auto& [host, url] : touched) {
    std::erase_if(hosts_.at(host).urls.at(url).ready, [this](auto& id) {
      return !entries_.contains(id);
    });
    tidy(host, url);
  }
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  switch (which) {
  case timer::due:
    return generation == due_generation_ ? on_due(now_s) : effects{};
  case timer::sweep:
    // This worker stops, so it takes on nothing new.
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

// An entry that is due later stays in the outbox for the next worker.
effects policy::check_flushed() {
  if (flush_until_s_ == 0)
    return {};
  auto pressing = entries_.size() > due_.size()
                  || (!due_.empty() && due_.begin()->first <= flush_until_s_);
  if (pressing)
    return {};
  flush_until_s_ = 0;
  return {flushed{}};
}

} // namespace render::webhook_sender
