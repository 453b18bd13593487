// What the SUPERVISOR confirms to the JOB STORE, again and again.
#include "actors/supervisor/policy.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace render;
using namespace render::supervisor;

namespace {

constexpr double t0 = 1'700'000'000;

struct fixture {
  fixture() {
    msg::gpus_taken left;
    gpu_entry entry;
    entry.id = "e1";
    entry.type = "media:fast";
    entry.workload = "w1";
    left.entries.push_back(entry);
    x.on_gpus_taken(left, t0);
    x.on_gpu_update(ready(), t0);
  }

  static config settings() {
    config out;
    out.workload_of_kind = {{job_kind::csm, "media:fast"}};
    out.max_gpus = 1;
    return out;
  }

  static msg::gpu_update ready() {
    msg::gpu_update out;
    out.instance = 1;
    out.phase = gpu_phase::ready;
    out.ledger_id = "e1";
    out.node = "n1";
    out.workload = "w1";
    out.ready_kinds = {job_kind::csm};
    return out;
  }

  static job a_job(const std::string& id, uint64_t fence) {
    job out;
    out.id = job_id{id};
    out.type = "csm";
    out.fence = fence;
    return out;
  }

  effects claim(const std::string& id, uint64_t fence = 1) {
    return x.on_jobs_claimed({{a_job(id, fence)}, {}}, both(t0));
  }

  void end(const std::string& id, job_outcome outcome) {
    x.on_job_ended({1, a_job(id, 1), std::move(outcome)}, t0);
  }

  bool confirms(const std::string& id, uint64_t fence = 1) const {
    auto claims = x.held_jobs().claims;
    return std::count_if(claims.begin(), claims.end(),
                         [&](auto& x) {
                           return x.job_id == job_id{id} && x.fence == fence;
                         })
           == 1;
  }

  std::vector<ledger_id> gpus() const {
    return x.held_gpus().ids;
  }

  policy x{settings()};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(what_is_confirmed, fixture)

BOOST_AUTO_TEST_CASE(is_each_job_that_runs_or_waits_for_a_slot) {
  claim("a");
  claim("b");
  BOOST_TEST(confirms("a"));
  BOOST_TEST(confirms("b"));
  BOOST_TEST(x.held_jobs().claims.size() == 2u);
}

BOOST_AUTO_TEST_CASE(is_a_new_claim_of_a_job_that_still_runs) {
  claim("a");
  claim("a", 2);
  BOOST_TEST(confirms("a", 1));
  BOOST_TEST(confirms("a", 2));
}

// From then on the JOB STORE looks after it.
BOOST_AUTO_TEST_CASE(is_no_job_whose_end_was_told) {
  claim("a");
  end("a", {"done", {}, {}});
  BOOST_TEST(x.held_jobs().claims.empty());
}

BOOST_AUTO_TEST_CASE(is_no_job_that_is_not_ours_any_more) {
  claim("a");
  end("a", failed_outcome({failure_kind::cancelled, "cancelled"}));
  BOOST_TEST(x.held_jobs().claims.empty());
}

BOOST_AUTO_TEST_CASE(is_each_gpu_by_the_entry_that_tells_of_it) {
  BOOST_TEST(gpus() == std::vector<ledger_id>{"e1"});
  auto another = ready();
  another.ledger_id = "e1-1";
  x.on_gpu_update(another, t0);
  BOOST_TEST(gpus() == std::vector<ledger_id>{"e1-1"});
  another.phase = gpu_phase::gone;
  x.on_gpu_update(another, t0);
  BOOST_TEST(gpus().empty());
}

BOOST_AUTO_TEST_CASE(is_no_gpu_whose_actor_died_while_it_launched) {
  auto launching = ready();
  launching.phase = gpu_phase::launching;
  launching.workload.clear();
  x.on_gpu_update(launching, t0);
  x.on_gpu_died(1, "a fault", t0);
  BOOST_TEST(gpus().empty());
}

BOOST_AUTO_TEST_CASE(is_a_gpu_whose_actor_died_with_its_workload) {
  x.on_gpu_died(1, "a fault", t0);
  BOOST_TEST(gpus() == std::vector<ledger_id>{"e1"});
}

BOOST_AUTO_TEST_SUITE_END()
