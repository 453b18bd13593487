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

constexpr auto taken_over = "another worker has taken it over";

std::string seconds_text(duration d) {
  return std::to_string(std::lround(static_cast<double>(d.count()) / 1000))
         + " s";
}

} // namespace

uint32_t policy::tries() const {
  return static_cast<uint32_t>(cfg_.launch_delays.size()) + 1;
}

duration policy::launch_delay() const {
  // One that was taken over, which was launched by somebody else, has none.
  return attempt_.number() < tries() ? cfg_.launch_delays[attempt_.number() - 1]
                                     : duration{5'000};
}

int64_t policy::end_of(double launched_s) const {
  auto lifetime_s = static_cast<double>(cfg_.max_lifetime.count()) / 1000;
  return static_cast<int64_t>(std::floor(launched_s + lifetime_s));
}

effects policy::begin_attempt(launch_attempt x) {
  attempt_ = std::move(x);
  return {list_workloads{list_purpose::before_launch}};
}

// The intent is in the ledger before the provider is asked: whatever happens
// to us from here on, somebody will look for the GPU.
effects policy::begin_recording(const result<std::vector<gpu_workload>>& got,
                                const moment& now) {
  if (!attempt_.is<launch_attempt::listing>())
    return {};
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now.steady_s);
  attempt_.record(got ? *got : std::vector<gpu_workload>{}, end_of(now.unix_s),
                  now);
  return {write_ledger{entry()}};
}

effects policy::on_ledger_written(const gpu_entry& written,
                                  const result<void>& got, double now_s) {
  if (phase_ == gpu_phase::gone)
    return {};
  auto not_owner = !got && got.error().kind == failure_kind::not_owner;
  if (!got && got.error().kind == failure_kind::rejected)
    return !written.workload.empty()
               && written.workload == machine_.gpu.workload
             ? look_further()
             : effects{};
  // That a launch was refused; the next one may be under way.
  if (written.workload.empty() && written.expires_s == 0)
    return not_owner ? disown(severity::warning, taken_over) : effects{};
  if (phase_ != gpu_phase::launching) {
    if (not_owner)
      return disown(severity::warning, taken_over);
    // An outage must not keep an idle GPU running.
    return ending_.is<held>() ? send_stop() : effects{};
  }
  if (!attempt_.is<launch_attempt::recording>())
    return {};
  if (!got && got.error().kind == failure_kind::over_budget) {
    ending_.over_budget = got.error().message;
    return begin_stop(got.error().message + " allows no launch now", now_s);
  }
  if (!got)
    return launch_failed(
      {failure_kind::unavailable,
       "launch " + cfg_.workload_type
         + ": the intent cannot be recorded: " + got.error().message},
      now_s);
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now_s);
  attempt_.call();
  return {launch{attempt_.intent().expires_s}};
}

