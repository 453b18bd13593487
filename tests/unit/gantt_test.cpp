// What GPUs did over time.
#include "app/records/gantt.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace render;
using namespace render::records;

namespace {

using events = std::vector<told_event>;

told_event gpu_event(double at_s, const std::string& what,
                     const std::string& gpu = "g") {
  return {at_s, "gpu_" + what, {{"gpu", gpu}}};
}

told_event claimed(double at_s, const std::string& job) {
  return {at_s, "job_claimed", {{"job", job}, {"type", "csm"}}};
}

told_event
ended(double at_s, const std::string& job, const std::string& gpu = "g",
      const std::string& what = "job_ended", const std::string& attempt = "1") {
  return {at_s, what, {{"job", job}, {"gpu", gpu}, {"attempt", attempt}}};
}

open_gpu open(const std::string& state, const std::string& launched_at,
              double age_s = 0) {
  record fields{{"type", "media:fast"},
                {"owner", "w"},
                {"state", state},
                {"launched_at", launched_at}};
  return {"g", fields, 20, age_s, age_s};
}

closed_gpu closed(double launched_s, double stopped_s) {
  closed_gpu out;
  out.id = "g";
  out.type = "media:fast";
  out.worker = "w";
  out.launched_s = launched_s;
  out.stopped_s = stopped_s;
  out.rented_s = stopped_s - launched_s;
  return out;
}

/// "boot 10-20 job:a 20-30".
std::string text_of(const gantt_row& row) {
  std::ostringstream out;
  const char* names[] = {"boot", "idle", "job", "drain"};
  for (auto& x : row.segments) {
    out << (out.tellp() > 0 ? " " : "") << names[static_cast<int>(x.kind)];
    if (!x.job.empty())
      out << ":" << x.job;
    out << " " << x.from_s << "-" << x.to_s;
  }
  return out.str();
}

std::string one(const std::vector<gpu_life>& lives,
                const std::vector<job_run>& runs, double from_s = 0,
                double to_s = 100) {
  auto rows = gantt(lives, runs, from_s, to_s);
  BOOST_REQUIRE(rows.size() == 1);
  return text_of(rows[0]);
}

} // namespace

BOOST_AUTO_TEST_SUITE(gantts)

BOOST_AUTO_TEST_CASE(a_gpu_boots_waits_works_and_drains) {
  events told{gpu_event(20, "ready"), claimed(30, "a"),
              ended(40, "a"),         claimed(40, "b"),
              ended(60, "b"),         gpu_event(80, "stopping")};
  auto lives = lives_of({}, {closed(10, 90)}, told, 100);
  BOOST_TEST(one(lives, runs_of_events(told, 0))
             == "boot 10-20 idle 20-30 job:a 30-40 job:b 40-60 idle 60-80 "
                "drain 80-90");
  auto rows = gantt(lives, runs_of_events(told, 0), 0, 100);
  BOOST_TEST(rows[0].gpu.type == "media:fast");
  BOOST_TEST(rows[0].gpu.worker == "w");
  BOOST_TEST(rows[0].segments[2].type == "csm");
}

BOOST_AUTO_TEST_CASE(only_what_lies_between_the_times_is_shown) {
  events told{gpu_event(20, "ready"), claimed(30, "a"), ended(60, "a")};
  auto lives = lives_of({}, {closed(10, 90)}, told, 100);
  BOOST_TEST(one(lives, runs_of_events(told, 0), 40, 50) == "job:a 40-50");
  BOOST_TEST(one(lives, runs_of_events(told, 0), 15, 25)
             == "boot 15-20 idle 20-25");
  BOOST_TEST(gantt(lives, {}, 90, 100).empty());
  // Nobody ends before the launch, but anybody may write so.
  BOOST_TEST(one(lives_of({}, {closed(50, 10)}, {}, 100), {}, 5, 60) == "");
  BOOST_TEST(gantt(lives, {}, 0, 10).empty());
}

BOOST_AUTO_TEST_CASE(an_open_gpu_is_as_its_state_says) {
  BOOST_TEST(one(lives_of({open("running", "10")}, {}, {}, 100), {})
             == "boot 10-100");
  BOOST_TEST(one(lives_of({open("ready", "10")}, {}, {}, 100), {})
             == "idle 10-100");
  BOOST_TEST(
    one(lives_of({open("ready", "10")}, {}, {gpu_event(30, "ready")}, 100), {})
    == "boot 10-30 idle 30-100");
  BOOST_TEST(
    one(lives_of({open("stopping", "10")}, {},
                 {gpu_event(30, "ready"), gpu_event(70, "stopping")}, 100),
        {})
    == "boot 10-30 idle 30-70 drain 70-100");
  BOOST_TEST(one(lives_of({open("stopping", "10")}, {}, {}, 100), {})
             == "idle 10-100");
  // Stopped while it booted.
  BOOST_TEST(one(lives_of({open("stopping", "10")}, {},
                          {gpu_event(70, "stopping")}, 100),
                 {})
             == "boot 10-70 drain 70-100");
  BOOST_TEST(lives_of({open("intent", "0", 5)}, {}, {}, 100).empty());
  // A version that does not write when it was launched.
  BOOST_TEST(one(lives_of({open("running", "0", 40)}, {}, {}, 100), {})
             == "boot 60-100");
}

