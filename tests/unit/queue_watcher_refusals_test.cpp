// Jobs that never run: whose id is no id, and what the log says of them all;
// and a Redis that fails.
#include "tests/unit/queue_watcher_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::queue_watcher;

namespace {

const std::string uuid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

policy asking_for_one() {
  auto out = awake(slots(2));
  out.on_head({true}, t0);
  return out;
}

std::vector<std::string> lines(const effects& xs) {
  std::vector<std::string> out;
  for (auto& x : all<tell>(xs))
    out.push_back(x.text);
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(an_id)

BOOST_AUTO_TEST_CASE(that_is_a_path_is_a_flaw_before_all_others) {
  auto x = good_job("/srv/data/backup");
  x.complete_by_s = t0 - 1;
  x.data = "{";
  BOOST_REQUIRE(flaw_of(x, t0));
  BOOST_TEST((flaw_of(x, t0)->kind == failure_kind::invalid_input));
  BOOST_TEST(flaw_of(x, t0)->message.find("id: got \"/srv/data/backup\"")
             == 0u);
}

BOOST_AUTO_TEST_CASE(that_is_a_path_is_not_handed_over_to_run) {
  auto x = asking_for_one();
  auto out = x.on_claimed(claimed({good_job("../keep"), good_job(uuid)}),
                          both(t0));
  auto given = all<deliver>(out);
  BOOST_REQUIRE(given.size() == 1u);
  BOOST_REQUIRE(given[0].what.jobs.size() == 1u);
  BOOST_TEST(given[0].what.jobs[0].id.text() == uuid);
  BOOST_REQUIRE(given[0].what.unfit.size() == 1u);
  BOOST_TEST(given[0].what.unfit[0].subject.id == "../keep");
}

BOOST_AUTO_TEST_CASE(that_is_a_path_is_rejected_without_a_slot) {
  auto x = awake(slots(0));
  x.on_head({true}, t0);
  auto out = x.on_peeked({{good_job("a\n\x1b[2Jb")}, 1}, both(t0));
  BOOST_REQUIRE(all<reject>(out).size() == 1u);
  BOOST_TEST(all<reject>(out)[0].job_id == "a\n\x1b[2Jb");
}

BOOST_AUTO_TEST_CASE(that_is_no_uuid_is_spoken_of_once) {
  auto x = asking_for_one();
  auto out = x.on_claimed(claimed({good_job(uuid)}), both(t0));
  BOOST_TEST(lines(out).empty());
  out = x.on_claimed(claimed({good_job("a"), good_job("b")}), both(t0));
  BOOST_REQUIRE(lines(out).size() == 1u);
  BOOST_TEST(lines(out)[0].find("job a (csm): its id is no UUID") == 0u);
  BOOST_TEST(all<deliver>(out)[0].what.jobs.size() == 2u);
  BOOST_TEST(lines(x.on_claimed(claimed({good_job("c")}), both(t0))).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_job_whose_notify_url_is_of_no_use)

BOOST_AUTO_TEST_CASE(runs_and_the_log_says_that_nobody_is_told) {
  auto x = good_job(uuid);
  x.data = R"({"text":"Hi.","notify_url":"ftp://h/secret"})";
  auto out = asking_for_one().on_claimed(claimed({x}), both(t0));
  BOOST_REQUIRE(all<deliver>(out).size() == 1u);
  BOOST_TEST(all<deliver>(out)[0].what.jobs.size() == 1u);
  BOOST_REQUIRE(lines(out).size() == 1u);
  BOOST_TEST(lines(out)[0].find("job " + uuid + " (csm): its notify_url")
             == 0u);
  BOOST_TEST(lines(out)[0].find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_job_that_never_runs)

BOOST_AUTO_TEST_CASE(is_in_the_log_with_the_reason) {
  auto bad = good_job(uuid);
  bad.data = R"({"text":"Hi.","topk":0})";
  auto out = asking_for_one().on_claimed(claimed({bad}), both(t0));
  BOOST_REQUIRE(lines(out).size() == 1u);
  BOOST_TEST(lines(out)[0].find("job " + uuid + " (csm): refused: topk: got 0")
             == 0u);
}

BOOST_AUTO_TEST_CASE(is_in_the_log_with_its_wait_when_it_has_expired) {
  auto late = good_job(uuid);
  late.created_at_s = t0 - 136;
  late.complete_by_s = t0 - 1;
  auto out = asking_for_one().on_claimed(claimed({late}), both(t0));
  BOOST_REQUIRE(lines(out).size() == 1u);
  BOOST_TEST(lines(out)[0]
             == "job " + uuid
                  + " (csm): expired: waited 136 s, and its complete_by has "
                    "passed");
}

BOOST_AUTO_TEST_CASE(is_in_the_log_when_the_job_store_has_found_it) {
  msg::claimed_jobs got;
  got.unfit.push_back({good_job("a\nb", "tele\x1bport"),
                       {failure_kind::invalid_input, "type: got \"x\""}});
  auto out = awake(slots(1)).on_rejected("a", got, both(t0));
  BOOST_REQUIRE(lines(out).size() == 1u);
  BOOST_TEST(lines(out)[0]
             == "job a\\x0ab (tele\\x1bport): refused: type: got \"x\"");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_failure_of_redis)

BOOST_AUTO_TEST_CASE(is_waited_out_longer_and_longer) {
  auto x = awake(slots(1));
  std::vector<int64_t> delays;
  for (int i = 0; i < 8; ++i) {
    auto out = x.on_wait_failed(broken, t0);
    auto timer = all<arm_timer>(out).at(0);
    delays.push_back(timer.delay / 1ms);
    BOOST_TEST(all<wait_for_work>(x.on_timer(timer.generation, t0)).size()
               == 1u);
  }
  std::vector<int64_t> expected{100, 200, 400, 800, 1'600, 3'200, 5'000, 5'000};
  BOOST_TEST(delays == expected, boost::test_tools::per_element());
  x.on_head({false}, t0);
  BOOST_TEST(all<arm_timer>(x.on_wait_failed(broken, t0)).at(0).delay / 1ms
             == 100);
}

BOOST_AUTO_TEST_CASE(stops_no_claim_for_good) {
  auto x = awake(slots(1));
  x.on_head({true}, t0);
  auto timer = all<arm_timer>(x.on_claim_failed(broken, t0)).at(0);
  BOOST_TEST(x.on_capacity(slots(2), t0).empty());
  BOOST_TEST(all<claim>(x.on_timer(timer.generation, t0 + 0.1)).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
