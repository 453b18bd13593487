// The launch: tries, delays, and what to do when an answer was lost.
#include "actors/gpu_instance/policy.hpp"
#include "messages/http.hpp"
#include "messages/text/append.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::gpu_instance {

namespace {

// A list may lag, so one look that finds nothing proves nothing.
constexpr uint32_t looks_before_next_launch = 2;

std::string seconds_text(duration d) {
  return std::to_string(std::lround(static_cast<double>(d.count()) / 1000))
         + " s";
}

} // namespace

duration policy::launch_delay() const {
  // 0: one that was taken over, which was launched by somebody else.
  return launch_attempt_ > 0 && launch_attempt_ <= cfg_.launch_delays.size()
           ? cfg_.launch_delays[launch_attempt_ - 1]
           : duration{5'000};
}

int64_t policy::end_of(double launched_s) const {
  auto lifetime_s = static_cast<double>(cfg_.max_lifetime.count()) / 1000;
  return static_cast<int64_t>(std::floor(launched_s + lifetime_s));
}

effects policy::begin_attempt() {
  ++launch_attempt_;
  launch_step_ = launch_step::listing;
  return {list_workloads{list_purpose::before_launch}};
}

// The intent is in the ledger before the provider is asked: whatever happens
// to us from here on, somebody will look for the GPU.
effects policy::begin_recording(const result<std::vector<gpu_workload>>& got,
                                const moment& now) {
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now.steady_s);
  launch_step_ = launch_step::recording;
  launch_sent_s_ = now.unix_s;
  launch_sent_at_s_ = now.steady_s;
  expires_sent_s_ = end_of(now.unix_s);
  known_before_.clear();
  if (got)
    known_before_ = lookalikes(entry(), *got);
  recorded_ = true;
  return {write_ledger{entry()}};
}

effects policy::on_ledger_written(const std::string& workload,
                                  const result<void>& got, double now_s) {
  if (phase_ == gpu_phase::gone)
    return {};
  if (!got && got.error().kind == failure_kind::rejected)
    return !workload.empty() && workload == gpu_.workload ? look_further()
                                                          : effects{};
  if (std::exchange(refusal_open_, false))
    return !got && got.error().kind == failure_kind::not_owner ? disown()
                                                               : effects{};
  if (phase_ != gpu_phase::launching) {
    if (!got && got.error().kind == failure_kind::not_owner)
      return disown();
    // An outage must not keep an idle GPU running.
    return stop_held_ ? send_stop() : effects{};
  }
  if (launch_step_ != launch_step::recording)
    return {};
  if (!got)
    return launch_failed(
      {failure_kind::unavailable,
       "launch " + cfg_.workload_type
         + ": the intent cannot be recorded: " + got.error().message},
      now_s);
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now_s);
  launch_step_ = launch_step::calling;
  return {launch{expires_sent_s_}};
}

effects policy::begin_adopted(const moment& now) {
  auto& x = *cfg_.adopted;
  auto now_s = now.steady_s;
  // Whoever wrote the dates may have had another clock.
  auto by_our_clock = [&](double date_s) {
    return std::min(now_s, now.steady_at(date_s));
  };
  recorded_ = true;
  launch_sent_s_ = x.intent_s;
  launch_sent_at_s_ = by_our_clock(x.intent_s);
  expires_sent_s_ = x.expires_s;
  // The provider has ended it by itself, whatever it was.
  if (x.workload.empty()
      && now.unix_s > static_cast<double>(x.expires_s) + clock_skew_s)
    return begin_stop("its lifetime has ended", now_s);
  if (x.workload.empty()) {
    known_before_ = x.known_before;
    held_.insert(cfg_.known_workloads.begin(), cfg_.known_workloads.end());
    launch_attempt_ = static_cast<uint32_t>(cfg_.launch_delays.size()) + 1;
    launch_step_ = launch_step::looking_up;
    unsure_ = true;
    launch_error_ = {failure_kind::unavailable,
                     "the launch of a dead worker made no GPU"};
    return {
      say{severity::info, "looking for the GPU of a dead worker's launch"},
      list_workloads{list_purpose::lookup}};
  }
  gpu_.workload = x.workload;
  // Whoever may write to Redis may name any node there, and every request to
  // one bears the API key: only the provider says where its workloads run.
  gpu_.node.clear();
  gpu_.type = x.type;
  launched_s_ = x.launched_s > 0 ? x.launched_s : x.intent_s;
  launched_at_s_ = by_our_clock(launched_s_);
  known_before_ = x.known_before;
  is_known_ = cfg_.vouched;
  if (cfg_.vouched) {
    // The SUPERVISOR knows no more than when it was launched.
    launch_sent_s_ = launched_s_;
    launch_sent_at_s_ = launched_at_s_;
    expires_sent_s_ = end_of(launched_s_);
  }
  if (x.state == gpu_entry_state::stopping)
    return begin_stop("its worker died while stopping it", now_s);
  effects out{say{severity::info, "taken over from a dead worker, workload "
                                    + excerpt(gpu_.workload, 300)}};
  append(out, begin_boot(now_s));
  return out;
}

