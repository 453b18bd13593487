#include "actors/supervisor/fleet.hpp"

#include "actors/supervisor/effects.hpp"
#include "actors/supervisor/estimates.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace render::supervisor::peer {

namespace {

/// More than that nobody has.
constexpr uint32_t gpus_most = 1'000;
constexpr uint32_t slots_most = 100;
constexpr size_t types_most = 32;
/// A boot that takes longer than expected is expected to end this much later.
constexpr double overdue_boot_s = 5;

// Those that take jobs, or will.
uint32_t live_gpus(const type_facts& x) {
  auto slots = x.free_slots + static_cast<uint32_t>(x.runs_left_s.size());
  auto ready = (slots + x.slots_per_gpu - 1) / x.slots_per_gpu;
  return ready + static_cast<uint32_t>(x.boots_left_s.size());
}

uint32_t idle_gpus(const type_facts& x) {
  auto ready = live_gpus(x) - static_cast<uint32_t>(x.boots_left_s.size());
  return ready - std::min(ready, static_cast<uint32_t>(x.runs_left_s.size()));
}

bool could_make_room(const worker_facts& x, const workload_type& type) {
  return std::any_of(x.types.begin(), x.types.end(), [&](auto& y) {
    return y.type != type && idle_gpus(y) > 0;
  });
}

void keep_times(std::vector<double>& all, size_t most) {
  std::erase_if(all, [](double x) {
    return !std::isfinite(x);
  });
  if (all.size() > most)
    all.resize(most);
  for (auto& x : all)
    x = std::clamp(x, -1e6, 1e6);
}

void add_slots(std::vector<double>& out, const type_facts& x, double age_s,
               double run_s) {
  out.insert(out.end(), x.free_slots, 0.0);
  for (auto left : x.runs_left_s) {
    // One that is overdue may take long: half as long as usual again.
    left -= age_s;
    out.push_back(left > 0.5 ? left : std::max(0.5, run_s / 2));
  }
  for (auto left : x.boots_left_s)
    out.insert(out.end(), x.slots_per_gpu,
               std::max(overdue_boot_s, left - age_s));
}

} // namespace

bool works(const worker_facts& x) {
  return !x.draining && x.unfit.empty();
}

uint32_t gpus_of(const worker_facts& x) {
  uint32_t out = 0;
  for (auto& y : x.types)
    out += y.gpus;
  return out;
}

const type_facts* find(const worker_facts& x, const workload_type& type) {
  auto at = std::find_if(x.types.begin(), x.types.end(), [&](auto& y) {
    return y.type == type;
  });
  return at == x.types.end() ? nullptr : &*at;
}

worker_facts plausible(worker_facts x) {
  if (x.types.size() > types_most)
    x.types.resize(types_most);
  for (auto& y : x.types) {
    y.slots_per_gpu = std::clamp(y.slots_per_gpu, 1u, slots_most);
    y.gpus = std::min(y.gpus, gpus_most);
    auto slots = y.gpus * y.slots_per_gpu;
    keep_times(y.boots_left_s, y.gpus);
    keep_times(y.runs_left_s, slots);
    auto used = static_cast<uint32_t>(y.runs_left_s.size());
    y.free_slots = std::min(y.free_slots, slots - std::min(slots, used));
  }
  return x;
}

view::view(config cfg) : cfg_(std::move(cfg)) {
  // nop
}

void view::take(std::vector<fleet_member> others, double now_s) {
  auto before = std::exchange(others_, std::move(others));
  auto by_name = [](auto& x, auto& y) {
    return x.who < y.who;
  };
  if (!std::is_sorted(others_.begin(), others_.end(), by_name))
    std::sort(others_.begin(), others_.end(), by_name);
  // Of two lives of one worker the later one counts.
  std::vector<fleet_member> latest;
  for (auto& x : others_) {
    if (x.who.name == cfg_.name)
      continue;
    x.facts = plausible(std::move(x.facts));
    if (!latest.empty() && latest.back().who.name == x.who.name)
      latest.back() = std::move(x);
    else
      latest.push_back(std::move(x));
  }
  others_ = std::move(latest);
  if (!std::equal(before.begin(), before.end(), others_.begin(), others_.end(),
                  [](auto& x, auto& y) {
                    return x.who == y.who;
                  }))
    changed_s_ = now_s;
}

