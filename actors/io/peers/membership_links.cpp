// Links, and what time brings.
#include "actors/io/peers/membership.hpp"
#include "messages/text/printable.hpp"

#include <algorithm>
#include <cmath>

namespace render::peers {

namespace {

// Frames stay well below `longest_frame`.
constexpr size_t words_a_frame = 50;
// At first, while nobody is known.
constexpr int seeds_at_once = 3;
// A due time that rounding has put into the past must not spin the timer.
constexpr double shortest_wait_s = 0.01;

} // namespace

// -- links --------------------------------------------------------------------

membership::link& membership::link_of(link_id id, double now_s) {
  auto [at, is_new] = links_.try_emplace(id);
  auto& l = at->second;
  if (is_new) {
    l.since_s = l.proven_s = l.pinged_s = now_s;
    stale_ = true;
  }
  return l;
}

void membership::greet(link_id id, link& l, uint64_t answers) {
  if (l.number == 0)
    l.number = ++link_numbers_;
  out_.push_back(send{id, hello{cfg_.cluster, cfg_.self, cfg_.where,
                                cfg_.version, l.number, answers}});
}

void membership::drop(link_id id, double now_s) {
  auto at = links_.find(id);
  if (at == links_.end())
    return;
  auto l = std::move(at->second);
  links_.erase(at);
  stale_ = true;
  if (!l.peer) {
    if (l.dialled && contacts_.is_under_way(*l.dialled))
      contacts_.failed(*l.dialled, now_s, dice_);
    return;
  }
  if (auto k = known_.find(l.peer->name); k != known_.end())
    k->second.unlinked_s = now_s;
  note_change(now_s);
}

void membership::end(link_id id, message last, double now_s) {
  out_.push_back(send{id, std::move(last)});
  drop(id, now_s);
}

bool membership::is_linked(const worker_id& name) const {
  return std::any_of(links_.begin(), links_.end(), [&](auto& x) {
    return x.second.peer && x.second.peer->name == name;
  });
}

void membership::order_ring() {
  ring_ = {cfg_.self.name};
  for (auto& [name, x] : known_)
    if (!x.gone)
      ring_.push_back(name);
  std::sort(ring_.begin(), ring_.end());
}

size_t membership::place_of(const worker_id& x) const {
  return static_cast<size_t>(std::lower_bound(ring_.begin(), ring_.end(), x)
                             - ring_.begin());
}

// Each worker reaches for those 1, 2, 4, 8 … places after it, so that a word
// needs few steps and each worker has few links.
bool membership::wants(const worker_id& from, const worker_id& to) const {
  if (ring_.size() <= cfg_.mesh + 1)
    return true;
  auto distance = (place_of(to) + ring_.size() - place_of(from)) % ring_.size();
  return (distance & (distance - 1)) == 0;
}

std::vector<worker_id> membership::wanted() const {
  std::vector<worker_id> out;
  auto place = place_of(cfg_.self.name);
  auto meshed = ring_.size() <= cfg_.mesh + 1;
  for (size_t far = 1; far < ring_.size(); far = meshed ? far + 1 : 2 * far)
    out.push_back(ring_[(place + far) % ring_.size()]);
  return out;
}

// -- time ---------------------------------------------------------------------

// The others have spoken meanwhile, and what they said is still to be read.
void membership::notice_sleep(double now_s) {
  if (!armed_s_ || now_s - *armed_s_ <= cfg_.slept_s)
    return;
  auto slept_s = now_s - *armed_s_;
  armed_s_ = now_s;
  for (auto& [id, l] : links_) {
    l.since_s += slept_s;
    l.proven_s += slept_s;
  }
  for (auto& [name, k] : known_)
    if (k.doubted_s)
      *k.doubted_s += slept_s;
}

void membership::look_after_links(double now_s) {
  std::vector<link_id> lost, silent, surplus;
  // Pings go out together, so that one timer serves for all.
  auto pings = std::any_of(links_.begin(), links_.end(), [&](auto& x) {
    return x.second.peer && now_s - x.second.pinged_s >= cfg_.ping_s;
  });
  for (auto& [id, l] : links_) {
    if (!l.peer) {
      if (now_s - l.since_s >= cfg_.greeting_s)
        lost.push_back(id);
      continue;
    }
    if (now_s - l.proven_s >= cfg_.silent_s) {
      silent.push_back(id);
      continue;
    }
    if (pings && now_s - l.pinged_s >= cfg_.ping_s / 2) {
      l.pinged_s = now_s;
      out_.push_back(
        send{id, ping{static_cast<uint64_t>(std::ceil(now_s * 1'000))}});
    }
    auto& name = l.peer->name;
    auto k = known_.find(name);
    auto needed
      = k == known_.end()
        || (!k->second.gone
            && (wants(cfg_.self.name, name) || wants(name, cfg_.self.name)));
    if (needed)
      l.surplus_s.reset();
    else if (!l.surplus_s)
      l.surplus_s = now_s;
    else if (now_s - *l.surplus_s >= cfg_.surplus_s)
      surplus.push_back(id);
  }
  for (auto id : lost)
    end(id, bye{"no hello has come"}, now_s);
  for (auto id : surplus)
    end(id, bye{"the fleet does not need this link"}, now_s);
  for (auto id : silent) {
    auto name = links_.at(id).peer->name;
    end(id, bye{"no ping is answered"}, now_s);
    if (known_.contains(name) && !is_linked(name))
      doubt(name, now_s);
  }
}

void membership::look_after_members(double now_s) {
  auto fewer = false;
  for (auto& [name, k] : known_) {
    if (k.gone)
      continue;
    auto doubted = k.doubted_s && now_s - *k.doubted_s >= cfg_.doubt_s;
    if (!doubted && now_s - k.told_s < cfg_.unheard_s)
      continue;
    k.gone = fewer = true;
    out_.push_back(
      say{severity::warning,
          "peers: worker " + printable(name)
            + (doubted ? " is out of reach" : " has said nothing for too long")
            + ", and counts as gone"});
  }
  std::vector<worker_id> forgotten;
  for (auto& [name, k] : known_)
    if (k.gone && now_s - k.told_s >= cfg_.remembered_s)
      forgotten.push_back(name);
  for (auto& name : forgotten) {
    contacts_.forget(known_.at(name).last.where);
    known_.erase(name);
    for (auto& [id, l] : links_)
      l.told.erase(name);
  }
  if (fewer) {
    order_ring();
    note_change(now_s);
  }
  if (!leaving_s_ && now_s - own_said_s_ >= cfg_.refresh_s)
    say_own_word(now_s);
}

void membership::look_for_links(double now_s) {
  if (leaving_s_)
    return;
  for (auto& name : wanted()) {
    auto& k = known_.at(name);
    auto where = contacts_.way_to(name, k.last.where, now_s);
    if (!where || is_linked(name))
      continue;
    // Both may want it; one begins.
    if (cfg_.self.name < name || !wants(name, cfg_.self.name)
        || now_s - k.unlinked_s >= cfg_.courtesy_s) {
      contacts_.tried(*where);
      out_.push_back(connect{*where});
    }
  }
  heal(now_s);
}

void membership::heal(double now_s) {
  auto is_alive = [&](const worker_id& name) {
    auto k = known_.find(name);
    return k != known_.end() && !k->second.gone;
  };
  auto is_known = [&](const address& x) {
    if (auto* name = contacts_.leads_to(x); name && is_alive(*name))
      return true;
    return std::any_of(known_.begin(), known_.end(), [&](auto& k) {
      return !k.second.gone && k.second.last.where == x;
    });
  };
  auto alone = std::none_of(links_.begin(), links_.end(), [](auto& x) {
    return x.second.peer.has_value();
  });
  if (!alone && now_s - healed_s_ < cfg_.heal_s)
    return;
  healed_s_ = now_s;
  auto all = contacts_.all();
  std::erase_if(all, [&](auto& x) {
    return !contacts_.may_try(x, now_s) || is_known(x);
  });
  std::shuffle(all.begin(), all.end(), dice_);
  for (int i = 0; i < (alone ? seeds_at_once : 1) && i < std::ssize(all); ++i) {
    contacts_.tried(all[static_cast<size_t>(i)]);
    out_.push_back(connect{all[static_cast<size_t>(i)]});
  }
}

void membership::flush(double now_s) {
  if (!flush_s_ || now_s < *flush_s_)
    return;
  flush_s_.reset();
  for (auto& [id, l] : links_)
    if (l.peer)
      flush(id, l, now_s);
  fresh_.clear();
}

void membership::flush(link_id id, link& l, double now_s) {
  news out;
  auto add = [&](const word& x, double told_s) {
    auto& told = l.told[x.who.name];
    if (told >= rank_of(x))
      return;
    told = rank_of(x);
    out.words.push_back(x);
    out.words.back().age_s = now_s - told_s;
    if (out.words.size() == words_a_frame)
      out_.push_back(send{id, std::exchange(out, {})});
  };
  add(own_, own_said_s_);
  if (std::exchange(l.knows_all, true)) {
    for (auto& name : fresh_)
      if (auto k = known_.find(name); k != known_.end())
        add(k->second.last, k->second.told_s);
  } else {
    for (auto& [name, k] : known_)
      add(k.last, k.told_s);
  }
  if (!out.words.empty())
    out_.push_back(send{id, std::move(out)});
}

void membership::look_after_leave(double now_s) {
  if (!leaving_s_ || finished_)
    return;
  auto all_know = std::all_of(links_.begin(), links_.end(), [&](auto& x) {
    return !x.second.peer || x.second.proven_s >= *leaving_s_;
  });
  if (!all_know && now_s - *leaving_s_ < cfg_.leave_s)
    return;
  finished_ = true;
  out_.push_back(finish{});
}

double membership::next_due(double now_s) const {
  auto out = now_s + cfg_.refresh_s;
  auto by = [&](double x) {
    out = std::min(out, x);
  };
  if (flush_s_)
    by(*flush_s_);
  if (change_s_)
    by(*change_s_);
  for (auto& [id, l] : links_) {
    if (!l.peer) {
      by(l.since_s + cfg_.greeting_s);
      continue;
    }
    by(l.pinged_s + cfg_.ping_s);
    by(l.proven_s + cfg_.silent_s);
    if (l.surplus_s)
      by(*l.surplus_s + cfg_.surplus_s);
  }
  for (auto& [name, k] : known_) {
    if (k.gone)
      continue;
    by(k.told_s + cfg_.unheard_s);
    if (k.doubted_s)
      by(*k.doubted_s + cfg_.doubt_s);
    if (auto due = k.unlinked_s + cfg_.courtesy_s; due > now_s)
      by(due);
  }
  if (leaving_s_) {
    by(*leaving_s_ + cfg_.leave_s);
  } else {
    by(own_said_s_ + cfg_.refresh_s);
    by(healed_s_ + cfg_.heal_s);
    if (auto due = contacts_.next_due(now_s))
      by(*due);
  }
  return std::max(out, now_s + shortest_wait_s);
}

effects membership::done(double now_s) {
  if (finished_)
    return std::exchange(out_, {});
  notice_sleep(now_s);
  // Most frames change nothing, and a large fleet sends many.
  if (!stale_ && armed_s_ && now_s < *armed_s_)
    return std::exchange(out_, {});
  stale_ = false;
  look_after_members(now_s);
  look_after_links(now_s);
  look_for_links(now_s);
  flush(now_s);
  look_after_leave(now_s);
  if (change_s_ && now_s >= *change_s_) {
    change_s_.reset();
    out_.push_back(changed{});
  }
  // A timer of CAF cannot be taken back: one that is early enough serves.
  auto due = next_due(now_s);
  if (!armed_s_ || due < *armed_s_) {
    armed_s_ = due;
    auto ms = static_cast<int64_t>(std::ceil((due - now_s) * 1'000));
    out_.push_back(arm_timer{++generation_, std::chrono::milliseconds{ms}});
  }
  return std::exchange(out_, {});
}

} // namespace render::peers