BOOST_AUTO_TEST_CASE(an_ended_gpu_tells_itself_how_long_it_booted) {
  auto x = closed(10, 90);
  BOOST_TEST(one(lives_of({}, {x}, {}, 100), {}) == "idle 10-90");
  x.spent = closed_gpu::split{0, 20, 10, 30, 20};
  BOOST_TEST(one(lives_of({}, {x}, {}, 100), {})
             == "boot 10-30 idle 30-70 drain 70-90");
  // Another worker's time is not known.
  x.spent = closed_gpu::split{40, 0, 10, 10, 20};
  BOOST_TEST(one(lives_of({}, {x}, {}, 100), {}) == "idle 10-70 drain 70-90");
  x.spent = closed_gpu::split{0, 70, 0, 0, 10};
  BOOST_TEST(one(lives_of({}, {x}, {}, 100), {}) == "boot 10-80 drain 80-90");
}

BOOST_AUTO_TEST_CASE(jobs_in_several_slots_overlap) {
  std::vector<job_run> runs{{"g", "a", "csm", 1, 20, 50},
                            {"g", "b", "csm", 1, 30, 60},
                            {"other", "c", "csm", 1, 30, 60}};
  auto lives = lives_of({open("ready", "10")}, {}, {gpu_event(15, "ready")},
                        100);
  BOOST_TEST(one(lives, runs)
             == "boot 10-15 idle 15-20 job:a 20-50 job:b 30-60 idle 60-100");
  // One service takes jobs while another one boots.
  lives = lives_of({open("running", "10")}, {}, {}, 100);
  BOOST_TEST(one(lives, {{"g", "a", "csm", 1, 40, 0}})
             == "boot 10-40 job:a 40-100");
}

BOOST_AUTO_TEST_CASE(events_tell_of_runs) {
  events told{ended(5, "old"),
              claimed(10, "a"),
              ended(20, "a", "g1", "job_attempt_failed"),
              ended(30, "a", "g2", "job_ended", "2"),
              claimed(40, "b"),
              {50, "job_released", {{"job", "b"}}},
              claimed(60, "b"),
              ended(70, "b", "g2"),
              claimed(80, "c"),
              ended(90, "c", ""),
              claimed(95, "d")};
  std::ostringstream text;
  for (auto& x : runs_of_events(told, 1))
    text << x.gpu << ":" << x.job << ":" << x.type << x.attempt << " "
         << x.from_s << "-" << x.to_s << " ";
  BOOST_TEST(text.str()
             == "g:old:1 1-5 g1:a:csm1 10-20 g2:a:csm2 20-30 g2:b:csm1 60-70 ");
}

BOOST_AUTO_TEST_CASE(a_record_tells_of_runs) {
  record job{{"type", "csm"},
             {"status", "running"},
             {"gpu", "g2"},
             {"started_at", "10"},
             {"attempt", "3"},
             {"attempt_1", R"({"gpu":"g1","began":10,"ended":20})"},
             {"attempt_2", R"({"gpu":"g2","began":0,"ended":30})"},
             {"attempt_x", "junk"}};
  auto runs = runs_of_record("a", job);
  BOOST_REQUIRE(runs.size() == 2);
  BOOST_TEST(runs[0].gpu == "g1");
  BOOST_TEST(runs[0].attempt == 1u);
  BOOST_TEST(runs[0].to_s == 20);
  BOOST_TEST(runs[1].attempt == 3u);
  BOOST_TEST(runs[1].from_s == 30);
  BOOST_TEST(runs[1].to_s == 0);
  runs.push_back(runs[0]);
  BOOST_TEST(joined(runs).size() == 2u);
  job["status"] = "success";
  BOOST_TEST(runs_of_record("a", job).size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_ended_gpu_is_read_from_anything) {
  auto x = read_closed_gpu(
    R"({"id":"g","type":"t","launched_at":10,"stopped_at":90,"seconds":80,
        "boot_s":20,"idle_s":-3,"reason":"idle","refund_amount":0.5})");
  BOOST_REQUIRE(x.has_value());
  BOOST_TEST(x->id == "g");
  BOOST_TEST(x->rented_s == 80);
  BOOST_TEST(x->refund == 0.5);
  BOOST_REQUIRE(x->spent.has_value());
  BOOST_TEST(x->spent->boot_s == 20);
  BOOST_TEST(x->spent->idle_s == 0);
  BOOST_TEST(!read_closed_gpu(R"({"id":"g"})")->spent.has_value());
  for (auto wrong : {"", "[]", "7", "{"})
    BOOST_TEST(!read_closed_gpu(wrong).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
