#include "app/records/waits.hpp"

#include "app/records/members.hpp"

#include <algorithm>

namespace render::records {

namespace {

bool is_at_risk(const supervisor::forecast::start& x, measured run,
                double left_s) {
  return x.never || x.high_s + (run.count > 0 ? run.ninth_s : 0) > left_s;
}

} // namespace

result<waits> waits::read(redis& db) {
  auto beats = read_heartbeats(db, {"outlook", "seen_at"});
  if (!beats)
    return fail(beats.error());
  std::vector<std::pair<outlook, double>> said;
  for (auto& x : beats->all)
    if (auto read = read_outlook(field(x.fields, "outlook")))
      said.emplace_back(std::move(*read),
                        beats->now_s - number_field(x.fields, "seen_at"));
  return of(std::move(said), beats->now_s);
}

waits waits::of(std::vector<std::pair<outlook, double>> said, double now_s) {
  waits out;
  out.now_s_ = now_s;
  for (auto& [x, age_s] : said) {
    for (auto& type : x.types)
      for (auto kind : type.kinds)
        out.type_of_[kind] = type.facts.type;
    out.all_.add(std::move(x), age_s);
  }
  return out;
}

std::optional<supervisor::forecast::start>
waits::start_of(const std::vector<std::string>& queue) const {
  auto kind = queue.empty() ? std::nullopt : job_kind_from(queue.back());
  if (!kind || !type_of_.contains(*kind))
    return std::nullopt;
  std::vector<job_kind> same;
  for (auto& x : queue) {
    auto its = job_kind_from(x);
    auto at = its ? type_of_.find(*its) : type_of_.end();
    if (at != type_of_.end() && at->second == type_of_.at(*kind))
      same.push_back(*its);
  }
  return all_.of(same, now_s_);
}

waiting waits::why(const std::vector<std::string>& queue,
                   double complete_by_s) const {
  waiting out;
  out.place = queue.size();
  auto x = start_of(queue);
  if (!x) {
    out.reason = "no_worker";
    out.clause = "no worker that is alive serves its type";
    out.sentence = "waits: " + out.clause;
    return out;
  }
  out.gpu_type = x->type;
  out.reason = to_string(x->why.kind);
  out.clause = clause_of(x->why, now_s_);
  out.until_s = x->why.until_s;
  out.guessed = x->guessed;
  if (!x->never)
    out.begins_in = std::pair{x->low_s, x->high_s};
  if (complete_by_s > 0)
    out.deadline_at_risk = is_at_risk(
      *x, all_.run(*job_kind_from(queue.back())), complete_by_s - now_s_);
  // Workers write every 10 s how they see the queue.
  if (x->why.kind == launch_reason_kind::no_job_waits) {
    out.sentence = "waits for a GPU of " + x->type
                   + ": no worker has written yet that it waits";
    return out;
  }
  out.sentence = sentence_of(x->type, x->why, now_s_);
  if (x->never)
    out.sentence += "; no slot is to come";
  else if (x->guessed)
    out.sentence += "; when it begins nobody knows: nothing was measured yet";
  else
    out.sentence += "; begins in " + span_text(x->low_s) + " to "
                    + span_text(x->high_s) + " or so";
  if (out.deadline_at_risk.value_or(false))
    out.sentence += "; its deadline is at risk";
  return out;
}

std::optional<double> waits::progress(const std::string& type,
                                      double runs_for_s) const {
  auto it = run(type);
  if (!it || it->median_s <= 0)
    return std::nullopt;
  return std::clamp(runs_for_s / it->median_s, 0.0, 0.95);
}

std::optional<measured> waits::run(const std::string& type) const {
  auto kind = job_kind_from(type);
  auto out = kind ? all_.run(*kind) : measured{};
  return out.count > 0 ? std::optional{out} : std::nullopt;
}

} // namespace render::records
