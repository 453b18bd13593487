// Random plays: workers start, die, hang, come back and leave on a net that
// loses, delays and cuts. Once all is well again, all must know all, and what
// each has told last.
#include "actors/supervisor/fleet.hpp"
#include "tests/unit/peers_net.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::peers;

namespace {

constexpr size_t most = 14;
// Those that are never stopped for good, so that each finds somebody.
constexpr size_t anchors = 2;

struct play {
  explicit play(uint64_t seed) : x(seed), dice(seed) {
    x.loss = draw(3) == 0 ? 0.1 : 0.01;
    for (size_t i = 0; i < anchors; ++i)
      start(i);
  }

  size_t draw(size_t below) {
    return std::uniform_int_distribution<size_t>{0, below - 1}(dice);
  }

  void start(size_t i) {
    // Sometimes its clock is set back.
    auto back = draw(4) == 0;
    x.start(i, {0, 1}, [&](config& cfg) {
      if (back)
        cfg.self.incarnation = 1 + draw(1000);
    });
    told.erase(i);
  }

  void step() {
    auto i = draw(most);
    auto other = draw(most);
    switch (draw(12)) {
    case 0:
    case 1:
    case 2:
      if (!x.is_up(i))
        start(i);
      break;
    case 3:
      if (i >= anchors)
        x.stop(i);
      else
        start(i);
      break;
    case 4:
      if (i >= anchors && x.is_up(i) && !x.is_hung(i))
        x.leave(i);
      break;
    case 5:
      if (x.is_up(i))
        x.hang(i);
      break;
    case 6:
      if (x.is_up(i) && x.is_hung(i))
        x.resume(i);
      break;
    case 7:
      x.cut_way(i, other);
      break;
    case 8:
      for (size_t a = 0; a < most / 2; ++a)
        for (size_t b = most / 2; b < most; ++b) {
          x.cut_way(a, b);
          x.cut_way(b, a);
        }
      break;
    case 9:
      x.heal();
      break;
    case 10:
      if (x.is_up(i) && x.is_up(other) && !x.is_hung(other))
        x.garbage(i, other);
      break;
    default:
      if (x.is_up(i) && !x.is_hung(i)) {
        told[i] = "{\"n\":" + std::to_string(draw(1'000'000)) + "}";
        x.tell(i, told[i]);
      }
    }
    x.run(static_cast<double>(draw(100)) / 10);
  }

  void settle() {
    x.heal();
    for (size_t i = 0; i < most; ++i)
      if (x.is_up(i) && x.is_hung(i))
        x.resume(i);
    x.run(240);
  }

  void check(uint64_t seed) {
    std::vector<size_t> up;
    for (size_t i = 0; i < most; ++i)
      if (x.is_up(i))
        up.push_back(i);
    for (auto i : up) {
      auto fleet = x.at(i).fleet();
      BOOST_TEST(fleet.size() == up.size() - 1,
                 "seed " << seed << ": worker " << i << " sees " << fleet.size()
                         << " of " << up.size() - 1);
      for (auto& one : fleet) {
        auto who = std::stoul(one.last.who.name.text().substr(1));
        BOOST_TEST(x.is_up(who), "seed " << seed << ": a dead one is seen");
        BOOST_TEST(!one.doubted, "seed " << seed << ": one is doubted");
        auto said = told.find(who);
        BOOST_TEST(one.last.facts == (said == told.end() ? "{}" : said->second),
                   "seed " << seed << ": an old word of worker " << who);
      }
    }
  }

  net x;
  std::mt19937_64 dice;
  std::map<size_t, std::string> told;
};

} // namespace

BOOST_AUTO_TEST_CASE(whatever_happens_a_fleet_finds_together_again) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    play x{seed};
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 60; ++i)
        x.step();
      x.settle();
      x.check(seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_large_fleet_says_no_more_than_its_size_allows) {
  // Bytes and frames a second and worker while nothing happens.
  double last_frames = 0;
  for (size_t n : {3, 30, 100}) {
    net x{1};
    for (size_t i = 0; i < n; ++i)
      x.start(i, {0, 1, 2});
    x.run(60);
    for (size_t i = 0; i < n; ++i)
      BOOST_TEST(x.at(i).fleet().size() == n - 1);
    auto frames = x.frames;
    auto bytes = x.bytes;
    x.run(60);
    auto per_worker = 60 * static_cast<double>(n);
    auto frames_s = static_cast<double>(x.frames - frames) / per_worker;
    auto bytes_s = static_cast<double>(x.bytes - bytes) / per_worker;
    BOOST_TEST_MESSAGE(n << " workers: " << frames_s << " frames/s, " << bytes_s
                         << " bytes/s each");
    if (last_frames > 0)
      BOOST_TEST(frames_s < last_frames * 12);
    BOOST_TEST(frames_s < 60);
    BOOST_TEST(bytes_s < 20'000);
    last_frames = frames_s;
  }
}

// Else workers that have nothing new to say would not plan together.
BOOST_AUTO_TEST_CASE(no_word_of_a_quiet_fleet_is_too_old_to_plan_with) {
  auto valid_s
    = std::chrono::duration<double>(supervisor::peer::config{}.words_valid)
        .count();
  for (size_t n : {3, 30}) {
    net x{1};
    for (size_t i = 0; i < n; ++i)
      x.start(i, {0, 1});
    x.run(60);
    double oldest_s = 0;
    for (int second = 0; second < 180; ++second) {
      x.run(1);
      for (size_t i = 0; i < n; ++i)
        for (auto& other : x.at(i).fleet())
          oldest_s = std::max(oldest_s, x.now_s - other.told_s);
    }
    BOOST_TEST(oldest_s > 0);
    BOOST_TEST(oldest_s < valid_s - 15);
  }
}
