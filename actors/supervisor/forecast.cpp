#include "actors/supervisor/forecast.hpp"

#include "actors/supervisor/estimates.hpp"
#include "actors/supervisor/launching.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>
#include <utility>

namespace render::supervisor {

namespace {

/// Courses that are played through.
constexpr int plays = 200;
/// A queue is looked at as if it were no longer.
constexpr size_t jobs_most = 2'000;
/// Where nothing is measured yet.
constexpr measured boot_guess{0, 60, 180};
constexpr measured run_guess{0, 20, 90};
/// A free slot takes a job within this time; the services of a GPU that boots
/// come up within that of each other.
constexpr double claim_s = 1.2;
constexpr double services_s = 8;
/// Strangers wait so long before a launch, and then look at the ledger.
constexpr double jitter_least_s = 15;
constexpr double jitter_most_s = 32;

/// What a play does not know: other workers' decisions, samples that are few.
/// By the calibration in docs/forecast.md.
constexpr double narrower = 0.6;
constexpr double wider = 1.35;
constexpr double more_s = 2;

using random_engine = std::mt19937_64;

double even(random_engine& random, double least, double most) {
  auto share = static_cast<double>(random() >> 11) / 9007199254740992.0;
  return least + share * (most - least);
}

/// Straight lines through the quantiles that are known; those below the median
/// as far from it as those above, but not below a sixth of it.
double draw(random_engine& random, const measured& x) {
  auto m = x.median_s;
  auto high = std::max(m, x.ninth_s);
  auto low = std::max(0.15 * m, 2 * m - high);
  auto p = even(random, 0, 1);
  if (p < 0.1)
    return low * (0.5 + 5 * p);
  if (p < 0.5)
    return low + (p - 0.1) / 0.4 * (m - low);
  if (p < 0.9)
    return m + (p - 0.5) / 0.4 * (high - m);
  return high + (p - 0.9) / 0.1 * (high - m);
}

/// What is left of something that lasts this long already.
double draw_left(random_engine& random, const measured& x, double lasts_s) {
  for (int i = 0; i < 30; ++i)
    if (auto whole = draw(random, x); whole > lasts_s)
      return whole - lasts_s;
  return even(random, 0, std::max(1.0, x.median_s / 2));
}

bool serves(const outlook::type& x, job_kind kind) {
  return std::find(x.kinds.begin(), x.kinds.end(), kind) != x.kinds.end();
}

/// Reasons that end with a launch when their time is over.
bool waits_for_launch(launch_reason_kind x) {
  using enum launch_reason_kind;
  return x == jitter || x == slots_elsewhere || x == jobs_taken
         || x == provider_refuses || x == budget;
}

/// The more it says of what keeps a job waiting.
int weight(launch_reason_kind x) {
  using enum launch_reason_kind;
  switch (x) {
  case no_job_waits:
  case draining:
  case unfit:
    return 0;
  case others_turn:
  case slots_elsewhere:
    return 1;
  default:
    return 2;
  }
}

} // namespace

void forecast::add(outlook x, double age_s) {
  workers_.push_back({std::move(x), std::max(0.0, age_s)});
}

measured forecast::run(job_kind kind) const {
  std::vector<measured> all;
  for (auto& x : workers_)
    for (auto& type : x.said.types)
      if (serves(type, kind))
        all.push_back(type.facts.runs[static_cast<size_t>(kind)]);
  return merged(all);
}

std::optional<forecast::start> forecast::of(const std::vector<job_kind>& queue,
                                            double now_s) const {
  if (queue.empty())
    return std::nullopt;
  auto kind = queue.back();
  start out;
  std::vector<measured> boots;
  // Slots that are free, boot and run, with how long these last.
  size_t free = 0;
  std::vector<double> booting;
  std::vector<double> running;
  uint32_t room = 0;
  uint32_t slots_per_gpu = 1;
  auto plans = false;
  std::optional<double> launch_in_s;
  auto known = false;
  for (auto& x : workers_)
    for (auto& type : x.said.types) {
      if (!serves(type, kind))
        continue;
      auto& facts = type.facts;
      boots.push_back(facts.boot);
      if (!known || weight(type.why.kind) > weight(out.why.kind))
        out.why = type.why;
      out.type = facts.type;
      known = true;
      if (x.said.away)
        continue;
      slots_per_gpu = facts.slots_per_gpu;
      plans = plans || x.said.plans_with_peers;
      free += facts.free_slots;
      for (auto lasts : facts.boots_left_s)
        booting.insert(booting.end(), facts.slots_per_gpu, x.age_s - lasts);
      for (auto lasts : facts.runs_left_s)
        running.push_back(x.age_s - lasts);
      room += x.said.room;
      if (waits_for_launch(type.why.kind) && type.why.until_s > now_s)
        launch_in_s = std::min(launch_in_s.value_or(1e9),
                               type.why.until_s - now_s);
    }
  if (!known)
    return std::nullopt;
  auto boot = merged(boots);
  std::array<measured, std::size(all_job_kinds)> runs;
  for (auto each : all_job_kinds) {
    auto& x = runs[static_cast<size_t>(each)] = run(each);
    if (x.count == 0)
      x = run_guess;
  }
  out.guessed = boot.count == 0 && free == 0;
  if (boot.count == 0)
    boot = boot_guess;
  auto jobs = std::min(queue.size(), jobs_most);
  auto own_run = runs[static_cast<size_t>(kind)];
  auto coming = free + booting.size();
  auto lacking = jobs - std::min(jobs, coming);
  auto launches
    = std::min<size_t>(room, (lacking + slots_per_gpu - 1) / slots_per_gpu);
  if (plans) {
    auto boot_s = mean_of(boot, boot_guess.median_s);
    std::vector<double> free_in_s(free, 0.0);
    for (auto lasts : booting)
      free_in_s.push_back(std::max(1.0, boot_s - lasts));
    for (auto lasts : running)
      free_in_s.push_back(std::max(1.0, own_run.median_s - lasts));
    launches = std::min<size_t>(
      launches, launching::gpus_needed(jobs, free_in_s,
                                       mean_of(own_run, own_run.median_s),
                                       boot_s, slots_per_gpu, 1.5 * boot_s));
  }
  if (free + booting.size() + running.size() + launches == 0) {
    out.never = true;
    return out;
  }
  random_engine random{jobs};
  std::vector<double> starts;
  for (int play = 0; play < plays; ++play) {
    std::priority_queue<double, std::vector<double>, std::greater<>> slots;
    for (size_t i = 0; i < free; ++i)
      slots.push(even(random, 0, claim_s));
    for (auto lasts : booting)
      slots.push(draw_left(random, boot, lasts) + even(random, 0, services_s));
    for (auto lasts : running)
      slots.push(draw_left(random, own_run, lasts) + even(random, 0, 0.2));
    for (size_t i = 0; i < launches; ++i) {
      auto wait = launch_in_s ? *launch_in_s + even(random, 0, 3)
                  : plans     ? even(random, 0, 3)
                              : even(random, jitter_least_s, jitter_most_s);
      auto ready = wait + draw(random, boot);
      for (uint32_t j = 0; j < slots_per_gpu; ++j)
        slots.push(ready + even(random, 0, services_s));
    }
    double at = 0;
    for (auto each = queue.end() - static_cast<ptrdiff_t>(jobs);
         each != queue.end(); ++each) {
      at = slots.top();
      slots.pop();
      slots.push(at + draw(random, runs[static_cast<size_t>(*each)]));
    }
    starts.push_back(at);
  }
  std::sort(starts.begin(), starts.end());
  // The wait that the reason tells is certain.
  auto only_launches = free + booting.size() + running.size() == 0;
  auto base_s = only_launches ? launch_in_s.value_or(0) : 0;
  out.low_s = base_s + narrower * (starts[plays / 20] - base_s);
  out.median_s = starts[plays / 2];
  out.high_s = base_s + wider * (starts[plays * 19 / 20] - base_s) + more_s;
  return out;
}

} // namespace render::supervisor
