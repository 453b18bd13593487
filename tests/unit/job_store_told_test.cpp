// What people find in the record of a job, and in the events, of its attempts.
#include "tests/unit/duties_player.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::job_store;

BOOST_AUTO_TEST_SUITE(a_record)

BOOST_AUTO_TEST_CASE(tells_its_attempts_its_stages_and_its_gpu) {
  played_world world;
  played_worker x{world, "w1"};
  world.push("a");
  auto got = x.ask(x.all.queue, &queue::claim, msg::claim_jobs{{{{"csm"}, 1}}});
  x.serve();
  auto a = got->what->value().jobs.at(0);
  BOOST_TEST(world.field("job:a", "worker") == "w1");
  x.all.jobs.confirm(msg::confirm_jobs{{{a.id, a.fence, "e1"}}});
  world.now_ms += 1'000;
  for (auto stage : {"fetch", "render 1/2", "render 2/2"})
    x.ask(x.all.jobs, &job_ends::progress,
          msg::report_progress{"a", stage, 0.5, a.fence});
  x.serve();
  BOOST_TEST(world.field("job:a", "stages")
             == "1700000001.000 fetch\n1700000001.000 render");
  BOOST_TEST(world.field("job:a", "gpu") == "e1");
  world.now_ms += 1'000;
  a.attempt = 2;
  a.history = {"node lost"};
  x.all.jobs.note_attempt({a, "e1"});
  x.serve();
  BOOST_TEST(world.field("job:a", "stages") == "");
  BOOST_TEST(world.field("job:a", "gpu") == "");
  BOOST_TEST(world.field("job:a", "attempt_1")
             == R"({"worker":"w1","gpu":"e1","began":1700000000.000,)"
                R"("ended":1700000002.000,"how":"node lost"})");
  world.now_ms += 1'000;
  x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}, "e2"});
  x.serve();
  BOOST_TEST(world.field("job:a", "attempt_2")
             == R"({"worker":"w1","gpu":"e2","began":1700000002.000,)"
                R"("ended":1700000003.000,"how":"success"})");
  BOOST_TEST(world.field("job:a", "gpu") == "e2");
  BOOST_TEST(world.run({"ZSCORE", "c3:ended:csm", "a"}).text
             == "1700000003000");
  std::string events;
  for (auto& entry : world.run({"XRANGE", "c3:events", "-", "+"}).elements)
    events += entry.elements[1].elements[1].text + " ";
  BOOST_TEST(events == "job_claimed job_attempt_failed job_ended ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_counts)

// Reports and renewals say so while its end is on the way, which counts.
BOOST_AUTO_TEST_CASE(have_a_job_once_that_is_not_ours_at_its_end) {
  played_world world;
  played_worker x{world, "w1"};
  x.serve();
  world.push("a");
  auto got = x.ask(x.all.queue, &queue::claim, msg::claim_jobs{{{{"csm"}, 1}}});
  x.serve();
  auto a = got->what->value().jobs.at(0);
  world.run({"HSET", "job:a", "locked_by", "w2", "fence", "9"});
  // The end gets no answer yet.
  x.ask(x.all.jobs, &job_ends::settle, msg::settle_job{a, {}});
  auto end = std::move(x.port.sent.front());
  x.port.sent.pop_front();
  auto& seen = *x.port.cfg.counts;
  for (int i = 0; i < 2; ++i) {
    x.ask(x.all.jobs, &job_ends::progress,
          msg::report_progress{"a", "render", 0.5, a.fence});
    x.serve();
  }
  BOOST_TEST(seen.runs_fenced.get() == 0u);
  x.port.sent.push_back(std::move(end));
  x.serve();
  BOOST_TEST(seen.runs_fenced.get() == 0u);
  BOOST_TEST(seen.ends_fenced.get() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
