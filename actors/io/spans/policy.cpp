#include "actors/io/spans/policy.hpp"

#include "messages/text/append.hpp"

#include <algorithm>
#include <utility>

namespace render::span_export {

namespace {

say tally(const char* outcome, uint64_t count) {
  event about{"trace_spans"};
  about.outcome = outcome;
  about.count = count;
  return {severity::info, {}, std::move(about)};
}

} // namespace

effects policy::on_spans(std::vector<span> more) {
  effects out;
  auto room = cfg_.queue_max
              - std::min(cfg_.queue_max, queue_.size() + batch_.size());
  auto taken = std::min(room, more.size());
  auto lost = more.size() - taken;
  std::move(more.begin(), more.begin() + static_cast<long>(taken),
            std::back_inserter(queue_));
  if (lost > 0) {
    out.push_back(tally(dropped, lost));
    if (!std::exchange(in_trouble_, true))
      out.push_back(say{severity::warning,
                        "traces: the collector is too slow, spans are "
                        "dropped"});
  }
  if (batch_.empty())
    append(out, go_on());
  return out;
}

effects policy::go_on() {
  if (queue_.size() >= cfg_.batch_max || (stopping_ && !queue_.empty()))
    return send();
  if (stopping_)
    return end();
  if (queue_.empty() || batch_generation_ != 0)
    return {};
  batch_generation_ = ++last_generation_;
  return {arm_timer{timer::batch, batch_generation_, cfg_.interval}};
}

effects policy::send() {
  auto count = std::min(queue_.size(), cfg_.batch_max);
  auto end = queue_.begin() + static_cast<long>(count);
  batch_.assign(std::make_move_iterator(queue_.begin()),
                std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  batch_generation_ = 0;
  tries_ = 1;
  return {post{batch_}};
}

effects policy::on_answer(const result<http_response>& got, double unix_s) {
  if (batch_.empty() || waits_for_retry_)
    return {};
  auto what = otlp::judge(got, unix_s);
  switch (what.what) {
  case otlp::verdict::kind::again:
    return again(what);
  case otlp::verdict::kind::refused:
    return give_up(rejected, what.why);
  case otlp::verdict::kind::taken:
    break;
  }
  auto bad = std::min<uint64_t>(what.rejected, batch_.size());
  auto good = batch_.size() - bad;
  batch_.clear();
  effects out;
  if (good > 0)
    out.push_back(tally(exported, good));
  if (bad > 0)
    out.push_back(tally(rejected, bad));
  // With less than that to do: a queue that is full soon drops spans again.
  if (in_trouble_ && queue_.size() < cfg_.batch_max) {
    in_trouble_ = false;
    out.push_back(say{severity::info, "traces: spans are exported again"});
  }
  append(out, go_on());
  return out;
}

effects policy::again(const otlp::verdict& what) {
  // There is no time for another one at the end.
  if (stopping_ || tries_ >= cfg_.tries_max)
    return give_up(failed, what.why);
  auto delay = std::min(cfg_.retry_max,
                        cfg_.retry_min * (1 << std::min(tries_ - 1, 16u)));
  delay += duration{static_cast<int64_t>(
    random_() % (static_cast<uint64_t>(delay.count()) / 2 + 1))};
  delay = std::max(delay, std::min(what.retry_after, cfg_.retry_max));
  waits_for_retry_ = true;
  retry_generation_ = ++last_generation_;
  return {arm_timer{timer::retry, retry_generation_, delay}};
}

effects policy::give_up(const char* outcome, const std::string& why) {
  effects out{tally(outcome, batch_.size())};
  if (!std::exchange(in_trouble_, true))
    out.push_back(say{severity::warning,
                      "traces: spans are lost, the collector does not take "
                      "them: "
                        + why});
  batch_.clear();
  append(out, go_on());
  return out;
}

effects policy::on_timer(timer which, uint64_t generation) {
  switch (which) {
  case timer::batch:
    if (generation != batch_generation_)
      return {};
    batch_generation_ = 0;
    return batch_.empty() && !queue_.empty() ? send() : effects{};
  case timer::retry:
    if (generation != retry_generation_ || !waits_for_retry_)
      return {};
    waits_for_retry_ = false;
    ++tries_;
    return {post{batch_}};
  case timer::flush:
    return generation == flush_generation_ ? end() : effects{};
  }
  return {};
}

effects policy::on_stop() {
  if (std::exchange(stopping_, true))
    return {};
  effects out;
  // There is no time to wait.
  if (std::exchange(waits_for_retry_, false)) {
    ++tries_;
    out.push_back(post{batch_});
  } else if (batch_.empty()) {
    out = go_on();
  }
  if (!batch_.empty())
    append(out, arm_flush());
  return out;
}

effects policy::arm_flush() {
  flush_generation_ = ++last_generation_;
  return {arm_timer{timer::flush, flush_generation_, cfg_.flush}};
}

effects policy::end() {
  effects out;
  flush_generation_ = 0;
  if (auto lost = queue_.size() + batch_.size(); lost > 0) {
    out.push_back(tally(dropped, lost));
    out.push_back(
      say{severity::warning, "traces: " + std::to_string(lost)
                               + " spans were not exported before the end"});
  }
  queue_.clear();
  batch_.clear();
  out.push_back(done{});
  return out;
}

} // namespace render::span_export
