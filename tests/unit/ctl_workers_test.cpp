// How c3ctl shows the workers' heartbeats.
#include "app/ctl/worker_text.hpp"
#include "messages/text/json.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::ctl;

namespace {

constexpr double now_s = 1'700'000'000;

worker_view one() {
  return {"w1",
          {{"version", "1.2.3"},
           {"host", "h1"},
           {"incarnation", "1699996400000"},
           {"started_at", "1699996400"},
           {"seen_at", "1699999997"},
           {"max_gpus", "4"},
           {"slots", "3"},
           {"free_slots", "1"},
           {"gpus_ready", "3"},
           {"gpus_booting", "1"},
           {"gpus_stopping", "0"},
           {"jobs", "2"},
           {"draining", "0"},
           {"unfit", ""},
           {"error", "gpu 2: no answer"},
           {"error_at", "1699999940"}},
          now_s};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ctl_workers)

BOOST_AUTO_TEST_CASE(a_line_shows_how_a_worker_fares) {
  BOOST_TEST(
    workers_table({one()})
    == "worker  state  up   free    gpus                jobs  seen     "
       "version  host  last error\n"
       "w1      works  1 h  1 of 3  3 ready, 1 booting  2     3 s ago  "
       "1.2.3    h1    1 min ago: gpu 2: no answer\n");
}

BOOST_AUTO_TEST_CASE(the_state_says_why_a_worker_takes_nothing) {
  auto x = one();
  x.fields["unfit"] = "disk";
  BOOST_TEST(worker_state(x) == "unfit: disk");
  x.fields["draining"] = "1";
  BOOST_TEST(worker_state(x) == "draining");
}

BOOST_AUTO_TEST_CASE(a_worker_without_a_heartbeat_is_silent) {
  auto text = workers_table({{"w2", {}, now_s}});
  BOOST_TEST(contains(text, "w2      silent  -   -     -     -"), text);
  BOOST_TEST(worker_json({"w2", {}, now_s})
             == R"({"id":"w2","state":"silent"})");
}

BOOST_AUTO_TEST_CASE(addresses_are_shown_when_there_are_any) {
  auto x = one();
  BOOST_TEST(!contains(workers_table({x}), "cluster"));
  x.fields["cluster"] = "10.0.0.1:7000";
  BOOST_TEST(contains(workers_table({x}), "10.0.0.1:7000"));
}

BOOST_AUTO_TEST_CASE(it_shows_who_sees_too_few_of_the_others) {
  auto x = one();
  x.fields["cluster"] = "10.0.0.1:7000";
  x.fields["peers"] = "2";
  x.fields["plans_with_peers"] = "1";
  auto y = x;
  y.fields["plans_with_peers"] = "0";
  auto z = x;
  z.fields["peers"] = "0";
  auto stranger = one();
  auto text = workers_table({x, y, z, stranger});
  BOOST_TEST(contains(text, "  2 of 2           10.0.0.1:7000"), text);
  BOOST_TEST(contains(text, "  2 of 2, no plan  10.0.0.1:7000"), text);
  BOOST_TEST(contains(text, "  0 of 2           10.0.0.1:7000"), text);
  BOOST_TEST(contains(text, "  -                -  "), text);
}

BOOST_AUTO_TEST_CASE(json_has_all_of_it) {
  auto text = worker_json(one());
  auto doc = json::parse(text);
  BOOST_REQUIRE(doc);
  BOOST_TEST(json::string_or_empty(*doc, "version") == "1.2.3");
  BOOST_TEST(json::number(*doc, "free_slots").value_or(-1) == 1);
  BOOST_TEST(json::number(*doc, "incarnation").value_or(-1)
             == 1'699'996'400'000.0);
  BOOST_TEST(json::number(*doc, "up_s").value_or(-1) == 3'600);
  BOOST_TEST(contains(text, R"("gpus":{"ready":3,"booting":1,"launching":0,)"),
             text);
  BOOST_TEST(contains(text, R"("draining":false)"), text);
  BOOST_TEST(contains(text, R"("error":"gpu 2: no answer")"), text);
}

// Whoever may write to Redis may write anything there.
BOOST_AUTO_TEST_CASE(garbage_does_no_harm) {
  worker_view x{"a\x1b[2J",
                {{"gpus_ready", "1e99"},
                 {"slots", "-5"},
                 {"started_at", "nan"},
                 {"host", "b\nc"},
                 {"draining", "yes"}},
                now_s};
  auto text = workers_table({x});
  BOOST_TEST(!contains(text, "\x1b"), text);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 2);
  BOOST_TEST(json::parse(worker_json(x)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
