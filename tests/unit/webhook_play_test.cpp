// Random play: many URLs, hosts and moods. No URL waits longer because of
// another one than policy.hpp says, every entry is delivered or dead after its
// tries, and no limit of calls at once is passed.
#include "tests/unit/webhook_player.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace render;
using namespace render::webhook_sender;
using namespace std::chrono_literals;

namespace {

/// Timers are armed in whole milliseconds.
constexpr double grain_s = 0.002;

enum class mood { fast, slow, silent, failing, gone, moody };

struct play_options {
  config cfg;
  int hosts = 3;
  int urls_per_host = 4;
  int entries = 120;
  /// Seconds in which they come.
  double span_s = 60;
};

/// An outbox, a clock, receivers, and the policy between them.
class play {
public:
  play(uint64_t seed, play_options opts)
    : opts_(std::move(opts)), random_(seed), policy_(opts_.cfg) {
    for (int h = 0; h < opts_.hosts; ++h)
      for (int u = 0; u < opts_.urls_per_host; ++u)
        moods_["http://h" + std::to_string(h) + "/" + std::to_string(u)]
          = static_cast<mood>(draw(6));
  }

  void run() {
    for (int i = 0; i < opts_.entries; ++i) {
      auto at = std::next(moods_.begin(),
                          draw(static_cast<int>(moods_.size())));
      events_.emplace(t0 + share() * opts_.span_s,
                      event{event::arrival, i, {}, at->first, 0, {}});
    }
    now_ = t0;
    carry_out(policy_.start());
    // The sweep goes on for ever.
    while (ended_.size() < static_cast<size_t>(opts_.entries)) {
      BOOST_REQUIRE(!events_.empty());
      auto next = events_.extract(events_.begin());
      BOOST_REQUIRE(next.key() < t0 + 5'000);
      now_ = next.key();
      if (jumps_)
        jump_s_ = jump_s_ > 0 ? -3'600 : jump_s_ + 3'600;
      happen(next.mapped());
      note_who_waits();
    }
  }

  void check_waits() const {
    auto tries_s = static_cast<double>(opts_.cfg.timeout.count()) / 1e3;
    auto rounds = [](size_t n, uint32_t places) {
      return static_cast<double>((n + places - 1) / places);
    };
    auto bound = tries_s * rounds(urls_most_, opts_.cfg.per_host_max);
    if (all_full_)
      bound += static_cast<double>(urls_most_) * tries_s
               * rounds(hosts_most_, opts_.cfg.all_max);
    BOOST_TEST(longest_s_ <= bound + grain_s);
    if (!host_full_ && !all_full_)
      BOOST_TEST(longest_s_ <= grain_s);
  }

  void check_ends() const {
    BOOST_TEST(policy_.open() == 0u);
    for (auto& [id, how] : ended_) {
      auto tries = posts_.at(id);
      BOOST_TEST(tries <= 5);
      if (how == msg::delivery_state::dead)
        BOOST_TEST(tries == 5);
    }
    for (auto& [url, at] : gaps_)
      BOOST_TEST(at >= 5 - 1e-3, url);
  }

  double longest_s() const {
    return longest_s_;
  }

  /// From now on the wall clock is set by an hour with each event.
  void set_wall_clock() {
    jumps_ = true;
  }

  /// What was posted and recorded, and when, without dates.
  const std::string& story() const {
    return story_;
  }

private:
  struct event {
    enum kind { arrival, answer, timer_fired, taken } what;
    int number = 0;
    std::string id;
    std::string url;
    uint64_t generation = 0;
    timer which = timer::due;
    int32_t status = 0;
  };

  struct url_load {
    int waiting = 0;
    uint32_t flying = 0;
    double since_s = 0;
  };

  moment now() const {
    return {now_, now_ + jump_s_};
  }

  int draw(int below) {
    return static_cast<int>(random_() % static_cast<uint64_t>(below));
  }

  double share() {
    return static_cast<double>(random_() >> 11) * 0x1p-53;
  }

  void happen(const event& x) {
    switch (x.what) {
    case event::arrival: {
      auto y = entry(x.number);
      y.url = x.url;
      outbox_[y.id] = {y, now_ + lease_s()};
      begins_to_wait(y.url);
      carry_out(policy_.on_deliver(y, now()));
      break;
    }
    case event::answer: {
      flying_.erase(x.id);
      auto& load = loads_.at(x.url);
      // Until now it waited for itself.
      if (load.flying-- == opts_.cfg.per_url_max)
        load.since_s = now_;
      --per_host_.at(host_of(x.url));
      carry_out(policy_.on_answer(
        x.id, x.status == 0 ? broken() : answered(x.status), now()));
      break;
    }
    case event::timer_fired: {
      // What is due by now waits from now on.
      if (x.which == timer::due)
        for (auto& [id, due_s] : retries_)
          if (due_s <= now_ + 1e-3 && retrying_.insert(id).second)
            begins_to_wait(outbox_.at(id).first.url);
      carry_out(policy_.on_timer(x.which, x.generation, now_));
      break;
    }
    case event::taken: {
      msg::webhooks_taken got;
      for (auto& [id, y] : outbox_)
        if (y.second <= now_ && got.entries.size() < opts_.cfg.sweep_limit) {
          got.entries.push_back(y.first);
          y.second = now_ + lease_s();
        }
      carry_out(policy_.on_taken(got, now_, now_));
      break;
    }
    }
  }

  void begins_to_wait(const std::string& url) {
    auto& load = loads_[url];
    if (load.waiting++ == 0)
      load.since_s = now_;
  }

  void carry_out(const effects& xs) {
    for (auto& x : xs) {
      story_ += line_of(x, now_);
      if (auto* y = std::get_if<post>(&x))
        fly(y->entry);
      else if (auto* r = std::get_if<record>(&x))
        write(*r);
      else if (auto* t = std::get_if<arm_timer>(&x))
        events_.emplace(
          now_ + static_cast<double>(t->delay.count()) / 1e3,
          event{event::timer_fired, 0, {}, {}, t->generation, t->which});
      else if (std::get_if<take>(&x))
        events_.emplace(now_ + 0.001, event{event::taken, 0, {}, {}, 0, {}});
    }
  }

  void fly(const webhook& x) {
    BOOST_REQUIRE(!ended_.contains(x.id));
    BOOST_REQUIRE(flying_.insert(x.id).second);
    auto& load = loads_.at(x.url);
    auto host = host_of(x.url);
    BOOST_REQUIRE(++load.flying <= opts_.cfg.per_url_max);
    BOOST_REQUIRE(++per_host_[host] <= opts_.cfg.per_host_max);
    BOOST_REQUIRE(flying_.size() <= opts_.cfg.all_max);
    longest_s_ = std::max(longest_s_, now_ - load.since_s);
    --load.waiting;
    load.since_s = now_;
    host_full_ |= per_host_[host] == opts_.cfg.per_host_max;
    all_full_ |= flying_.size() == opts_.cfg.all_max;
    ++posts_[x.id];
    if (auto at = failed_s_.find(x.id); at != failed_s_.end()) {
      auto& gap = gaps_.try_emplace(x.url, 1e9).first->second;
      gap = std::min(gap, now_ - at->second);
    }
    retries_.erase(x.id);
    retrying_.erase(x.id);
    auto [takes_s, status] = answer_of(moods_.at(x.url));
    event back{event::answer, 0, x.id, x.url, 0, {}};
    back.status = status;
    events_.emplace(now_ + takes_s, back);
  }

  std::pair<double, int32_t> answer_of(mood x) {
    auto timeout_s = static_cast<double>(opts_.cfg.timeout.count()) / 1e3;
    switch (x) {
    case mood::fast:
      return {0.01, 200};
    case mood::slow:
      return {1 + share() * (timeout_s - 1), 204};
    case mood::silent:
      return {timeout_s, 0};
    case mood::failing:
      return {0.01, 500};
    case mood::gone:
      return {0.01, 410};
    case mood::moody:
      break;
    }
    return answer_of(static_cast<mood>(draw(5)));
  }

  void write(const record& x) {
    auto& [entry, state, delay, error] = x.what;
    if (state != msg::delivery_state::retry_later) {
      BOOST_REQUIRE(ended_.emplace(entry.id, state).second);
      outbox_.erase(entry.id);
      return;
    }
    outbox_[entry.id] = {entry,
                         now_ + static_cast<double>(delay.count()) / 1e3};
    policy_.on_recorded(entry.id, x.lease_end_s);
    retries_[entry.id] = now_ + 5;
    failed_s_[entry.id] = now_;
  }

  // A URL at its own limit waits for itself; the others count.
  void note_who_waits() {
    std::map<std::string, size_t> urls;
    for (auto& [url, load] : loads_) {
      if (load.waiting > 0 && load.flying < opts_.cfg.per_url_max)
        ++urls[host_of(url)];
      else
        load.since_s = now_;
    }
    hosts_most_ = std::max(hosts_most_, urls.size());
    for (auto& [host, count] : urls)
      urls_most_ = std::max(urls_most_, count);
  }

  double lease_s() const {
    return static_cast<double>(opts_.cfg.lease.count()) / 1e3;
  }

  play_options opts_;
  std::mt19937_64 random_;
  policy policy_;
  double now_ = 0;
  bool jumps_ = false;
  double jump_s_ = 0;
  std::string story_;
  std::map<std::string, mood> moods_;
  std::multimap<double, event> events_;
  std::map<std::string, std::pair<webhook, double>> outbox_;
  std::map<std::string, msg::delivery_state> ended_;
  std::map<std::string, int> posts_;
  std::set<std::string> flying_;
  std::map<std::string, uint32_t> per_host_;
  std::map<std::string, url_load> loads_;
  /// Ids that have failed, by when they are due; those that wait already.
  std::map<std::string, double> retries_;
  std::set<std::string> retrying_;
  std::map<std::string, double> failed_s_;
  /// The shortest time between a failure and the next try, by URL.
  std::map<std::string, double> gaps_;
  double longest_s_ = 0;
  /// Most URLs of one host, and most hosts, that waited at one time.
  size_t urls_most_ = 1;
  size_t hosts_most_ = 1;
  bool host_full_ = false;
  bool all_full_ = false;
};

config patient() {
  config out;
  // No lease ends while an entry waits for its turn.
  out.lease = 1h;
  out.lease_margin = 1h;
  return out;
}

} // namespace

/// Plays each seed by the options that `how` makes for it; the longest wait, s.
template <class Options>
double play_all(uint64_t seeds, Options how) {
  auto longest_s = 0.0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      play x{seed, how(seed)};
      x.run();
      x.check_waits();
      x.check_ends();
      longest_s = std::max(longest_s, x.longest_s());
    }
  }
  return longest_s;
}

