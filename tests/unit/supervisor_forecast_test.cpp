// When a waiting job begins, by what the workers say.
#include "actors/supervisor/forecast.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;

namespace {

constexpr double now_s = 1'700'000'000;

outlook a_worker(uint32_t free, std::vector<double> boots,
                 std::vector<double> runs, uint32_t room = 0) {
  outlook::type x;
  x.facts.type = workload_type{"media:fast"};
  x.facts.free_slots = free;
  for (auto lasts : boots)
    x.facts.boots_left_s.push_back(-lasts);
  for (auto lasts : runs)
    x.facts.runs_left_s.push_back(-lasts);
  x.facts.boot = {10, 45, 65};
  x.facts.runs[0] = {10, 10, 20};
  x.kinds = {job_kind::csm};
  outlook out;
  out.types.push_back(std::move(x));
  out.room = room;
  return out;
}

forecast::start start_of(const outlook& x, size_t jobs) {
  forecast all;
  all.add(x, 0);
  auto got = all.of(std::vector<job_kind>(jobs, job_kind::csm), now_s);
  BOOST_REQUIRE(got);
  BOOST_TEST(got->low_s <= got->median_s);
  BOOST_TEST(got->median_s <= got->high_s);
  return *got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_forecast)

BOOST_AUTO_TEST_CASE(of_a_free_slot_is_now) {
  BOOST_TEST(start_of(a_worker(1, {}, {}), 1).high_s < 4);
}

BOOST_AUTO_TEST_CASE(of_a_boot_is_what_is_left_of_it) {
  auto young = start_of(a_worker(0, {0}, {}), 1);
  BOOST_TEST(young.low_s > 10);
  BOOST_TEST(young.high_s < 125);
  auto old = start_of(a_worker(0, {40}, {}), 1);
  BOOST_TEST(old.high_s < young.high_s);
}

BOOST_AUTO_TEST_CASE(of_a_queue_grows_with_it) {
  auto first = start_of(a_worker(0, {}, {5}), 1);
  auto tenth = start_of(a_worker(0, {}, {5}), 10);
  BOOST_TEST(first.high_s < 45);
  BOOST_TEST(tenth.low_s > 35);
  BOOST_TEST(tenth.high_s < 300);
}

BOOST_AUTO_TEST_CASE(of_a_launch_waits_as_strangers_do) {
  auto x = start_of(a_worker(0, {}, {}, 1), 1);
  BOOST_TEST(x.low_s > 20);
  BOOST_TEST(x.high_s < 200);
  auto fleet = a_worker(0, {}, {}, 1);
  fleet.plans_with_peers = true;
  BOOST_TEST(start_of(fleet, 1).median_s < x.median_s - 10);
  auto held = a_worker(0, {}, {}, 1);
  held.types[0].why = {launch_reason_kind::budget, 0, now_s + 900};
  auto y = start_of(held, 1);
  BOOST_TEST(y.low_s > 900);
  BOOST_TEST((y.why.kind == launch_reason_kind::budget));
}

BOOST_AUTO_TEST_CASE(says_when_nothing_can_come) {
  BOOST_TEST(start_of(a_worker(0, {}, {}, 0), 1).never);
  auto away = a_worker(1, {}, {}, 1);
  away.away = true;
  BOOST_TEST(start_of(away, 1).never);
  forecast none;
  BOOST_TEST(!none.of({job_kind::csm}, now_s));
  none.add(a_worker(1, {}, {}), 0);
  BOOST_TEST(!none.of({job_kind::analyze}, now_s));
  BOOST_TEST(!none.of({}, now_s));
}

BOOST_AUTO_TEST_CASE(says_when_it_guesses) {
  auto x = a_worker(0, {}, {}, 1);
  x.types[0].facts.boot = {};
  BOOST_TEST(start_of(x, 1).guessed);
}

BOOST_AUTO_TEST_CASE(is_the_same_for_the_same_words) {
  auto x = a_worker(0, {3}, {5}, 1);
  BOOST_TEST(start_of(x, 4).high_s == start_of(x, 4).high_s);
}

BOOST_AUTO_TEST_CASE(is_read_from_what_was_written) {
  auto x = a_worker(2, {3.5}, {1, 2}, 4);
  x.types[0].why = {launch_reason_kind::jitter, 1, now_s + 5, 2, 3, "a \"b\""};
  auto y = read_outlook(outlook_json(x));
  BOOST_REQUIRE(y);
  BOOST_TEST(y->room == 4u);
  BOOST_TEST((y->types[0].facts == x.types[0].facts));
  BOOST_TEST((y->types[0].kinds == x.types[0].kinds));
  BOOST_TEST(y->types[0].why.words == "a \"b\"");
  BOOST_TEST(y->types[0].why.until_s == now_s + 5);
  for (auto text : {"", "x", "[]", "{}", R"({"types":1})"})
    BOOST_TEST(!read_outlook(text), text);
  auto odd = read_outlook(R"({"room":-5,"types":[1,{"free":1e99,"runs":["x"],)"
                          R"("boot":[1,2],"csm":[0,1,2],"reason":"new"}]})");
  BOOST_REQUIRE(odd);
  BOOST_TEST(odd->room == 0u);
  BOOST_TEST(odd->types.at(0).facts.free_slots == 10'000u);
  BOOST_TEST(odd->types[0].facts.boot.count == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
