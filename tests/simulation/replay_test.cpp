// What of a run c3-sim shows of one job, GPU or worker.
#define BOOST_TEST_MODULE replay
#include "app/simulator/replay.hpp"
#include "app/simulator/run_options.hpp"

#include <boost/test/unit_test.hpp>

using namespace render::simulator;

namespace {

bool shows(const std::string& message, std::string_view what) {
  return concerns({{}, 7, "gpu-instance", message}, what);
}

} // namespace

BOOST_AUTO_TEST_CASE(what_names_it_is_shown) {
  BOOST_TEST(shows("", "all"));
  BOOST_TEST(shows("", "gpu-instance"));
  BOOST_TEST(!shows("", "gpu"));
  BOOST_TEST(shows(R"(("e1", "wl-2"))", "wl-2"));
  BOOST_TEST(shows("launched as workload wl-2", "wl-2"));
  BOOST_TEST(!shows(R"(("e1", "wl-22"))", "wl-2"));
  BOOST_TEST(shows(R"(("wl-22", gpu22.sim, wl-2))", "wl-2"));
}

BOOST_AUTO_TEST_CASE(what_names_everything_is_not) {
  BOOST_TEST(!shows(R"((["wl-2", "a", "wl-3", "b"]))", "wl-2"));
  std::string late(300, ' ');
  late += "wl-2";
  BOOST_TEST(!shows(late, "wl-2"));
}

// However long ago it was.
BOOST_AUTO_TEST_CASE(a_run_keeps_only_what_is_to_be_shown) {
  run_options o;
  o.nodes = 2;
  o.jobs = 20;
  o.hours = 0.1;
  auto run = make_run(o);
  BOOST_REQUIRE(run);
  run->record_from_s = 0;
  run->record_limit = 5;
  run->record_only = [](auto& entry) {
    return concerns(entry, "wl-1");
  };
  auto got = run_fleet(*run);
  BOOST_TEST(got.recorded.size() == 5u);
  for (auto& entry : got.recorded)
    BOOST_TEST(concerns(entry, "wl-1"), entry.message);
}