bool view::agreed(double now_s) const {
  return cfg_.connected && !others_.empty()
         && now_s - changed_s_ >= in_seconds(cfg_.settling)
         && std::none_of(others_.begin(), others_.end(), [&](auto& x) {
              return x.doubted
                     || now_s - x.told_s > in_seconds(cfg_.words_valid);
            });
}

// The workers launch in turn: those with the fewest GPUs first, and of these by
// name. Whoever has launched is out of the turn, and one GPU less is needed, so
// that it does not matter who knows of it first.
uint32_t view::launches_before(const myself& me, uint32_t mine,
                               uint32_t nth) const {
  uint32_t out = 0;
  for (auto& x : others_) {
    if (!works(x.facts))
      continue;
    auto level = mine + nth + (x.who.name < cfg_.name ? 1 : 0);
    auto gpus = gpus_of(x.facts);
    out += std::min(level, me.max_gpus) - std::min({level, me.max_gpus, gpus});
  }
  return out;
}

launching::fleet_outlook view::outlook(const workload_type& type,
                                       const myself& me, double now_s) const {
  launching::fleet_outlook out;
  std::vector<measured> boots;
  std::array<std::vector<measured>, std::size(all_job_kinds)> runs;
  auto learn = [&](const type_facts& x) {
    boots.push_back(x.boot);
    for (size_t i = 0; i < runs.size(); ++i)
      runs[i].push_back(x.runs[i]);
  };
  if (auto* x = find(me.facts, type))
    learn(*x);
  for (auto& other : others_)
    if (auto* x = find(other.facts, type))
      learn(*x);
  out.boot_s = std::max(1.0, mean_of(merged(boots), cfg_.boot_s));
  auto known_s = cfg_.run_s;
  std::vector<measured> all_runs;
  for (auto& x : runs)
    all_runs.push_back(merged(x));
  known_s = mean_of(merged(all_runs), known_s);
  for (size_t i = 0; i < runs.size(); ++i)
    out.run_s[i] = mean_of(all_runs[i], known_s);
  out.target_wait_s = in_seconds(cfg_.target_wait);
  auto add = [&](const worker_facts& facts, double age_s) {
    if (auto* x = find(facts, type)) {
      add_slots(out.free_in_s, *x, age_s, known_s);
      out.gpus += live_gpus(*x);
    }
  };
  add(me.facts, 0);
  for (auto& x : others_)
    if (works(x.facts))
      add(x.facts, std::max(0.0, now_s - x.told_s));
  // A GPU that has a successor is not counted among those of its worker.
  auto mine = me.max_gpus - std::min(me.max_gpus, me.room);
  for (uint32_t i = 0; i < me.room; ++i)
    out.before.push_back(launches_before(me, mine, i));
  if (me.room == 0 && me.can_make_room) {
    // After all that have room.
    auto before = launches_before(me, me.max_gpus, 0);
    for (auto& x : others_)
      if (works(x.facts) && x.who.name < cfg_.name
          && gpus_of(x.facts) >= me.max_gpus && could_make_room(x.facts, type))
        ++before;
    out.before.push_back(before);
  }
  return out;
}

uint64_t view::runs(const workload_type& type, const worker_facts& mine) const {
  uint64_t out = 0;
  auto add = [&](const worker_facts& facts) {
    if (auto* x = find(facts, type))
      out += x->runs_left_s.size();
  };
  add(mine);
  for (auto& x : others_)
    add(x.facts);
  return out;
}

uint32_t view::to_stop(const workload_type& type, uint32_t surplus,
                       uint32_t idle) const {
  uint32_t before = 0;
  for (auto& x : others_)
    if (auto* y = find(x.facts, type);
        y && works(x.facts) && cfg_.name < x.who.name)
      before += idle_gpus(*y);
  return std::min(idle, surplus - std::min(surplus, before));
}

} // namespace render::supervisor::peer
