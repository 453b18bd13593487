// The launch ledger from the GPU INSTANCE's side: no launch before its intent
// is written, no entry is closed before the stop is confirmed, and a GPU that
// another worker has adopted is left alone.
#include "tests/support/gpu_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

struct fixture : gpu_world {
  size_t events(const std::string& prefix) const {
    return log->count(prefix);
  }

  /// Starts a second GPU INSTANCE of the same worker.
  void start_second() {
    cfg.instance = 2;
    cfg.ledger_id = "e2";
    start();
  }

  void start_two() {
    start();
    start_second();
  }

  /// Makes a GPU that runs already, and returns its workload.
  gpu_workload machine(double expires_s) {
    cloud->boot_time = 0ms;
    return cloud->add("media:fast", expires_s);
  }
};

gpu_entry orphan(const gpu_workload& left, double now_s) {
  gpu_entry out;
  out.id = "left";
  out.type = "media:fast";
  out.state = left.workload.empty() ? gpu_entry_state::intent
                                    : gpu_entry_state::running;
  out.intent_s = now_s - 100;
  out.launched_s = left.workload.empty() ? 0 : now_s - 99;
  out.expires_s = static_cast<int64_t>(now_s) + 7'100;
  out.workload = left.workload;
  out.node = left.node;
  return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(launch_ledger, fixture)

BOOST_AUTO_TEST_CASE(knows_the_intent_the_workload_and_the_confirmed_stop) {
  start();
  advance(1s);
  BOOST_REQUIRE(ledger->entries.contains("e1"));
  auto& entry = ledger->entries["e1"];
  BOOST_TEST((entry.state == gpu_entry_state::ready));
  BOOST_TEST(!entry.workload.empty());
  BOOST_TEST(!entry.node.empty());
  BOOST_TEST(entry.expires_s > 0);
  send(msg::drain_gpu{"test"});
  advance(1s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(ledger->entries.empty());
  BOOST_REQUIRE_EQUAL(ledger->closed.size(), 1u);
  BOOST_TEST(ledger->closed[0].reason == "test");
}

BOOST_AUTO_TEST_CASE(a_launch_that_was_not_found_is_left_for_a_later_look) {
  cloud->lose_answers = 1;
  start();
  // The list lags for longer than the worker looks.
  cloud->hidden = {"w1"};
  advance(10s);
  BOOST_TEST(events("launch") == 2u);
  BOOST_TEST(ledger->left == std::vector<std::string>{"e1"});
  BOOST_TEST((ledger->entries["e1"].state == gpu_entry_state::intent));
  BOOST_TEST(ledger->entries["e1-1"].workload == "w2");
  // The worker asks about the second entry from here on.
  ledger->taken.insert("e1");
  advance(15s);
  BOOST_TEST((phase() == gpu_phase::ready));
  ledger->taken = {"e1-1"};
  advance(15s);
  BOOST_TEST((phase() == gpu_phase::gone));
}

BOOST_AUTO_TEST_CASE(nothing_is_launched_that_cannot_be_written_down) {
  ledger->outage = true;
  start();
  advance(1s);
  BOOST_TEST(events("launch") == 0u);
  ledger->outage = false;
  // The wait after the first failed try.
  advance(5s);
  BOOST_TEST(events("launch") == 1u);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_another_worker_took_is_left_alone) {
  start();
  advance(1s);
  run_job("a");
  ledger->taken.insert("e1");
  // Found out at the next health tick.
  advance(15s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("stop") == 0u);
  BOOST_TEST(ledger->left == std::vector<std::string>{"e1"});
}

BOOST_AUTO_TEST_CASE(one_that_could_not_be_renewed_is_let_go_at_once) {
  start();
  advance(1s);
  run_job("a");
  send(msg::check_gpu{"e1"});
  BOOST_TEST((phase() == gpu_phase::ready));
  ledger->taken.insert("e1");
  auto now = elapsed_ms();
  send(msg::check_gpu{"e1"});
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(log->first("ended a unavailable") == now);
  BOOST_TEST(events("stop w1") == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_wakes_up_late_does_not_stop_its_former_gpu) {
  start();
  advance(1s);
  ledger->taken.insert("e1");
  send(msg::drain_gpu{"test"});
  advance(1s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("stop") == 0u);
}

BOOST_AUTO_TEST_CASE(an_adopted_gpu_waits_15_s_for_a_job_and_is_stopped) {
  cfg.adopted = orphan(machine(unix_now() + 7'100), unix_now());
  start();
  advance(1s);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(events("launch") == 0u);
  advance(13s);
  BOOST_TEST((phase() == gpu_phase::ready));
  advance(2s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("stop") == 1u);
  BOOST_REQUIRE_EQUAL(ledger->closed.size(), 1u);
  BOOST_TEST(ledger->closed[0].entry.id == "left");
}

BOOST_AUTO_TEST_CASE(an_adopted_gpu_that_gets_a_job_lives_as_any_other) {
  cfg.adopted = orphan(machine(unix_now() + 7'100), unix_now());
  start();
  advance(1s);
  run_job("a");
  advance(300s);
  BOOST_TEST((phase() == gpu_phase::ready));
}

BOOST_AUTO_TEST_CASE(an_adopted_gpus_node_is_the_providers_word_alone) {
  auto gpu = machine(unix_now() + 7'100);
  cfg.adopted = orphan(gpu, unix_now());
  cfg.adopted->node = "thief.example";
  start();
  advance(1s);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(updates->back().node == gpu.node);
  // Each request to a GPU carries the API key.
  BOOST_TEST(log->text().find("thief") == std::string::npos, log->text());
  for (auto& x : *updates)
    BOOST_TEST(x.node != "thief.example");
}

BOOST_AUTO_TEST_CASE(an_adopted_gpu_that_is_not_listed_is_no_gpu) {
  cfg.adopted = orphan(machine(unix_now() + 7'100), unix_now());
  cloud->machines.clear();
  cfg.adopted->node = "thief.example";
  start();
  advance(20min);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("probe") == 0u, log->text());
  BOOST_TEST(events("stop") == 0u);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_was_being_stopped_is_stopped_when_it_is_ours) {
  cfg.adopted = orphan(machine(unix_now() + 7'100), unix_now());
  cfg.adopted->state = gpu_entry_state::stopping;
  cloud->list_failures = {{failure_kind::unavailable, "HTTP 502"}};
  start();
  advance(2s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("stop w1") == 1u, log->text());
  BOOST_TEST(ledger->closed.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_was_being_stopped_and_is_not_listed_is_closed) {
  cfg.adopted = orphan(machine(unix_now() + 7'100), unix_now());
  cfg.adopted->state = gpu_entry_state::stopping;
  cloud->hidden = {"w1"};
  start();
  advance(34s);
  BOOST_TEST(ledger->closed.empty());
  advance(6s);
  BOOST_TEST(ledger->closed.size() == 1u);
  BOOST_TEST(events("stop") == 0u);
}

// An entry in Redis may have been forged, and may name any workload of the
// account.
BOOST_AUTO_TEST_CASE(a_workload_that_no_launch_of_ours_can_have_made_is_left) {
  struct lie {
    std::string what;
    std::function<void(gpu_workload&)> theirs;
  };
  const std::vector<lie> lies{
    {"type",
     [](auto& x) {
       x.type = "ollama_webui:large";
     }},
    {"end",
     [](auto& x) {
       x.expires_s += 60;
     }},
  };
  for (auto& x : lies)
    for (auto state : {gpu_entry_state::stopping, gpu_entry_state::running,
                       gpu_entry_state::ready})
      for (auto drains : {false, true}) {
        BOOST_TEST_CONTEXT(x.what << " as " << to_string(state)
                                  << (drains ? ", draining" : "")) {
          fixture f;
          f.machine(f.unix_now() + 7'100);
          f.cfg.adopted = orphan(f.cloud->machines["w1"].record, f.unix_now());
          f.cfg.adopted->state = state;
          x.theirs(f.cloud->machines["w1"].record);
          f.start();
          if (drains)
            f.send(msg::drain_gpu{"no room for it"});
          f.advance(20min);
          BOOST_TEST((f.phase() == gpu_phase::gone));
          BOOST_TEST(f.events("stop") == 0u, f.log->text());
          BOOST_TEST(f.events("probe") == 0u);
          BOOST_TEST(f.cloud->running() == 1u);
          BOOST_TEST(f.ledger->closed.size() == 1u);
        }
      }
}

BOOST_AUTO_TEST_CASE(an_intent_whose_gpu_was_made_is_found_and_adopted) {
  auto left = orphan({}, unix_now());
  cfg.adopted = left;
  auto expires = static_cast<double>(left.expires_s);
  cfg.known_workloads = {machine(expires).workload};
  auto made = machine(expires).workload;
  // A stranger's workload: it has another lifetime.
  machine(expires + 60);
  start();
  advance(1s);
  BOOST_TEST((phase() == gpu_phase::ready));
  BOOST_TEST(updates->back().workload == made);
  BOOST_TEST(events("launch") == 0u);
}

BOOST_AUTO_TEST_CASE(an_intent_without_a_gpu_is_closed_after_40_s_of_looking) {
  cfg.adopted = orphan({}, unix_now());
  start();
  advance(34s);
  BOOST_TEST(ledger->closed.empty());
  advance(2s);
  BOOST_TEST(ledger->closed.size() == 1u);
  BOOST_TEST(events("launch") == 0u);
  BOOST_TEST(events("stop") == 0u);
}

BOOST_AUTO_TEST_CASE(in_doubt_nothing_is_touched_and_the_entry_stays) {
  auto left = orphan({}, unix_now());
  cfg.adopted = left;
  machine(static_cast<double>(left.expires_s));
  machine(static_cast<double>(left.expires_s));
  start();
  advance(60s);
  BOOST_TEST((phase() == gpu_phase::gone));
  BOOST_TEST(events("stop") == 0u);
  BOOST_TEST(ledger->closed.empty());
  BOOST_TEST(ledger->left == std::vector<std::string>{"left"});
}

// The list has both GPUs, and neither launch knows which GPU is its own.
BOOST_AUTO_TEST_CASE(two_lost_answers_of_one_second_leave_no_gpu_over) {
  cloud->lose_answers = 2;
  start_two();
  advance(1min);
  BOOST_TEST(events("launch") == 2u);
  BOOST_TEST(events("stop") == 0u);
  BOOST_REQUIRE_EQUAL(ledger->entries.size(), 2u);
  BOOST_TEST(ledger->entries["e1"].workload == "w1");
  BOOST_TEST(ledger->entries["e2"].workload == "w2");
  BOOST_TEST((ledger->entries["e2"].state == gpu_entry_state::ready));
}

// The first launch finds the second launch's GPU, whose answer is still under
// way.
BOOST_AUTO_TEST_CASE(an_answer_that_comes_late_gives_the_other_gpu) {
  cloud->lose_answers = 1;
  start();
  cloud->hidden = {"w1"};
  cloud->answer_takes = 4s;
  start_second();
  advance(3s);
  BOOST_TEST(ledger->entries["e1"].workload == "w2");
  cloud->hidden.clear();
  advance(1min);
  BOOST_TEST(ledger->entries["e2"].workload == "w1");
  BOOST_TEST(events("launch") == 2u);
  BOOST_TEST(events("stop") == 0u);
  BOOST_TEST(cloud->running() == 2u);
}

BOOST_AUTO_TEST_CASE(a_stranger_among_two_lost_answers_stops_both_launches) {
  cloud->lose_answers = 2;
  start_two();
  machine(unix_now() + 7'200);
  advance(1min);
  BOOST_TEST(events("launch") == 2u);
  BOOST_TEST(events("stop") == 0u);
  BOOST_TEST(ledger->closed.empty());
  BOOST_TEST(ledger->left.size() == 2u);
  BOOST_TEST(cloud->running() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
