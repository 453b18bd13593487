#include "actors/webhook/policy.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>

namespace render::webhook_sender {

namespace {

void append(effects& to, effects xs) {
  std::move(xs.begin(), xs.end(), std::back_inserter(to));
}

double in_seconds(duration d) {
  return static_cast<double>(d.count()) / 1000;
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
          arm_timer{timer::sweep, sweep_generation_, cfg_.sweep_interval}};
}

effects policy::accept(webhook entry, double) {
  auto id = entry.id;
  auto host = host_of(entry.url);
  if (entries_.size() >= cfg_.open_max)
    return {};
  // Told by the settling and found by the sweep: once is enough.
  auto [at, fresh] = entries_.try_emplace(id);
  if (!fresh)
    return {};
  at->second.entry = std::move(entry);
  at->second.host = host;
  ready_[host].push_back(id);
  return post_what_fits(host);
}

effects policy::on_deliver(webhook entry, double now_s) {
  return accept(std::move(entry), now_s);
}

effects policy::on_taken(const result<msg::webhooks_taken>& got, double now_s) {
  if (!got)
    return {};
  effects out;
  for (auto& entry : got->entries)
    append(out, accept(entry, now_s));
  return out;
}

effects policy::post_what_fits(const std::string& host) {
  effects out;
  auto& waiting = ready_[host];
  auto& busy = in_flight_by_host_[host];
  while (!waiting.empty() && busy < cfg_.per_host_max) {
    auto& x = entries_.at(waiting.front());
    waiting.pop_front();
    x.in_flight = true;
    ++busy;
    out.push_back(post{x.entry});
  }
  if (waiting.empty())
    ready_.erase(host);
  if (busy == 0)
    in_flight_by_host_.erase(host);
  return out;
}

effects policy::on_answer(const std::string& id,
                          const result<http_response>& got, double now_s) {
  auto node = entries_.extract(id);
  if (node.empty())
    return {};
  auto x = std::move(node.mapped());
  auto host = x.host;
  --in_flight_by_host_[host];
  x.in_flight = false;
  ++x.entry.attempts;
  auto out = got && got->ok() ? delivered(std::move(x))
                              : failed(std::move(x), got, now_s);
  append(out, post_what_fits(host));
  append(out, check_flushed(now_s));
  return out;
}

effects policy::delivered(open_entry x) {
  auto text = "webhook of job " + x.entry.job_id + ": delivered";
  return {
    record{
      {std::move(x.entry), msg::delivery_state::delivered, duration{0}, {}}},
    say{severity::info, std::move(text)}};
}

effects policy::failed(open_entry x, const result<http_response>& got,
                       double now_s) {
  auto why = why_failed(got);
  auto tries = cfg_.delays.size() + 1;
  auto text = "webhook of job " + x.entry.job_id + " to "
              + redacted_url(x.entry.url) + ": " + why + ", attempt "
              + std::to_string(x.entry.attempts) + " of "
              + std::to_string(tries);
  // 410 is a receiver's way to say: never again. A URL that is none stays so.
  auto hopeless = got ? got->status == 410
                      : got.error().kind == failure_kind::invalid_input;
  if (x.entry.attempts >= tries || hopeless)
    return {record{{std::move(x.entry), msg::delivery_state::dead, duration{0},
                    std::move(why)}},
            say{severity::error, text + ", given up"}};
  auto delay = cfg_.delays[x.entry.attempts - 1];
  if (got)
    delay = std::min(std::max(delay, retry_after(*got, now_s)),
                     cfg_.retry_after_max);
  effects out{
    record{{x.entry, msg::delivery_state::retry_later,
            delay + cfg_.timeout + cfg_.lease_margin, why}},
    say{severity::warning,
        text + ", next in " + std::to_string(delay.count() / 1000) + " s"}};
  x.due_s = now_s + in_seconds(delay);
  auto id = x.entry.id;
  entries_.insert_or_assign(id, std::move(x));
  append(out, arm_due(now_s));
  return out;
}

effects policy::arm_due(double now_s) {
  auto next = 0.0;
  for (auto& [id, x] : entries_)
    if (x.due_s > 0 && (next == 0 || x.due_s < next))
      next = x.due_s;
  if (next == 0 || (due_armed_s_ > 0 && due_armed_s_ <= next))
    return {};
  due_armed_s_ = next;
  due_generation_ = ++last_generation_;
  return {arm_timer{timer::due, due_generation_,
                    duration{static_cast<int64_t>(
                      std::ceil(std::max(0.0, next - now_s) * 1000 - 1e-3))}}};
}

effects policy::on_timer(timer which, uint64_t generation, double now_s) {
  effects out;
  switch (which) {
  case timer::due: {
    if (generation != due_generation_)
      return {};
    due_armed_s_ = 0;
    for (auto& [id, x] : entries_)
      if (x.due_s > 0 && x.due_s <= now_s + 0.0005) {
        x.due_s = 0;
        ready_[x.host].push_back(id);
      }
    std::vector<std::string> hosts;
    for (auto& [host, ids] : ready_)
      hosts.push_back(host);
    for (auto& host : hosts)
      append(out, post_what_fits(host));
    append(out, arm_due(now_s));
    return out;
  }
  case timer::sweep:
    // The node stops: what others left is for others.
    return generation == sweep_generation_ && flush_until_s_ == 0 ? start()
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
  auto out = check_flushed(now_s);
  if (flush_until_s_ != 0) {
    flush_generation_ = ++last_generation_;
    out.push_back(arm_timer{timer::flush, flush_generation_, patience});
  }
  return out;
}

// What is due later than that stays in the outbox for the next worker.
effects policy::check_flushed(double) {
  if (flush_until_s_ == 0)
    return {};
  auto pressing = std::any_of(entries_.begin(), entries_.end(),
                              [this](auto& entry) {
                                return entry.second.due_s <= flush_until_s_;
                              });
  if (pressing)
    return {};
  flush_until_s_ = 0;
  return {flushed{}};
}

} // namespace render::webhook_sender
