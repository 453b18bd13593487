#include "actors/supervisor/forecast.hpp"

#include "actors/supervisor/estimates.hpp"
#include "actors/supervisor/launching.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <random>
#include <span>
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

namespace {

/// What all workers that serve a kind of job say together.
struct sight {
  /// What boots take, and runs by kind; guesses where nothing is measured.
  measured boot;
  std::array<measured, std::size(all_job_kinds)> runs;
  size_t free = 0;
  /// How long the slots that boot and run last already, s.
  std::vector<double> booting;
  std::vector<double> running;
  /// GPUs that may still be rented.
  uint32_t room = 0;
  uint32_t slots_per_gpu = 1;
  bool plans = false;
  /// When the launching plan says so, s from now.
  std::optional<double> launch_in_s;

  const measured& run(job_kind kind) const {
    return runs[static_cast<size_t>(kind)];
  }

  void add(const outlook& said, const outlook::type& type, double age_s,
           double now_s) {
    auto& facts = type.facts;
    slots_per_gpu = facts.slots_per_gpu;
    plans = plans || said.plans_with_peers;
    free += facts.free_slots;
    for (auto lasts : facts.boots_left_s)
      booting.insert(booting.end(), facts.slots_per_gpu, age_s - lasts);
    for (auto lasts : facts.runs_left_s)
      running.push_back(age_s - lasts);
    room += said.room;
    if (waits_for_launch(type.why.kind) && type.why.until_s > now_s)
      launch_in_s = std::min(launch_in_s.value_or(1e9),
                             type.why.until_s - now_s);
  }
};

/// GPUs that are launched for a queue of so many jobs.
size_t launches_for(const sight& x, size_t jobs, const measured& own_run) {
  auto coming = x.free + x.booting.size();
  auto lacking = jobs - std::min(jobs, coming);
  auto launches = std::min<size_t>(x.room, (lacking + x.slots_per_gpu - 1)
                                             / x.slots_per_gpu);
  if (!x.plans)
    return launches;
  auto boot_s = mean_of(x.boot, boot_guess.median_s);
  std::vector<double> free_in_s(x.free, 0.0);
  for (auto lasts : x.booting)
    free_in_s.push_back(std::max(1.0, boot_s - lasts));
  for (auto lasts : x.running)
    free_in_s.push_back(std::max(1.0, own_run.median_s - lasts));
  return std::min<size_t>(
    launches,
    launching::gpus_needed(jobs, free_in_s, mean_of(own_run, own_run.median_s),
                           boot_s, x.slots_per_gpu, 1.5 * boot_s));
}

/// When the last of `queue` begins in one course of events, s from now.
double play(random_engine& random, const sight& x, size_t launches,
            const measured& own_run, std::span<const job_kind> queue) {
  std::priority_queue<double, std::vector<double>, std::greater<>> slots;
  for (size_t i = 0; i < x.free; ++i)
    slots.push(even(random, 0, claim_s));
  for (auto lasts : x.booting)
    slots.push(draw_left(random, x.boot, lasts) + even(random, 0, services_s));
  for (auto lasts : x.running)
    slots.push(draw_left(random, own_run, lasts) + even(random, 0, 0.2));
  for (size_t i = 0; i < launches; ++i) {
    auto wait = x.launch_in_s ? *x.launch_in_s + even(random, 0, 3)
                : x.plans     ? even(random, 0, 3)
                              : even(random, jitter_least_s, jitter_most_s);
    auto ready = wait + draw(random, x.boot);
    for (uint32_t j = 0; j < x.slots_per_gpu; ++j)
      slots.push(ready + even(random, 0, services_s));
  }
  double at = 0;
  for (auto each : queue) {
    at = slots.top();
    slots.pop();
    slots.push(at + draw(random, x.run(each)));
  }
  return at;
}

} // namespace

std::optional<forecast::start> forecast::of(const std::vector<job_kind>& queue,
                                            double now_s) const {
  if (queue.empty())
    return std::nullopt;
  auto kind = queue.back();
  start out;
  sight seen;
  std::vector<measured> boots;
  for (auto& x : workers_)
    for (auto& type : x.said.types) {
      if (!serves(type, kind))
        continue;
      if (boots.empty() || weight(type.why.kind) > weight(out.why.kind))
        out.why = type.why;
      out.type = type.facts.type;
      boots.push_back(type.facts.boot);
      if (!x.said.away)
        seen.add(x.said, type, x.age_s, now_s);
    }
  if (boots.empty())
    return std::nullopt;
  for (auto each : all_job_kinds) {
    auto& x = seen.runs[static_cast<size_t>(each)] = run(each);
    if (x.count == 0)
      x = run_guess;
  }
  seen.boot = merged(boots);
  out.guessed = seen.boot.count == 0 && seen.free == 0;
  if (seen.boot.count == 0)
    seen.boot = boot_guess;
  auto jobs = std::min(queue.size(), jobs_most);
  auto& own_run = seen.run(kind);
  auto launches = launches_for(seen, jobs, own_run);
  auto slots = seen.free + seen.booting.size() + seen.running.size();
  if (slots + launches == 0) {
    out.never = true;
    return out;
  }
  random_engine random{jobs};
  std::vector<double> starts;
  for (int i = 0; i < plays; ++i)
    starts.push_back(
      play(random, seen, launches, own_run, std::span{queue}.last(jobs)));
  std::sort(starts.begin(), starts.end());
  // The wait that the reason tells is certain.
  auto base_s = slots == 0 ? seen.launch_in_s.value_or(0) : 0;
  out.low_s = base_s + narrower * (starts[plays / 20] - base_s);
  out.median_s = starts[plays / 2];
  out.high_s = base_s + wider * (starts[plays * 19 / 20] - base_s) + more_s;
  return out;
}

} // namespace render::supervisor
