#include "actors/queue_watcher/policy.hpp"

#include "actors/queue_watcher/flaws.hpp"
#include "messages/job_params.hpp"
#include "messages/text/append.hpp"

#include <algorithm>
#include <utility>

namespace render::queue_watcher {

namespace {

duration since(double then_s, double now_s) {
  return duration{static_cast<int64_t>(std::max(0.0, now_s - then_s) * 1e6)};
}

double in_seconds(duration d) {
  return std::chrono::duration<double>(d).count();
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

void use_slot(std::vector<msg::claim_quota>& quotas, const std::string& type) {
  for (auto& quota : quotas)
    if (quota.count > 0 && covers(quota, type)) {
      --quota.count;
      return;
    }
}

std::vector<msg::claim_quota> still_open(std::vector<msg::claim_quota> quotas) {
  std::erase_if(quotas, [](auto& quota) {
    return quota.count == 0;
  });
  return quotas;
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

effects policy::on_capacity(msg::capacity x, double now_s) {
  auto before = open_quotas();
  auto way = delivered_ - std::min(delivered_, x.jobs_received);
  while (on_the_way_.size() > way)
    on_the_way_.pop_front();
  capacity_ = std::move(x);
  auto open = open_quotas();
  if (!futile_for_.empty() && !is_futile(open)) {
    futile_for_.clear();
    rescan_ = cfg_.rescan_free;
  }
  if (before.empty() && !open.empty())
    on_look(true, false);
  if (std::holds_alternative<waiting>(state_))
    return capacity_.accepting ? report_empty() : effects{};
  auto* pause = std::get_if<paused>(&state_);
  if (!pause)
    return {};
  switch (pause->why) {
  case pause_reason::not_accepting:
    return go_on(false, now_s);
  case pause_reason::wait_failed:
  case pause_reason::ask_failed:
    return {};
  case pause_reason::left_to_warmer:
    // A job of ours has just ended, and nobody is warmer.
    if (grown(before, open))
      return go_on(true, now_s);
    return open.empty() ? go_on(false, now_s) : effects{};
  case pause_reason::left_to_others:
    return open.empty() ? effects{} : go_on(false, now_s);
  case pause_reason::nothing_fits:
    // More of the same slots changes nothing for a queue that has nothing for
    // them; the timer looks again.
    return open.empty() || !is_futile(open) ? go_on(true, now_s) : effects{};
  case pause_reason::no_slot:
    return open.empty() && capacity_.accepting ? effects{} : go_on(true, now_s);
  }
  return {};
}

effects policy::on_look_wanted(double now_s) {
  told_ = told::has_asked_again;
  peeked_at_s_ = 0;
  if (std::holds_alternative<waiting>(state_))
    return capacity_.accepting ? report_empty() : effects{};
  auto* x = std::get_if<paused>(&state_);
  if (x
      && (x->why == pause_reason::nothing_fits
          || x->why == pause_reason::no_slot))
    return go_on(true, now_s);
  return {};
}

effects policy::on_head(const msg::queue_head& x, double now_s) {
  auto* wait = std::get_if<waiting>(&state_);
  if (!wait)
    return {};
  failures_ = 0;
  auto& manners = cfg_.manners;
  auto full = open_quotas().empty();
  if (!x.present && full)
    late_ = 0;
  if (!x.present || !capacity_.accepting)
    return go_on(false, now_s);
  auto is_new = since(wait->since_s, now_s) > manners.full_at_once;
  if (full && is_new) {
    // What was left to others the last time was taken indeed.
    late_ += has_left_ ? 1 : 0;
    has_left_ = late_ > 0;
    if (has_left_)
      return pause(pause_reason::left_to_others,
                   manners.without_slot(late_, place_), now_s);
  }
  auto delay = manners.with_slot(capacity_.idle_since_s, now_s, place_);
  if (!full && delay > duration{0})
    return pause(pause_reason::left_to_warmer, delay, now_s);
  futile_for_.clear();
  peeked_at_s_ = 0;
  rescan_ = cfg_.rescan_free;
  return go_on(true, now_s);
}

effects policy::on_wait_failed(const failure& why, double now_s) {
  if (!std::holds_alternative<waiting>(state_))
    return {};
  return back_off(pause_reason::wait_failed, "waiting for work", why, now_s);
}

effects policy::on_claimed(msg::claimed_jobs x, const moment& now) {
  if (!is_asking(question::claim))
    return hand_over(std::move(x), now);
  failures_ = 0;
  auto asked = std::get<asking>(std::move(state_));
  last_took_ = since(asked.since_s, now.steady_s);
  auto found = !x.jobs.empty() || !x.unfit.empty();
  on_look(found, !x.more_waiting);
  if (found)
    rescan_ = cfg_.rescan_free;
  for (auto& y : x.jobs)
    use_slot(asked.quotas, y.type);
  // The claim has walked the queue to its end for the slots it left open,
  // unless it stopped at its limit of unfit jobs.
  futile_for_ = x.unfit.empty() ? still_open(std::move(asked.quotas))
                                : std::vector<msg::claim_quota>{};
  auto more = x.more_waiting;
  auto out = hand_over(std::move(x), now);
  append(out, go_on(more, now.steady_s));
  return out;
}

effects policy::on_claim_failed(const failure& why, double now_s) {
  if (!is_asking(question::claim))
    return {};
  return back_off(pause_reason::ask_failed, "claiming", why, now_s);
}

effects policy::on_peeked(msg::queue_snapshot x, const moment& now) {
  if (!is_asking(question::peek))
    return {};
  auto now_s = now.steady_s;
  failures_ = 0;
  peeked_at_s_ = now_s;
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
  auto& by_type = seen.waiting_by_type;
  auto fits = std::any_of(by_type.begin(), by_type.end(), [&](auto& entry) {
    return covers(open, entry.first);
  });
  if (fits)
    futile_for_.clear();
  // Without a slot, anything that waits is worth a look: for a launch.
  on_look(fits || (open.empty() && !by_type.empty()), x.queue_length == 0);
  if (capacity_.accepting && by_type.empty()) {
    append(out, report_empty());
  } else if (capacity_.accepting) {
    told_ = told::something_waits;
    growth_.see(seen, now_s, in_seconds(cfg_.peek_spacing) / 2);
    out.push_back(report{std::move(seen)});
  }
  append(out, go_on(x.queue_length > 0, now_s));
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

effects policy::on_peek_failed(const failure& why, double now_s) {
  if (!is_asking(question::peek))
    return {};
  return back_off(pause_reason::ask_failed, "looking at the queue", why, now_s);
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
  auto* x = std::get_if<paused>(&state_);
  if (!x || x->generation != generation)
    return {}; // A timer that a later decision replaced.
  futile_for_.clear();
  // Without a slot the timer is for a look.
  if (open_quotas().empty())
    peeked_at_s_ = 0;
  auto why = x->why;
  return go_on(why != pause_reason::wait_failed
                 && why != pause_reason::left_to_others,
               now_s);
}

void policy::on_look(bool found, bool emptied) {
  has_left_ = false;
  if (found)
    late_ = 0;
  else if (emptied)
    ++late_;
}

bool policy::is_asking(question what) const {
  auto* x = std::get_if<asking>(&state_);
  return x && x->what == what;
}

bool policy::is_futile(const std::vector<msg::claim_quota>& open) const {
  return !futile_for_.empty() && !grown(futile_for_, open);
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
    use_slot(out, type);
  return still_open(std::move(out));
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
    lines.push_back(tell{last_word(y, now.unix_s), about_end(y, now.unix_s)});
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

/// `filled`: the queue is believed to hold something.
effects policy::go_on(bool filled, double now_s) {
  if (!capacity_.accepting) {
    state_ = paused{};
    return {};
  }
  if (filled)
    return ask_or_pause(now_s);
  auto out = report_empty();
  state_ = waiting{now_s};
  out.push_back(wait_for_work{cfg_.patience});
  return out;
}

effects policy::ask_or_pause(double now_s) {
  auto open = open_quotas();
  if (!open.empty() && !is_futile(open)) {
    state_ = asking{question::claim, now_s, open};
    return {claim{std::move(open)}};
  }
  auto look = until_look(now_s);
  if (look <= duration{0}) {
    state_ = asking{question::peek, now_s, {}};
    std::vector<job_id> known;
    for (auto& x : seen_)
      known.push_back(x.id);
    return {peek{cfg_.peek_limit, std::move(known)}};
  }
  if (open.empty())
    return pause(pause_reason::no_slot,
                 std::min(look, until_first_deadline(now_s)), now_s);
  // A walk through a long foreign queue costs Redis time: never more than a
  // fifth of it.
  auto delay = std::max(rescan_, 4 * last_took_);
  rescan_ = std::min<duration>(2 * rescan_, cfg_.rescan_free_max);
  return pause(pause_reason::nothing_fits, delay, now_s);
}

// The first look at what could not be claimed is not put off for long: it is
// what new GPUs are launched for.
duration policy::until_look(double now_s) const {
  if (peeked_at_s_ == 0)
    return duration{0};
  auto spacing = cfg_.peek_spacing;
  if (told_ == told::something_waits)
    spacing = (growth_.goes_on ? cfg_.peek_spacing : cfg_.rescan_full)
              + place_.turn(cfg_.rescan_turn, cfg_.rescan_turn_most);
  return spacing - since(peeked_at_s_, now_s);
}

// Whoever cannot claim a job has to see that it is too late for it.
duration policy::until_first_deadline(double now_s) const {
  // There is a look before the hour is over; and a front end may write 1e300.
  auto first_s = now_s + 3'600;
  for (auto& x : seen_)
    if (x.late_at_s)
      first_s = std::min(first_s, *x.late_at_s);
  return since(now_s, first_s) + milliseconds{1};
}

effects policy::back_off(pause_reason why, std::string_view what,
                         const failure& trouble, double now_s) {
  if (!capacity_.accepting)
    return go_on(false, now_s);
  auto delay = cfg_.backoff_min;
  for (uint32_t i = 0; i < failures_ && delay < cfg_.backoff_max; ++i)
    delay *= 2;
  ++failures_;
  delay = std::min(delay, cfg_.backoff_max);
  auto out = pause(why, delay, now_s);
  out.push_back(complain{std::string{what} + ": " + trouble.message
                         + " (again in "
                         + std::to_string(delay / milliseconds{1}) + " ms)"});
  return out;
}

effects policy::pause(pause_reason why, duration delay, double now_s) {
  state_ = paused{why, now_s + in_seconds(delay), ++generation_};
  return {arm_timer{generation_, delay}};
}

effects policy::report_empty() {
  growth_ = {};
  if (std::exchange(told_, told::nothing_waits) == told::nothing_waits)
    return {};
  return {report{}};
}

} // namespace render::queue_watcher
