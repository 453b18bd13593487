#include "actors/queue_watcher/policy.hpp"

#include "messages/job_params.hpp"
#include "messages/text/append.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <utility>

namespace render::queue_watcher {

namespace {

duration since(double then_s, double now_s) {
  return duration{static_cast<int64_t>(std::max(0.0, now_s - then_s) * 1000)};
}

bool covers(const msg::claim_quota& quota, const std::string& type) {
  return std::find(quota.types.begin(), quota.types.end(), type)
         != quota.types.end();
}

bool covers(const std::vector<msg::claim_quota>& quotas,
            const std::string& type) {
  return std::any_of(quotas.begin(), quotas.end(), [&](auto& quota) {
    return covers(quota, type);
  });
}

/// 0: never. Both are dates.
bool is_late(double complete_by_s, double unix_s) {
  return complete_by_s > 0 && complete_by_s <= unix_s;
}

std::optional<double> late_at(const job& x, const moment& now) {
  if (x.complete_by_s <= 0)
    return std::nullopt;
  return now.steady_at(x.complete_by_s);
}

std::string name_of(const job& x) {
  return "job " + printable(x.id, 80) + " (" + printable(x.type, 40) + "): ";
}

// A job that ends before it began: its producer looks for the reason here.
std::string last_word(const msg::unfit_job& x, double unix_s) {
  auto& [subject, reason] = x;
  if (reason.kind != failure_kind::deadline_passed)
    return name_of(subject) + "refused: " + printable(reason.message, 500);
  auto out = name_of(subject) + "expired: ";
  if (subject.created_at_s <= 0)
    return out + reason.message;
  auto waited = since(subject.created_at_s, unix_s);
  return out + "waited "
         + std::to_string(
           std::chrono::duration_cast<std::chrono::seconds>(waited).count())
         + " s, and its complete_by has passed";
}

// Is any slot open in `now` that was not open in `before`?
bool grown(const std::vector<msg::claim_quota>& before,
           const std::vector<msg::claim_quota>& now) {
  return std::any_of(now.begin(), now.end(), [&](auto& x) {
    return std::none_of(before.begin(), before.end(), [&](auto& y) {
      return y.types == x.types && y.count >= x.count;
    });
  });
}

} // namespace

std::optional<failure> flaw_of(const job& x, double unix_s) {
  if (auto id = job_id::from(x.id); !id)
    return id.error();
  if (is_late(x.complete_by_s, unix_s))
    return failure{failure_kind::deadline_passed,
                   "Job expired before processing could begin"};
  if (auto params = validate(x); !params)
    return params.error();
  return std::nullopt;
}

effects policy::on_capacity(msg::capacity x, double now_s) {
  auto was_full = open_quotas().empty();
  auto way = delivered_ - std::min(delivered_, x.jobs_received);
  while (on_the_way_.size() > way)
    on_the_way_.pop_front();
  capacity_ = std::move(x);
  // More of the same slots changes nothing for a queue that has nothing for
  // them; the timer looks again.
  auto open = open_quotas();
  if (grown(last_asked_, open)) {
    futile_ = false;
    rescan_ = cfg_.rescan_free;
  }
  if (was_full && !open.empty()) {
    gives_way_ = false;
    manners_.on_slot_free();
  }
  return next(now_s);
}

effects policy::on_look_wanted(double now_s) {
  report_wanted_ = true;
  peeked_at_s_ = 0;
  return next(now_s);
}

effects policy::on_head(const msg::queue_head& x, double now_s) {
  waiting_ = false;
  backoff_ = cfg_.backoff_min;
  auto full = open_quotas().empty();
  if (!x.present)
    manners_.on_quiet(full);
  if (!x.present || filled_)
    return next(now_s);
  auto delay = manners_.for_head(x.id, since(waits_since_s_, now_s), full,
                                 place_);
  if (delay > duration{0}) {
    gives_way_ = true;
    return arm(delay, now_s);
  }
  filled_ = true;
  futile_ = false;
  peeked_at_s_ = 0;
  rescan_ = cfg_.rescan_free;
  return next(now_s);
}

effects policy::on_wait_failed(const failure& why) {
  waiting_ = false;
  return back_off("waiting for work", why);
}

effects policy::on_claimed(msg::claimed_jobs x, const moment& now) {
  asking_ = false;
  backoff_ = cfg_.backoff_min;
  last_took_ = since(asked_at_s_, now.steady_s);
  filled_ = x.more_waiting;
  // The claim has walked the queue to its end for the slots it left open,
  // unless it stopped at its limit of unfit jobs.
  futile_ = x.unfit.empty();
  auto found = !x.jobs.empty() || !x.unfit.empty();
  manners_.on_look(found, !x.more_waiting);
  if (found)
    rescan_ = cfg_.rescan_free;
  auto out = hand_over(std::move(x), now);
  last_asked_ = open_quotas();
  append(out, next(now.steady_s));
  return out;
}

effects policy::on_claim_failed(const failure& why) {
  asking_ = false;
  return back_off("claiming", why);
}

effects policy::on_peeked(msg::queue_snapshot x, const moment& now) {
  auto now_s = now.steady_s;
  asking_ = false;
  backoff_ = cfg_.backoff_min;
  peeked_at_s_ = now_s;
  filled_ = x.queue_length > 0;
  place_ = x.place;
  effects out;
  std::vector<seen_job> still;
  auto& counted = x.waiting_by_type;
  // It never runs, so it needs no GPU.
  auto refuse_counted = [&](const job_id& id, const std::string& type) {
    if (auto at = counted.find(type); at != counted.end() && at->second > 0)
      --at->second;
    refuse(id, out);
  };
  auto keep = [&](seen_job y) {
    // The count has left it out.
    if (y.late_at_s && *y.late_at_s <= now_s)
      return refuse(y.id, out);
    still.push_back(std::move(y));
  };
  for (auto position : x.known)
    // An id may stand in the queue twice.
    if (position < seen_.size() && !seen_[position].id.empty())
      keep(std::exchange(seen_[position], {}));
  for (auto& y : x.waiting) {
    // `data` may have been too long to come along; the claim brings it.
    auto unread = y.data.empty() && job_kind_from(y.type);
    if (!unread && flaw_of(y, now.unix_s)
        && !is_late(y.complete_by_s, now.unix_s))
      refuse_counted(y.id, y.type);
    else
      keep({y.id, y.type, y.created_at_s, late_at(y, now), has_inputs(y)});
  }
  seen_ = std::move(still);
  auto seen = to_report(counted);
  auto open = open_quotas();
  auto& waiting = seen.waiting_by_type;
  auto fits = std::any_of(waiting.begin(), waiting.end(), [&](auto& entry) {
    return covers(open, entry.first);
  });
  futile_ = futile_ && !fits;
  // Without a slot, anything that waits is worth a look: for a launch.
  manners_.on_look(fits || (open.empty() && !waiting.empty()),
                   x.queue_length == 0);
  if (!capacity_.accepting)
    return out;
  if (seen.waiting_by_type.empty()) {
    append(out, report_empty());
  } else {
    reported_ = true;
    report_wanted_ = false;
    out.push_back(report{std::move(seen)});
  }
  append(out, next(now_s));
  return out;
}

// A look shows the first ones only. Those may be newer than the count.
msg::backlog
policy::to_report(const std::map<std::string, uint64_t>& counted) const {
  msg::backlog out;
  for (auto& x : seen_) {
    ++out.waiting_by_type[x.type];
    if (!x.has_inputs)
      ++out.without_inputs[x.type];
    if (x.created_at_s > 0
        && (out.oldest_created_at_s == 0
            || x.created_at_s < out.oldest_created_at_s))
      out.oldest_created_at_s = x.created_at_s;
  }
  for (auto& [type, count] : counted)
    if (count > 0) {
      auto& all = out.waiting_by_type[type];
      auto without = out.without_inputs.find(type);
      // The others are taken to be like these.
      if (without != out.without_inputs.end() && without->second == all)
        without->second = std::max(all, count);
      all = std::max(all, count);
    }
  return out;
}

effects policy::on_peek_failed(const failure& why) {
  asking_ = false;
  return back_off("looking at the queue", why);
}

effects policy::on_rejected(const job_id& id, msg::claimed_jobs x,
                            const moment& now) {
  rejecting_.erase(id);
  return hand_over(std::move(x), now);
}

effects policy::on_reject_failed(const job_id& id, const failure& why) {
  rejecting_.erase(id);
  return {complain{"rejecting job " + id + ": " + why.message}};
}

effects policy::on_timer(uint64_t generation, double now_s) {
  if (generation != generation_)
    return {}; // A timer that a later decision replaced.
  timer_at_s_ = 0;
  backing_off_ = false;
  gives_way_ = false;
  futile_ = false;
  // Without a slot the timer is for a look.
  if (open_quotas().empty())
    peeked_at_s_ = 0;
  return next(now_s);
}

void policy::refuse(const job_id& id, effects& out) {
  if (capacity_.accepting && rejecting_.size() < cfg_.rejections_max
      && rejecting_.insert(id).second)
    out.push_back(reject{id});
}

// Jobs on their way to the owner have their slots already.
std::vector<msg::claim_quota> policy::open_quotas() const {
  auto out = capacity_.free;
  for (auto& type : on_the_way_)
    for (auto& quota : out)
      if (quota.count > 0 && covers(quota, type)) {
        --quota.count;
        break;
      }
  std::erase_if(out, [](auto& quota) {
    return quota.count == 0;
  });
  return out;
}

effects policy::hand_over(msg::claimed_jobs x, const moment& now) {
  effects lines;
  msg::jobs_claimed out;
  out.unfit = std::move(x.unfit);
  for (auto& claimed : x.jobs) {
    if (auto flaw = flaw_of(claimed, now.unix_s)) {
      out.unfit.push_back({std::move(claimed), std::move(*flaw)});
      continue;
    }
    ++delivered_;
    on_the_way_.push_back(claimed.type);
    greet(claimed, lines);
    out.jobs.push_back(std::move(claimed));
  }
  for (auto& y : out.unfit)
    lines.push_back(tell{last_word(y, now.unix_s)});
  if (!out.jobs.empty() || !out.unfit.empty())
    lines.push_back(deliver{std::move(out)});
  return lines;
}

void policy::greet(const job& x, effects& out) {
  // The value stays out of the log: its path may be a secret.
  if (notify_url_flaw(x.data))
    out.push_back(tell{name_of(x)
                       + "its notify_url is no http or https URL; it runs "
                         "without a webhook"});
  auto id = job_id::from(x.id);
  if (told_of_odd_id_ || !id || id->is_uuid())
    return;
  told_of_odd_id_ = true;
  out.push_back(tell{name_of(x)
                     + "its id is no UUID; it is taken all the same, as are "
                       "others like it"});
}

effects policy::next(double now_s) {
  if (!capacity_.accepting || asking_ || backing_off_ || gives_way_)
    return {};
  if (!filled_) {
    disarm(); // No timer while the queue is empty.
    auto out = report_empty();
    if (!waiting_) {
      waiting_ = true;
      waits_since_s_ = now_s;
      out.push_back(wait_for_work{cfg_.patience});
    }
    return out;
  }
  auto open = open_quotas();
  if (!open.empty() && !futile_) {
    asking_ = true;
    asked_at_s_ = now_s;
    disarm();
    return {claim{std::move(open)}};
  }
  // The first look at what could not be claimed is not put off for long: it is
  // what new GPUs are launched for.
  if (peeked_at_s_ == 0 || since(peeked_at_s_, now_s) >= peek_spacing()) {
    asking_ = true;
    disarm();
    std::vector<job_id> known;
    for (auto& x : seen_)
      known.push_back(x.id);
    return {peek{cfg_.peek_limit, std::move(known)}};
  }
  return rescan_later(now_s);
}

duration policy::peek_spacing() const {
  if (!reported_)
    return cfg_.peek_spacing;
  return cfg_.rescan_full
         + place_.turn(cfg_.rescan_turn, cfg_.rescan_turn_most);
}

// Whoever cannot claim a job has to see that it is too late for it.
duration policy::until_first_deadline(double now_s) const {
  // There is a look before the hour is over; and a front end may write 1e300.
  auto first_s = now_s + 3'600;
  for (auto& x : seen_)
    if (x.late_at_s)
      first_s = std::min(first_s, *x.late_at_s);
  return since(now_s, first_s) + duration{1};
}

effects policy::rescan_later(double now_s) {
  if (open_quotas().empty()) {
    auto delay = std::min(peek_spacing() - since(peeked_at_s_, now_s),
                          until_first_deadline(now_s));
    return arm(std::max(duration{1}, delay), now_s);
  }
  // A walk through a long foreign queue costs Redis time: never more than a
  // fifth of it.
  auto out = arm(std::max(rescan_, 4 * last_took_), now_s);
  if (!out.empty())
    rescan_ = std::min(2 * rescan_, cfg_.rescan_free_max);
  return out;
}

effects policy::back_off(std::string_view what, const failure& why) {
  if (!capacity_.accepting)
    return {};
  backing_off_ = true;
  timer_at_s_ = 0;
  effects out{arm_timer{++generation_, backoff_}};
  out.push_back(complain{std::string{what} + ": " + why.message + " (again in "
                         + std::to_string(backoff_.count()) + " ms)"});
  backoff_ = std::min(backoff_ * 2, cfg_.backoff_max);
  return out;
}

// A timer that is due sooner stays: a stream of events must not put it off.
effects policy::arm(duration delay, double now_s) {
  auto at = now_s + std::chrono::duration<double>(delay).count();
  if (timer_at_s_ != 0 && timer_at_s_ <= at)
    return {};
  timer_at_s_ = at;
  return {arm_timer{++generation_, delay}};
}

void policy::disarm() {
  timer_at_s_ = 0;
  ++generation_;
}

effects policy::report_empty() {
  if (!reported_ && !report_wanted_)
    return {};
  reported_ = report_wanted_ = false;
  return {report{}};
}

} // namespace render::queue_watcher
