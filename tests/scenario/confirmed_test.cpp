// What a worker goes on confirming, and what it leaves to others.
#include "tests/support/virtual_worker.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <iterator>
#include <set>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_worker_confirms)

BOOST_AUTO_TEST_CASE(its_jobs_and_gpus_as_long_as_it_has_them) {
  virtual_worker x;
  x.default_script.takes = 2min;
  x.start();
  x.push("a");
  x.advance(20s);
  BOOST_REQUIRE(x.status("a") == "running");
  for (int i = 0; i < 5; ++i) {
    x.store->confirmed.clear();
    x.store->gpus.confirmed.clear();
    x.advance(10s);
    BOOST_TEST((x.store->confirmed
                == std::vector<msg::job_claim>{{"a", 1, x.entry_ids.at(1)}}));
    BOOST_TEST(
      (x.store->gpus.confirmed == std::vector<ledger_id>{x.entry_ids.at(1)}));
  }
  x.advance(2min);
  BOOST_REQUIRE(x.status("a") == "success");
  BOOST_TEST(x.store->confirmed.empty());
}

// Whatever it was doing: its entry is another GPU INSTANCE's, or nobody's, so
// that some worker adopts what it has launched, or stops it.
BOOST_AUTO_TEST_CASE(no_gpu_whose_instance_has_died_in_any_state_of_a_launch) {
  std::set<std::string> deaths;
  for (auto lost_answers : {0u, 1u})
    for (auto at = 250ms; at <= 12s; at += 250ms) {
      BOOST_TEST_CONTEXT("killed after " << at.count() << " ms, "
                                         << lost_answers << " answers lost") {
        virtual_worker x;
        x.cloud->answer_takes = 1s;
        x.cloud->boot_time = 8s;
        x.cloud->lose_answers = lost_answers;
        x.start();
        x.push("a");
        x.advance(at);
        BOOST_REQUIRE(!x.gpus.empty());
        auto id = x.entry_ids.at(1);
        BOOST_REQUIRE(x.store->gpus.entries.contains(id));
        deaths.insert(std::string{to_string(x.store->gpus.entries[id].state)});
        caf::anon_send_exit(x.gpus.at(1), caf::exit_reason::kill);
        x.run();
        x.advance(10s);
        auto has_heir = std::any_of(std::next(x.entry_ids.begin()),
                                    x.entry_ids.end(), [&](auto& heir) {
                                      return heir.second == id;
                                    });
        auto& confirmed = x.store->gpus.confirmed;
        auto is_confirmed = std::count(confirmed.begin(), confirmed.end(), id)
                            > 0;
        BOOST_TEST((has_heir || !is_confirmed));
        // It is stopped, or its entry is there for whoever adopts it.
        auto is_there = x.store->gpus.entries.contains(id);
        BOOST_TEST(is_there == (is_confirmed || !has_heir));
        // What runs stands in the ledger.
        BOOST_TEST(x.cloud->running() <= x.store->gpus.entries.size());
      }
    }
  BOOST_TEST(deaths == (std::set<std::string>{"intent", "running", "ready"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_of_an_instance_that_has_died_before_its_intent) {
  virtual_worker x;
  x.cloud->list_takes = 1s;
  x.start();
  x.push("a");
  x.advance(500ms);
  BOOST_REQUIRE(!x.gpus.empty());
  BOOST_REQUIRE(x.store->gpus.entries.empty());
  caf::anon_send_exit(x.gpus.at(1), caf::exit_reason::kill);
  x.run();
  BOOST_TEST(x.log->count("launch") == 0u);
  x.advance(5min);
  BOOST_TEST(x.status("a") == "success");
  BOOST_TEST(x.log->count("launch") == 1u, x.log->text());
}

BOOST_AUTO_TEST_CASE(no_gpu_whose_instance_has_died_while_it_stops) {
  virtual_worker x;
  x.cloud->stop_takes = 2s;
  x.start();
  x.warm_up();
  auto stopping = [&] {
    return x.log->count("stop w1") > 0;
  };
  for (int i = 0; i < 600 && !stopping(); ++i)
    x.advance(1s);
  BOOST_REQUIRE(stopping());
  auto id = x.entry_ids.at(1);
  BOOST_REQUIRE(x.store->gpus.entries.contains(id));
  caf::anon_send_exit(x.gpus.at(1), caf::exit_reason::kill);
  x.run();
  x.advance(10s);
  auto& confirmed = x.store->gpus.confirmed;
  auto has_heir = x.entry_ids.size() > 1 && x.entry_ids.at(2) == id;
  BOOST_TEST((has_heir || !std::count(confirmed.begin(), confirmed.end(), id)));
  x.advance(5min);
  BOOST_TEST(x.cloud->running() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
