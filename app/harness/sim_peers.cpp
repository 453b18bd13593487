#include "app/harness/sim_peers.hpp"

#include "app/harness/virtual_seconds.hpp"
#include "messages/moment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace render::harness {

namespace {

/// What has not changed is repeated to the workers that often.
constexpr double repeats_shown_s = 10;

bool says_the_same(const std::vector<double>& x, double x_told_s,
                   const std::vector<double>& y, double y_told_s) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [&](double a, double b) {
                      return std::abs(a + x_told_s - b - y_told_s) < 1;
                    });
}

bool says_the_same(const fleet_member& x, const fleet_member& y) {
  return x.doubted == y.doubted && x.facts.draining == y.facts.draining
         && x.facts.unfit == y.facts.unfit
         && std::equal(x.facts.types.begin(), x.facts.types.end(),
                       y.facts.types.begin(), y.facts.types.end(),
                       [&](auto& a, auto& b) {
                         return a.gpus == b.gpus && a.free_slots == b.free_slots
                                && says_the_same(a.boots_left_s, x.told_s,
                                                 b.boots_left_s, y.told_s)
                                && says_the_same(a.runs_left_s, x.told_s,
                                                 b.runs_left_s, y.told_s);
                       });
}

fleet_voice_actor::behavior_type voice(fleet_voice_actor::pointer,
                                       sim_peers* peers, uint64_t client) {
  return {
    [=](msg::tell_fleet& x) {
      peers->tell(client, std::move(x.facts));
    },
    [=](const msg::gpus_given& x) {
      peers->give(client, x);
    },
  };
}

} // namespace

fleet_voice_actor sim_peers::spawn_voice(uint64_t client,
                                         const worker_id& name) {
  listeners_[client].who = {name, client};
  return time_.system().spawn(voice, this, client);
}

void sim_peers::listen(uint64_t client, supervisor_actor ear) {
  listeners_[client].ear = std::move(ear);
  for (auto& [other, what] : last_)
    if (other != client)
      send(other, client, what);
}

void sim_peers::leave(uint64_t client, bool says_goodbye) {
  auto& x = listeners_[client];
  if (x.gone)
    return;
  x.gone = true;
  x.ear = nullptr;
  x.under_way.clear();
  last_.erase(client);
  liars.erase(client);
  auto after = [&](double low_s, double high_s, auto what) {
    time_.events().after(dice_.duration(low_s, high_s), [this, client, what] {
      for (auto& [other, by] : listeners_)
        (this->*what)(client, by);
    });
  };
  if (!says_goodbye)
    after(1, 5, &sim_peers::doubt);
  after(says_goodbye ? 0.3 : 15, says_goodbye ? 0.5 : 25, &sim_peers::forget);
}

void sim_peers::tell(uint64_t client, worker_facts facts) {
  auto& from = listeners_[client];
  if (from.gone)
    return;
  fleet_member x;
  x.who = from.who;
  x.version = "sim";
  x.facts = liars.contains(client) ? invented(std::move(facts))
                                   : std::move(facts);
  x.told_s = steady_seconds(time_.system().clock().now());
  x.linked = true;
  auto what = std::make_shared<const fleet_member>(std::move(x));
  last_[client] = what;
  for (auto& [other, to] : listeners_)
    if (other != client)
      send(client, other, what);
}

void sim_peers::send(uint64_t from, uint64_t to, const word& what) {
  auto& x = listeners_[to];
  if (!x.ear)
    return;
  ++words_;
  if (cuts_.contains({from, to}) || (lost > 0 && dice_.chance(lost)))
    return;
  auto times = doubled > 0 && dice_.chance(doubled) ? 2 : 1;
  for (auto i = 0; i < times; ++i) {
    auto delay = dice_.duration(low_s, high_s);
    if (late > 0 && dice_.chance(late))
      delay += dice_.duration(0, 30);
    x.under_way.emplace(time_.now() + delay, std::pair{from, what});
  }
  await_next(to);
}