effects policy::begin_adopted(const moment& now) {
  auto& x = *cfg_.adopted;
  auto now_s = now.steady_s;
  // Whoever wrote the dates may have had another clock.
  auto by_our_clock = [&](double date_s) {
    return std::min(now_s, now.steady_at(date_s));
  };
  gpu_entry intent;
  intent.id = x.id;
  intent.type = cfg_.workload_type;
  intent.expires_s = x.expires_s;
  intent.intent_s = x.intent_s;
  intent.known_before = x.known_before;
  if (x.workload.empty()) {
    launch_attempt::looking_up nowhere{
      {failure_kind::unavailable,
       "a launch that was left in the ledger made no GPU"},
      {cfg_.known_workloads.begin(), cfg_.known_workloads.end()}};
    attempt_ = {tries(), std::move(intent), by_our_clock(x.intent_s),
                std::move(nowhere)};
    // The provider has ended it by itself, whatever it was.
    if (now.unix_s > static_cast<double>(x.expires_s) + clock_skew_s) {
      attempt_.give_up();
      return begin_stop("its lifetime has ended", now_s);
    }
    return {say{severity::info,
                "looking for the GPU of a launch that was left in the ledger"},
            list_workloads{list_purpose::lookup}};
  }
  auto launched_s = x.launched_s > 0 ? x.launched_s : x.intent_s;
  if (cfg_.vouched) {
    // The SUPERVISOR knows no more than when it was launched.
    intent.intent_s = launched_s;
    intent.expires_s = end_of(launched_s);
  }
  auto sent_at_s = by_our_clock(intent.intent_s);
  attempt_ = {tries(), std::move(intent), sent_at_s, launch_attempt::worked{}};
  // Whoever may write to Redis may name any node there, and every request to
  // one bears the API key: only the provider says where its workloads run.
  machine_.gpu.workload = x.workload;
  machine_.gpu.type = x.type;
  machine_.launched_s = launched_s;
  machine_.launched_at_s = by_our_clock(launched_s);
  machine_.is_known = cfg_.vouched;
  if (x.state == gpu_entry_state::stopping)
    return begin_stop("its worker died while stopping it", now_s);
  effects out{say{severity::info, "taken over from another worker, workload "
                                    + excerpt(x.workload, 300)}};
  append(out, begin_boot(now_s));
  return out;
}

effects policy::on_launched(const result<gpu_workload>& got, double now_s) {
  if (phase_ != gpu_phase::launching || !attempt_.is<launch_attempt::calling>())
    return {};
  if (got)
    return accept(*got, now_s);
  if (got.error().kind == failure_kind::outcome_unknown)
    return look_up_later(got.error());
  return launch_failed(got.error(), now_s);
}

effects policy::launch_failed(const failure& why, double now_s) {
  auto text = why.message + ", attempt " + std::to_string(attempt_.number())
              + " of " + std::to_string(tries());
  event about{"gpu_launch_failed"};
  about.attempt = attempt_.number();
  about.error_kind = to_string(why.kind);
  auto final = why.kind == failure_kind::rejected
               || why.kind == failure_kind::invalid_input
               || attempt_.number() >= tries();
  if (stop_wanted_ || final) {
    ending_.failed = true;
    effects out{say{severity::error, text + ", given up", std::move(about)}};
    append(out, begin_stop(stop_wanted_.value_or(text), now_s));
    return out;
  }
  auto delay = launch_delay();
  auto out = arm(timer::launch_retry, delay);
  // Nothing runs under this intent: it must not stand in the way of others who
  // look for what their launches have made.
  attempt_.refuse();
  out.push_back(write_ledger{entry()});
  trouble_ = text + ", next in " + seconds_text(delay);
  out.push_back(say{severity::warning, trouble_, std::move(about)});
  out.push_back(update());
  return out;
}

effects policy::look_up_later(const failure& why, std::set<workload_id> held) {
  attempt_.look_up(why, std::move(held));
  auto out = arm(timer::launch_retry,
                 launch_delay() / looks_before_next_launch);
  trouble_ = why.message
             + "; the GPU may exist, looking it up before launching again";
  out.push_back(say{severity::warning, trouble_});
  out.push_back(update());
  return out;
}

// Only with the ledger's word on the other launches: they may have lost their
// answers in the same second.
effects policy::looked_up(const result<std::vector<gpu_workload>>& got,
                          double now_s) {
  auto* look = attempt_.lookup();
  if (!look)
    return {};
  if (!got)
    return lookup_failed({got.error().kind, "the workload list cannot be read ("
                                              + got.error().message + ")"},
                         now_s);
  look->listed = *got;
  return {view_ledger{}};
}

effects policy::on_ledger_viewed(const result<msg::gpus_seen>& got,
                                 double now_s) {
  auto* look = attempt_.lookup();
  if (phase_ != gpu_phase::launching || !look || !look->listed)
    return {};
  if (!got)
    return lookup_failed({got.error().kind, "the ledger cannot be read ("
                                              + got.error().message + ")"},
                         now_s);
  auto found = attempt_.compare(*got);
  if (!found.mine)
    return not_found(found, now_s);
  effects out{
    say{severity::info, "the launch of unknown outcome had worked: workload "
                          + excerpt(found.mine->workload, 300)}};
  append(out, accept(std::move(*found.mine), now_s));
  return out;
}