BOOST_AUTO_TEST_SUITE(random_play)

BOOST_AUTO_TEST_CASE(keeps_to_the_bound_when_hosts_are_full) {
  auto longest_s = play_all(150, [](uint64_t seed) {
    play_options opts;
    opts.cfg = patient();
    opts.cfg.per_url_max = 1 + seed % 3;
    opts.cfg.per_host_max = 3;
    return opts;
  });
  // Else the limits were never reached and nothing was tried.
  BOOST_TEST(longest_s > 5);
}

BOOST_AUTO_TEST_CASE(keeps_to_the_bound_when_all_places_are_taken) {
  auto longest_s = play_all(150, [](uint64_t) {
    play_options opts;
    opts.cfg = patient();
    opts.hosts = 8;
    opts.urls_per_host = 2;
    opts.cfg.per_url_max = 2;
    opts.cfg.per_host_max = 3;
    opts.cfg.all_max = 6;
    return opts;
  });
  BOOST_TEST(longest_s > 5);
}

// The limits of the service, and a few URLs a host: nobody waits at all.
BOOST_AUTO_TEST_CASE(nobody_waits_while_there_are_places) {
  auto longest_s = play_all(50, [](uint64_t) {
    play_options opts;
    opts.cfg = patient();
    opts.urls_per_host = 2;
    opts.entries = 300;
    return opts;
  });
  BOOST_TEST(longest_s <= grain_s);
}

// With the leases of the service and far too much to do, entries are dropped
// and taken again: all end all the same.
BOOST_AUTO_TEST_CASE(all_end_when_leases_run_out) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      play_options opts;
      opts.cfg.per_url_max = 1;
      opts.cfg.per_host_max = 2;
      opts.cfg.all_max = 4;
      opts.cfg.open_max = 50;
      opts.cfg.per_url_open_max = 12;
      play x{seed, opts};
      x.run();
      x.check_ends();
    }
  }
}

BOOST_AUTO_TEST_CASE(is_the_same_when_the_wall_clock_is_set) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    play calm{seed, {}};
    play jumpy{seed, {}};
    jumpy.set_wall_clock();
    calm.run();
    jumpy.run();
    BOOST_TEST_REQUIRE((calm.story() == jumpy.story()), "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