effects policy::on_launched(const result<gpu_workload>& got, double now_s) {
  if (phase_ != gpu_phase::launching || launch_step_ != launch_step::calling)
    return {};
  if (got)
    return adopt(*got, now_s);
  if (got.error().kind == failure_kind::outcome_unknown)
    return look_up_later(got.error());
  return launch_failed(got.error(), now_s);
}

effects policy::launch_failed(const failure& why, double now_s) {
  const auto tries = cfg_.launch_delays.size() + 1;
  auto text = why.message + ", attempt " + std::to_string(launch_attempt_)
              + " of " + std::to_string(tries);
  if (why.kind != failure_kind::outcome_unknown)
    unsure_ = false;
  auto final = why.kind == failure_kind::rejected
               || why.kind == failure_kind::invalid_input
               || launch_attempt_ >= tries;
  failed_ = true;
  if (stop_wanted_ || final) {
    effects out{say{severity::error, text + ", given up"}};
    append(out, begin_stop(stop_wanted_.value_or(text), now_s));
    return out;
  }
  launch_step_ = launch_step::retrying;
  auto delay = launch_delay();
  auto out = arm(timer::launch_retry, delay);
  // Nothing runs under this intent: it must not stand in the way of others who
  // look for what their launches have made.
  if (recorded_ && !unsure_ && expires_sent_s_ > 0) {
    expires_sent_s_ = 0;
    refusal_open_ = true;
    out.push_back(write_ledger{entry()});
  }
  out.push_back(
    say{severity::warning, text + ", next in " + seconds_text(delay)});
  return out;
}

effects policy::look_up_later(const failure& why) {
  launch_step_ = launch_step::looking_up;
  unsure_ = true;
  launch_error_ = why;
  lookups_ = 0;
  lookups_failed_ = 0;
  auto out = arm(timer::launch_retry,
                 launch_delay() / looks_before_next_launch);
  out.push_back(say{severity::warning,
                    why.message
                      + "; the GPU may exist, looking it up before launching "
                        "again"});
  return out;
}

// Only with the ledger's word on the other launches: they may have lost their
// answers in the same second.
effects policy::looked_up(const result<std::vector<gpu_workload>>& got,
                          double now_s) {
  if (launch_step_ != launch_step::looking_up)
    return {};
  if (!got)
    return lookup_failed({got.error().kind, "the workload list cannot be read ("
                                              + got.error().message + ")"},
                         now_s);
  listed_ = *got;
  return {view_ledger{}};
}

effects policy::on_ledger_viewed(const result<msg::gpus_seen>& got,
                                 double now_s) {
  if (phase_ != gpu_phase::launching || launch_step_ != launch_step::looking_up)
    return {};
  if (!got)
    return lookup_failed({got.error().kind, "the ledger cannot be read ("
                                              + got.error().message + ")"},
                         now_s);
  auto mine = entry();
  for (auto& x : got->entries) {
    if (!x.workload.empty())
      held_.insert(x.workload);
    // As everybody else reads it: our clock may be ahead.
    if (x.id == mine.id)
      mine.intent_s = std::min(mine.intent_s, x.intent_s);
  }
  held_.insert(got->ended_workloads.begin(), got->ended_workloads.end());
  auto found = find_workload(mine, std::exchange(listed_, {}), got->entries,
                             held_);
  if (!found.mine)
    return not_found(found, now_s);
  effects out{
    say{severity::info, "the launch of unknown outcome had worked: workload "
                          + excerpt(found.mine->workload, 300)}};
  append(out, adopt(std::move(*found.mine), now_s));
  return out;
}