effects policy::lookup_failed(const failure& why, double now_s) {
  auto& look = *attempt_.lookup();
  look.listed.reset();
  if (++look.failed < cfg_.lookups_max)
    return arm(timer::launch_retry, launch_delay());
  ending_.failed = true;
  effects out{say{severity::error,
                  look.why.message + "; " + why.message
                    + ": a GPU may be running that nobody uses, please look "
                      "at the provider"}};
  append(out, begin_stop(look.why.message, now_s));
  return out;
}

effects policy::in_doubt(const finding& what, double now_s) {
  ending_.failed = true;
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
  auto& look = *attempt_.lookup();
  ++look.looks;
  if (cfg_.adopted && look.looks < cfg_.adopted_lookups)
    return arm(timer::launch_retry, cfg_.adopted_lookup_interval);
  if (look.looks < looks_before_next_launch)
    return arm(timer::launch_retry, launch_delay() / looks_before_next_launch);
  // A list that lags may have shown what is stopped by now, so not before.
  if (what.ambiguous)
    return in_doubt(what, now_s);
  auto why = look.why;
  // Looked for long enough: there is none. Whoever left it wanted it; we do
  // not launch another one in its name. That says nothing of the provider now.
  if (cfg_.adopted) {
    attempt_.give_up();
    effects out{say{severity::info, why.message}};
    append(out, begin_stop(stop_wanted_.value_or(why.message), now_s));
    return out;
  }
  if (stop_wanted_ || attempt_.number() >= tries())
    return launch_failed(why, now_s);
  // Or the list lags by more than we can wait: somebody looks once more when
  // the entry's lease has run out.
  effects out{leave_ledger{attempt_.intent().id}};
  append(out, begin_attempt({attempt_.number() + 1,
                             ledger_id{cfg_.ledger_id + "-"
                                       + std::to_string(++entries_left_)},
                             cfg_.workload_type, false}));
  // Whoever hears of our death has to know which entry to leave.
  out.push_back(update());
  return out;
}

// Another launch that looked for its own was quicker to write our workload
// down. Then the one it had made is there for us.
effects policy::look_further() {
  if (phase_ == gpu_phase::launching
      || (phase_ == gpu_phase::stopping && !ending_.is<held>()))
    return {};
  auto taken = machine_.gpu.workload;
  effects out;
  if (!running_.empty())
    out.push_back(stop_renderers{
      {failure_kind::unavailable, "the GPU is another launch's"}});
  if (phase_ == gpu_phase::stopping || phase_ == gpu_phase::draining)
    stop_wanted_ = ending_.reason;
  machine_ = {};
  ending_ = {};
  enter(gpu_phase::launching);
  append(out, look_up_later({failure_kind::outcome_unknown,
                             "workload " + excerpt(taken, 300)
                               + " is in another launch's ledger entry"},
                            {taken}));
  out.push_back(update());
  return out;
}

effects policy::accept(gpu_workload gpu, double now_s) {
  machine_.gpu = std::move(gpu);
  machine_.launched_s = attempt_.intent().intent_s;
  machine_.launched_at_s = attempt_.sent_at_s();
  machine_.is_known = true;
  attempt_.succeed();
  if (stop_wanted_)
    return begin_stop(*stop_wanted_, now_s);
  event about{"gpu_launched"};
  about.seconds = std::max(0.0, now_s - attempt_.sent_at_s());
  effects out{say{severity::info,
                  "launched as workload " + excerpt(machine_.gpu.workload, 300),
                  std::move(about)}};
  append(out, begin_boot(now_s));
  return out;
}

} // namespace render::gpu_instance
