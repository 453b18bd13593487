// `c3ctl export-trace` against a real Redis: c3-sim can read the trace, and the
// trace has nothing of the jobs' content.
#define BOOST_TEST_MODULE ctl_trace
#include "app/simulator/trace.hpp"
#include "tests/integration/ctl_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;

namespace {

constexpr auto secret = R"({"monologue":["a private thought"]})";

std::string id_of(int n) {
  auto digits = std::to_string(n);
  return std::string{id}.substr(0, 36 - digits.size()) + digits;
}

struct trace_world : ctl_world {
  void put_finished(int n, const std::string& type, const std::string& created,
                    const std::string& started, const std::string& finished,
                    std::vector<std::string> more = {}) {
    more.insert(more.end(),
                {"type", type, "created_at", created, "started_at", started,
                 "finished_at", finished, "status", "success", "data", secret,
                 "result", "a private answer"});
    put_job(id_of(n), more);
  }

  std::string exported() {
    auto path = folder.path("queue.jsonl");
    auto got = run({"export-trace", "--output", path});
    BOOST_TEST(got.code == 0, got.text);
    said = got.text;
    return read_file(path);
  }

  std::string said;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(ctl_trace, trace_world)

BOOST_AUTO_TEST_CASE(an_empty_redis_gives_an_empty_trace) {
  BOOST_TEST(exported() == "");
  BOOST_TEST(said == "exported 0 jobs\n");
}

BOOST_AUTO_TEST_CASE(finished_jobs_are_written_oldest_first) {
  put_finished(2, "whisper", "1700000050", "1700000060.25", "1700000070.5",
               {"complete_by", "1700000650"});
  put_finished(1, "csm", "1700000000.5", "1700000001", "1700000004");
  BOOST_TEST(exported()
             == R"({"type":"csm","created_at":1700000000.500,"duration":3.000})"
                "\n"
                R"({"type":"whisper","created_at":1700000050.000,)"
                R"("duration":10.250,"complete_by":1700000650.000})"
                "\n");
  BOOST_TEST(said == "exported 2 jobs\n");
}

BOOST_AUTO_TEST_CASE(the_simulator_reads_what_was_exported) {
  for (int n = 1; n <= 2'500; ++n)
    put_finished(n, n % 2 ? "portrait" : "analyze",
                 std::to_string(1'700'000'000 + n), "1700010000",
                 "1700010007.5");
  auto jobs = simulator::read_trace(exported());
  BOOST_TEST_REQUIRE(jobs.has_value());
  BOOST_TEST_REQUIRE(jobs->size() == 2'500u);
  BOOST_TEST((*jobs)[0].type == "portrait");
  BOOST_TEST((*jobs)[0].at.count() == 0);
  BOOST_TEST((*jobs)[0].duration_s == 7.5);
  BOOST_TEST((*jobs)[2'499].at.count() == 2'499'000'000'000);
}

BOOST_AUTO_TEST_CASE(nothing_of_what_a_job_is_about_is_written) {
  put_finished(1, "csm", "1700000000", "1700000001", "1700000004");
  auto text = exported() + said;
  BOOST_TEST(!contains(text, "private"), text);
  BOOST_TEST(!contains(text, "00000000-"), text);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_replayed_is_counted_and_left_out) {
  put_finished(1, "csm", "1700000000", "1700000001", "1700000004");
  put_job(id_of(2)); // It waits.
  put_job(id_of(3), {"status", "running", "started_at", "1700000003"});
  put_job(id_of(4), {"status", "cancelled", "updated_at", "1700000004"});
  put_finished(5, "dance", "1700000000", "1700000001", "1700000004");
  put_finished(6, "csm", "yesterday", "1700000001", "1700000004");
  put_finished(7, "csm", "1700000000", "1700000009", "1700000004");
  redis.cmd("SET", "job:" + id_of(8), "no hash");
  redis.cmd("SET", "job:" + id_of(1) + ":lock", "w1");
  auto text = exported();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 1, text);
  BOOST_TEST(said
             == "exported 1 jobs; left out: 1 no job record, 3 not finished, "
                "1 unknown type, 2 unreadable times\n");
}

BOOST_AUTO_TEST_CASE(without_a_file_the_trace_goes_to_standard_output) {
  put_finished(1, "csm", "1700000000", "1700000001", "1700000004");
  auto got = run({"export-trace"});
  BOOST_TEST(got.code == 0);
  BOOST_TEST(contains(got.text, R"({"type":"csm",)"), got.text);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_is_said) {
  auto got = run({"export-trace", "--output", folder.path("no/such/folder")});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "cannot be written"), got.text);
}

BOOST_AUTO_TEST_CASE(a_redis_that_is_not_there_is_said) {
  auto got = run({"export-trace", "--redis", "127.0.0.1:1"});
  BOOST_TEST(got.code == 1);
  BOOST_TEST(contains(got.text, "127.0.0.1:1"), got.text);
}

BOOST_AUTO_TEST_SUITE_END()