effects policy::lookup_failed(const failure& why, double now_s) {
  if (++lookups_failed_ < cfg_.lookups_max)
    return arm(timer::launch_retry, launch_delay());
  failed_ = true;
  effects out{say{severity::error,
                  launch_error_.message + "; " + why.message
                    + ": a GPU may be running that nobody uses, please look "
                      "at the provider"}};
  append(out, begin_stop(launch_error_.message, now_s));
  return out;
}

effects policy::in_doubt(const finding& what, double now_s) {
  failed_ = true;
  effects out{
    say{severity::error,
        std::to_string(what.candidates) + " workloads could be those of "
          + std::to_string(what.launches)
          + " launches whose answers were lost; none is touched, please look "
            "at the provider"}};
  append(out, begin_stop("ambiguous launch", now_s));
  return out;
}

effects policy::not_found(const finding& what, double now_s) {
  ++lookups_;
  if (cfg_.adopted && lookups_ < cfg_.adopted_lookups)
    return arm(timer::launch_retry, cfg_.adopted_lookup_interval);
  if (lookups_ < looks_before_next_launch)
    return arm(timer::launch_retry, launch_delay() / looks_before_next_launch);
  // A list that lags may have shown what is stopped by now, so not before.
  if (what.ambiguous)
    return in_doubt(what, now_s);
  // Looked for long enough: there is none. Whoever left it wanted it; we do
  // not launch another one in its name.
  if (cfg_.adopted) {
    unsure_ = false;
    launch_attempt_ = static_cast<uint32_t>(cfg_.launch_delays.size()) + 1;
  }
  if (stop_wanted_ || launch_attempt_ > cfg_.launch_delays.size())
    return launch_failed(launch_error_, now_s);
  // Or the list lags by more than we can wait: somebody looks once more when
  // the entry's lease has run out.
  effects out{leave_ledger{entry_id()}};
  ++entries_left_;
  recorded_ = false;
  unsure_ = false;
  append(out, begin_attempt());
  // Whoever hears of our death has to know which entry to leave.
  out.push_back(update());
  return out;
}

// Another launch that looked for its own was quicker to write our workload
// down. Then the one it had made is there for us.
effects policy::look_further() {
  if (phase_ == gpu_phase::launching
      || (phase_ == gpu_phase::stopping && !stop_held_))
    return {};
  auto taken = gpu_.workload;
  held_.insert(taken);
  effects out;
  if (!running_.empty())
    out.push_back(stop_renderers{
      {failure_kind::unavailable, "the GPU is another launch's"}});
  if (phase_ == gpu_phase::stopping || phase_ == gpu_phase::draining)
    stop_wanted_ = reason_;
  for (auto& x : generations_)
    ++x;
  gpu_ = {};
  ready_.clear();
  given_up_.clear();
  probing_.clear();
  node_up_s_ = 0;
  unlisted_ = 0;
  probes_failed_ = 0;
  stop_held_ = false;
  launched_s_ = launched_at_s_ = 0;
  phase_ = gpu_phase::launching;
  append(out, look_up_later({failure_kind::outcome_unknown,
                             "workload " + excerpt(taken, 300)
                               + " is in another launch's ledger entry"}));
  out.push_back(update());
  return out;
}

effects policy::adopt(gpu_workload gpu, double now_s) {
  gpu_ = std::move(gpu);
  launched_s_ = launch_sent_s_;
  launched_at_s_ = launch_sent_at_s_;
  failed_ = false;
  unsure_ = false;
  is_known_ = true;
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now_s);
  effects out{
    say{severity::info, "launched as workload " + excerpt(gpu_.workload, 300)}};
  append(out, begin_boot(now_s));
  return out;
}

} // namespace render::gpu_instance
