// What the SUPERVISOR does with GPUs and jobs that dead workers have left.
#include "actors/supervisor/policy.hpp"
#include "messages/render_handle.hpp"
#include "tests/unit/effects.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;

namespace {

constexpr double t0 = 1'700'000'000;

config settings() {
  config out;
  out.workload_of_kind = {{job_kind::csm, "media:fast"},
                          {job_kind::portrait, "media:fast"}};
  out.pre_launch_min = out.pre_launch_max = duration{0};
  out.max_gpus = 2;
  return out;
}

msg::gpus_taken left(const std::vector<ledger_id>& ids) {
  msg::gpus_taken out;
  for (auto& id : ids) {
    gpu_entry x;
    x.id = id;
    x.type = "media:fast";
    x.state = gpu_entry_state::running;
    x.workload = workload_id{"w-" + id};
    out.known_workloads.push_back(x.workload);
    out.entries.push_back(std::move(x));
  }
  return out;
}

msg::gpu_update ready(uint64_t instance, const gpu_host& node) {
  msg::gpu_update out;
  out.instance = instance;
  out.phase = gpu_phase::ready;
  out.node = node;
  out.workload = workload_id{"w-" + node};
  out.ready_kinds = {job_kind::csm, job_kind::portrait};
  return out;
}

job a_job(const job_id& id) {
  job out;
  out.id = id;
  out.type = "portrait";
  out.fence = 2;
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(adoption)

BOOST_AUTO_TEST_CASE(begins_at_the_start_and_goes_on_every_five_seconds) {
  policy x{settings()};
  BOOST_TEST(all<take_gpus>(x.start()).size() == 1u);
  auto timers = all<arm_timer>(x.on_gpus_taken(msg::gpus_taken{}, t0));
  BOOST_REQUIRE_EQUAL(timers.size(), 1u);
  BOOST_TEST((timers[0].which == timer::adoption));
  BOOST_TEST(timers[0].delay.count() == 5'000);
  auto out = x.on_timer(timer::adoption, timers[0].generation, t0 + 5);
  BOOST_TEST(all<take_gpus>(out).size() == 1u);
  // A look that failed is followed by another one all the same.
  out = x.on_gpus_taken(fail(failure_kind::unavailable, "no Redis"), t0);
  BOOST_TEST(all<arm_timer>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(looks_again_when_the_first_lease_runs_out) {
  policy x{settings()};
  msg::gpus_taken none;
  none.next_due_ms = 21'437;
  auto timers = all<arm_timer>(x.on_gpus_taken(none, t0));
  BOOST_REQUIRE_EQUAL(timers.size(), 1u);
  BOOST_TEST(timers[0].delay.count() == 21'437);
}

BOOST_AUTO_TEST_CASE(takes_what_there_is_room_for_and_stops_the_rest) {
  policy x{settings()};
  auto out = x.on_gpus_taken(left({"a", "b", "c"}), t0);
  auto rented = all<rent>(out);
  BOOST_REQUIRE_EQUAL(rented.size(), 3u);
  BOOST_TEST(rented[0].ledger_id == "a");
  BOOST_REQUIRE(rented[0].adopted);
  BOOST_TEST(rented[0].adopted->workload == "w-a");
  BOOST_TEST(rented[0].known_workloads.size() == 3u);
  auto drained = all<drain_gpu>(out);
  BOOST_REQUIRE_EQUAL(drained.size(), 1u);
  BOOST_TEST(drained[0].instance == rented[2].instance);
}

BOOST_AUTO_TEST_CASE(counts_as_a_gpu_on_its_way) {
  policy x{settings()};
  x.on_gpus_taken(left({"a"}), t0);
  msg::backlog waiting;
  waiting.waiting_by_type["csm"] = 1;
  BOOST_TEST(all<rent>(x.on_backlog(waiting, both(t0))).empty());
  BOOST_TEST(all<arm_timer>(x.on_backlog(waiting, both(t0))).empty());
}

BOOST_AUTO_TEST_CASE(is_over_when_the_node_drains) {
  policy x{settings()};
  x.on_drain("test", t0);
  auto out = x.on_gpus_taken(left({"a", "b"}), t0);
  BOOST_TEST(all<rent>(out).empty());
  // Else they were renewed until the node ends, and nobody had them.
  auto to_others = all<leave_gpu>(out);
  BOOST_REQUIRE_EQUAL(to_others.size(), 2u);
  BOOST_TEST(to_others[1].ledger_id == "b");
  out = x.on_gpus_taken(fail(failure_kind::unavailable, "no Redis"), t0);
  BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(also_stops_the_gpu_of_an_instance_that_died) {
  policy x{settings()};
  auto rented = all<rent>(x.on_gpus_taken(left({"a"}), t0));
  // Its launch has come to an entry of its own.
  auto told = ready(rented[0].instance, "n");
  told.ledger_id = "a-1";
  x.on_gpu_update(told, t0);
  auto again = all<rent>(x.on_gpu_died(rented[0].instance, "bug", t0));
  BOOST_REQUIRE_EQUAL(again.size(), 1u);
  BOOST_TEST(again[0].ledger_id == "a-1");
  BOOST_REQUIRE(again[0].adopted);
  BOOST_TEST((again[0].adopted->state == gpu_entry_state::stopping));
  BOOST_TEST(again[0].vouched);
}

// Else its intent is renewed until the node ends, and nobody looks for the GPU.
BOOST_AUTO_TEST_CASE(leaves_the_intent_of_an_instance_that_died_launching) {
  policy x{settings()};
  auto rented = all<rent>(x.on_gpus_taken(left({"a"}), t0));
  auto told = ready(rented[0].instance, "");
  told.phase = gpu_phase::launching;
  told.workload.clear();
  told.ledger_id = "a-1";
  x.on_gpu_update(told, t0);
  auto out = x.on_gpu_died(rented[0].instance, "bug", t0);
  BOOST_TEST(all<rent>(out).empty());
  BOOST_REQUIRE_EQUAL(all<leave_gpu>(out).size(), 1u);
  BOOST_TEST(all<leave_gpu>(out)[0].ledger_id == "a-1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_job_goes_where_its_former_owners_render_runs) {
  policy x{settings()};
  auto rented = all<rent>(x.on_gpus_taken(left({"a", "b"}), t0));
  x.on_gpu_update(ready(rented[0].instance, "n1"), t0);
  x.on_gpu_update(ready(rented[1].instance, "n2"), t0);
  auto one = a_job("one");
  one.remote = to_text(render_handle{"n1", "comfyui", "prompt"});
  auto out = all<run_on>(x.on_jobs_claimed({{one}, {}}, both(t0)));
  BOOST_REQUIRE_EQUAL(out.size(), 1u);
  BOOST_TEST(out[0].instance == rented[0].instance);
  // Without that, the youngest GPU.
  out = all<run_on>(x.on_jobs_claimed({{a_job("two")}, {}}, both(t0)));
  BOOST_REQUIRE_EQUAL(out.size(), 1u);
  BOOST_TEST(out[0].instance == rented[1].instance);
}

BOOST_AUTO_TEST_CASE(a_job_whose_workers_keep_dying_fails_with_its_history) {
  policy x{settings()};
  auto one = a_job("one");
  one.history = {"its worker stopped answering: a", "the GPU died",
                 "its worker stopped answering: b"};
  auto out = all<settle>(x.on_jobs_claimed({{one}, {}}, both(t0)));
  BOOST_REQUIRE_EQUAL(out.size(), 1u);
  BOOST_TEST(out[0].what.subject.fence == 2u);
  BOOST_TEST(
    out[0].what.outcome.error_detail
    == "Failed to generate portrait video: failed after 3 attempts: 1: its "
       "worker stopped answering: a; "
       "2: the GPU died; 3: its worker stopped answering: b");
}

BOOST_AUTO_TEST_CASE(attempts_of_earlier_owners_count) {
  policy x{settings()};
  auto rented = all<rent>(x.on_gpus_taken(left({"a"}), t0));
  x.on_gpu_update(ready(rented[0].instance, "n"), t0);
  auto one = a_job("one");
  one.history = {"its worker stopped answering: a"};
  x.on_jobs_claimed({{one}, {}}, both(t0));
  auto update = ready(rented[0].instance, "n");
  update.busy_slots = 1;
  x.on_gpu_update(update, t0);
  msg::job_ended cut{rented[0].instance, one,
                     failed_outcome({failure_kind::unavailable, "cut"})};
  auto noted = all<note_attempt>(x.on_job_ended(cut, t0));
  BOOST_REQUIRE_EQUAL(noted.size(), 1u);
  BOOST_REQUIRE_EQUAL(noted[0].what.subject.history.size(), 2u);
  BOOST_TEST(noted[0].what.subject.history[1] == "cut");
}
