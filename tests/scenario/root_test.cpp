// A part of a live worker ends by itself: the whole worker ends within seconds
// and names the part, and another worker does its jobs.
#include "app/harness/fleet_scenario.hpp"

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

using namespace render;
using namespace render::harness;

namespace {

struct scenario : fleet_scenario {
  explicit scenario(uint64_t seed = 1) : fleet_scenario(seed) {
    world->options.log = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
    // The place in the source would stand between: it carries events.
    world->options.log->set_pattern("[%l] %v");
  }

  sim_node& first() {
    return *world->find_node(1);
  }

  caf::actor part(const std::string& name) {
    for (auto& [each, handle] : sim_world::parts_of(first()))
      if (each == name)
        return handle;
    return {};
  }

  size_t lines(const std::string& what) const {
    size_t out = 0;
    auto all = text.str();
    for (auto at = all.find(what); at != std::string::npos;
         at = all.find(what, at + 1))
      ++out;
    return out;
  }

  std::ostringstream text;
};

const auto& parts = sim_world::part_names();

} // namespace

BOOST_AUTO_TEST_SUITE(a_part_that_ends)

BOOST_AUTO_TEST_CASE(ends_the_node_and_its_job_is_done_elsewhere) {
  for (auto& name : parts) {
    BOOST_TEST_CONTEXT(name) {
      scenario s;
      s.given_a_warm_worker();
      auto job = s.when_a_job_is_pushed("csm", 30);
      s.after(5);
      BOOST_TEST(s.status(job) == "running");
      caf::anon_send_exit(s.part(name), caf::exit_reason::unhandled_exception);
      auto took = s.until(
        [&] {
          return s.first().drained;
        },
        60);
      BOOST_TEST(took >= 0);
      BOOST_TEST(took <= 5.1);
      BOOST_TEST(!s.first().clean);
      BOOST_TEST(s.lines("[error] the " + name + " actor has ended") == 1u,
                 s.text.str());
      s.world->kill_node(1);
      s.given_workers(1);
      BOOST_TEST(s.until(
                   [&] {
                     return s.status(job) == "success" && s.deliveries(job) > 0;
                   },
                   600)
                 > 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(at_the_very_start_counts_too) {
  for (auto& name : parts) {
    BOOST_TEST_CONTEXT(name) {
      scenario s;
      s.world->add_node();
      caf::anon_send_exit(s.part(name), caf::exit_reason::unhandled_exception);
      BOOST_TEST(s.until(
                   [&] {
                     return s.first().drained;
                   },
                   60)
                 >= 0);
      BOOST_TEST(!s.first().clean);
    }
  }
}

BOOST_AUTO_TEST_CASE(by_order_is_no_fault) {
  scenario s;
  s.given_a_warm_worker();
  s.world->drain_node(1);
  BOOST_TEST(s.until(
               [&] {
                 return s.first().drained;
               },
               60)
             >= 0);
  BOOST_TEST(s.first().clean);
  s.world->kill_node(1);
  s.after(10);
  BOOST_TEST(s.lines("actor has ended") == 0u, s.text.str());
}

BOOST_AUTO_TEST_CASE(is_the_same_with_the_same_seed) {
  auto play = [](uint64_t seed) {
    scenario s{seed};
    s.given_a_warm_worker();
    s.when_a_job_is_pushed("csm", 30);
    s.after(5);
    caf::anon_send_exit(s.part("WEBHOOK"), caf::exit_reason::kill);
    s.after(20);
    return s.world->time.hash();
  };
  BOOST_TEST(play(7) == play(7));
  BOOST_TEST(play(7) != play(8));
}

BOOST_AUTO_TEST_SUITE_END()