void sim_peers::give(uint64_t from, const msg::gpus_given& x) {
  if (lost > 0 && dice_.chance(lost))
    return;
  for (auto& [client, to] : listeners_)
    if (to.who.name == x.to && to.ear && !cuts_.contains({from, client}))
      time_.events().at(time_.now() + dice_.duration(low_s, high_s),
                        [this, client = client, x] {
                          if (auto& ear = listeners_[client].ear)
                            caf::anon_send(ear, x);
                        });
}

void sim_peers::await_next(uint64_t to) {
  auto& x = listeners_[to];
  if (x.awaited || x.under_way.empty())
    return;
  x.awaited = true;
  time_.events().at(x.under_way.begin()->first, [this, to] {
    hear(to);
  });
}

void sim_peers::hear(uint64_t to) {
  auto& x = listeners_[to];
  x.awaited = false;
  // What comes within a moment comes together.
  auto until = time_.now() + from_seconds(high_s - low_s);
  auto end = x.under_way.upper_bound(until);
  if (x.under_way.begin() == end)
    return await_next(to);
  auto news = time_.now() - x.shown > from_seconds(repeats_shown_s);
  for (auto at = x.under_way.begin(); at != end; ++at) {
    auto& [from, what] = at->second;
    if (listeners_[from].gone)
      continue;
    auto& known = x.known[what->who];
    news = news || !says_the_same(known, *what);
    known = *what;
  }
  x.under_way.erase(x.under_way.begin(), end);
  if (news)
    show(x);
  await_next(to);
}

void sim_peers::show(listener& x) {
  if (!x.ear)
    return;
  x.shown = time_.now();
  msg::fleet_view out;
  for (auto& [client, known] : x.known)
    out.others.push_back(known);
  caf::anon_send(x.ear, std::move(out));
}

void sim_peers::doubt(uint64_t client, listener& by) {
  auto at = by.known.find(listeners_[client].who);
  if (at == by.known.end())
    return;
  at->second.doubted = true;
  show(by);
}

void sim_peers::forget(uint64_t client, listener& by) {
  if (by.known.erase(listeners_[client].who) > 0)
    show(by);
}

void sim_peers::cut(uint64_t from, uint64_t to) {
  auto number = ++last_cut_;
  cuts_[{from, to}] = number;
  auto after = [&](double low_s, double high_s, auto what) {
    time_.events().after(dice_.duration(low_s, high_s),
                         [this, from, to, number, what] {
                           auto at = cuts_.find({from, to});
                           if (at != cuts_.end() && at->second == number)
                             (this->*what)(from, listeners_[to]);
                         });
  };
  after(5, 12, &sim_peers::doubt);
  after(15, 25, &sim_peers::forget);
}

void sim_peers::mend(uint64_t from, uint64_t to) {
  cuts_.erase({from, to});
  auto at = last_.find(from);
  if (at != last_.end())
    send(from, to, at->second);
}

// Anything that the types let one say.
worker_facts sim_peers::invented(worker_facts x) {
  auto odd = [this] {
    switch (dice_.below(5)) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return -1e300;
    case 2:
      return 1e300;
    default:
      return dice_.between(-100, 100);
    }
  };
  if (dice_.chance(0.1))
    x.draining = true;
  if (dice_.chance(0.1))
    x.unfit = "disk";
  for (auto& y : x.types) {
    y.slots_per_gpu = static_cast<uint32_t>(dice_.below(4));
    y.gpus = static_cast<uint32_t>(dice_.below(8));
    y.free_slots = static_cast<uint32_t>(dice_.below(8));
    y.boots_left_s.resize(dice_.below(6));
    y.runs_left_s.resize(dice_.below(6));
    for (auto* times : {&y.boots_left_s, &y.runs_left_s})
      for (auto& left : *times)
        left = odd();
    y.boot = {static_cast<uint32_t>(dice_.next()), odd(), odd()};
    for (auto& run : y.runs)
      run = {static_cast<uint32_t>(dice_.next()), odd(), odd()};
  }
  return x;
}

} // namespace render::harness
