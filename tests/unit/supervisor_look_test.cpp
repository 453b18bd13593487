// What other workers are launching, before we launch.
#include "tests/unit/supervisor_fleet.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;
using namespace std::chrono_literals;

namespace {

config with_the_ledger() {
  auto out = settings();
  out.pre_launch_min = out.pre_launch_max = 20s;
  out.look_before_launch = true;
  return out;
}

gpu_entry an_entry(double age_s,
                   gpu_entry_state state = gpu_entry_state::running) {
  gpu_entry out;
  out.id = ledger_id{"other-" + std::to_string(age_s)};
  out.type = "media:fast";
  out.state = state;
  out.intent_s = t0 - age_s;
  return out;
}

struct one_worker {
  explicit one_worker(config cfg = with_the_ledger()) : x(std::move(cfg)) {
    x.on_watcher_started();
  }

  effects jobs_wait(uint64_t count, const std::string& type = "csm") {
    return queue_shows({{{type, count}}, t0});
  }

  effects queue_shows(msg::backlog what) {
    queue = std::move(what);
    return x.on_backlog(queue, both(now_s));
  }

  /// The random wait after `out` ends.
  effects wait_ends(const effects& out) {
    return after_the_wait(x, out, now_s);
  }

  effects ledger_shows(std::vector<gpu_entry> entries,
                       const workload_type& type = "media:fast") {
    return x.on_gpus_viewed({type, now_s}, msg::gpus_seen{std::move(entries)},
                            both(now_s));
  }

  /// And then the queue, where nothing has changed.
  effects look_shows(std::vector<gpu_entry> entries,
                     const workload_type& type = "media:fast") {
    auto out = ledger_shows(std::move(entries), type);
    append(out, x.on_backlog(queue, both(now_s)));
    return out;
  }

  /// How many GPUs are launched for so many jobs, when the look shows these.
  size_t launches_for(uint64_t jobs, std::vector<gpu_entry> entries) {
    wait_ends(jobs_wait(jobs));
    return all<rent>(look_shows(std::move(entries))).size();
  }

  policy x;
  msg::backlog queue;
  double now_s = t0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(before_a_launch)

BOOST_AUTO_TEST_CASE(the_ledger_is_looked_at) {
  one_worker w;
  auto out = w.wait_ends(w.jobs_wait(2));
  BOOST_TEST(all<rent>(out).empty());
  BOOST_REQUIRE(all<supervisor::view_gpus>(out).size() == 1u);
  BOOST_TEST(all<supervisor::view_gpus>(out)[0].type == "media:fast");
  BOOST_TEST(all<rent>(w.look_shows({})).size() == 2u);
}

BOOST_AUTO_TEST_CASE(another_look_at_the_queue_decides) {
  one_worker w;
  w.wait_ends(w.jobs_wait(2));
  auto out = w.ledger_shows({});
  BOOST_TEST(out.size() == 1u);
  BOOST_TEST(all<look_at_queue>(out).size() == 1u);
  // One of them went to a GPU that was ready in between.
  BOOST_TEST(all<rent>(w.jobs_wait(1)).size() == 1u);
  BOOST_TEST(w.jobs_wait(1).empty());
}

BOOST_AUTO_TEST_CASE(what_has_gone_by_then_launches_nothing) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  w.ledger_shows({});
  BOOST_TEST(all<rent>(w.jobs_wait(1, "analyze")).empty());
  // The next one of this type waits as any other does.
  auto out = w.jobs_wait(1);
  BOOST_TEST(all<rent>(out).empty());
  BOOST_TEST(all<arm_timer>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_new_watcher_is_asked_for_it_again) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  BOOST_TEST(all<look_at_queue>(w.x.on_watcher_started()).empty());
  w.ledger_shows({});
  BOOST_TEST(all<look_at_queue>(w.x.on_watcher_started()).size() == 1u);
  w.jobs_wait(1);
  BOOST_TEST(all<look_at_queue>(w.x.on_watcher_started()).empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_in_the_queue_waits_for_no_look_at_it) {
  one_worker w;
  job ours;
  ours.id = "a";
  ours.type = "csm";
  w.wait_ends(w.x.on_jobs_claimed({{ours}, {}}, both(t0)));
  BOOST_TEST(all<rent>(w.ledger_shows({})).size() == 1u);
}

BOOST_AUTO_TEST_CASE(it_is_looked_at_once) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  BOOST_TEST(all<supervisor::view_gpus>(w.jobs_wait(2)).empty());
  BOOST_TEST(all<rent>(w.look_shows({})).size() == 2u);
}

BOOST_AUTO_TEST_CASE(it_is_not_when_the_contract_is_kept_to_the_letter) {
  auto cfg = with_the_ledger();
  cfg.look_before_launch = false;
  one_worker w{cfg};
  auto out = w.wait_ends(w.jobs_wait(2));
  BOOST_TEST(all<supervisor::view_gpus>(out).empty());
  BOOST_TEST(all<rent>(out).size() == 2u);
}

BOOST_AUTO_TEST_CASE(what_others_launch_is_left_out) {
  BOOST_TEST(one_worker{}.launches_for(3, {an_entry(1)}) == 2u);
  BOOST_TEST(one_worker{}.launches_for(3, {an_entry(1), an_entry(2)}) == 1u);
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(1), an_entry(2)}) == 0u);
  auto two_each = with_the_ledger();
  two_each.slots_per_gpu = 2;
  BOOST_TEST(one_worker{two_each}.launches_for(4, {an_entry(1)}) == 1u);
}

BOOST_AUTO_TEST_CASE(only_what_may_soon_take_a_job_counts) {
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(119.9)}) == 0u);
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(120)}) == 1u);
  using enum gpu_entry_state;
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(1, intent)}) == 0u);
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(1, stopping)}) == 1u);
  // It takes what waits at once, or is busy.
  BOOST_TEST(one_worker{}.launches_for(1, {an_entry(1, ready)}) == 1u);
  // It took long to be refused and was launched at last.
  auto late = an_entry(130);
  late.launched_s = t0 - 5;
  BOOST_TEST(one_worker{}.launches_for(1, {late}) == 0u);
}

BOOST_AUTO_TEST_CASE(what_we_launch_ourselves_counts_once) {
  one_worker w;
  auto rented = [&] {
    w.wait_ends(w.jobs_wait(1));
    return all<rent>(w.look_shows({}));
  }();
  BOOST_REQUIRE(rented.size() == 1u);
  auto ours = an_entry(0);
  ours.id = rented[0].ledger_id;
  w.wait_ends(w.jobs_wait(3));
  BOOST_TEST(all<rent>(w.look_shows({ours})).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_job_left_to_others_waits_anew) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  auto out = w.look_shows({an_entry(110)});
  BOOST_TEST(all<rent>(out).empty());
  BOOST_REQUIRE(all<say>(out).size() == 1u);
  BOOST_TEST(all<say>(out)[0].text
             == "1 job(s) wait for a GPU of media:fast: 1 slot(s) come on GPUs "
                "of other workers (seen 0 s ago), next look in 20 s");
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST((all<arm_timer>(out)[0].delay == 20s));
  w.now_s = t0 + 20;
  auto due = w.wait_ends(out);
  BOOST_TEST(all<supervisor::view_gpus>(due).size() == 1u);
  BOOST_TEST(all<rent>(w.look_shows({an_entry(110)})).size() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_random_wait_it_waits_a_second) {
  auto cfg = with_the_ledger();
  cfg.pre_launch_min = cfg.pre_launch_max = 0s;
  one_worker w{cfg};
  w.wait_ends(w.jobs_wait(1));
  auto out = w.look_shows({an_entry(1)});
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST((all<arm_timer>(out)[0].delay == 1s));
  // Whatever happens meanwhile.
  BOOST_TEST(w.jobs_wait(2).empty());
}

BOOST_AUTO_TEST_CASE(a_look_that_fails_keeps_no_job_waiting) {
  one_worker w;
  w.wait_ends(w.jobs_wait(2));
  auto out = w.x.on_gpus_viewed({"media:fast", t0},
                                fail(failure_kind::unavailable, "Redis: cut"),
                                both(t0));
  BOOST_TEST(all<rent>(out).size() == 2u);
  BOOST_REQUIRE(!all<say>(out).empty());
  BOOST_TEST(all<say>(out)[0].text.find("Redis: cut") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_look_after_the_job_is_gone_launches_nothing) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  w.queue_shows({});
  auto out = w.look_shows({});
  BOOST_TEST(all<rent>(out).empty());
  BOOST_TEST(all<arm_timer>(out).empty());
}

BOOST_AUTO_TEST_CASE(a_job_of_ours_needs_no_look) {
  auto cfg = with_the_ledger();
  cfg.launch_backoff_min = 0s;
  one_worker w{cfg};
  w.wait_ends(w.jobs_wait(1));
  w.look_shows({});
  w.queue_shows({});
  auto gpu = update(1, gpu_phase::ready, {job_kind::csm});
  w.x.on_gpu_update(gpu, t0);
  w.x.on_jobs_claimed({{a_job("a")}, {}}, both(t0));
  gpu.busy_slots = 1;
  w.x.on_gpu_update(gpu, t0);
  // It dies under the job.
  gpu.phase = gpu_phase::gone;
  gpu.failed = true;
  w.now_s = t0 + 1;
  auto out = w.x.on_gpu_update(gpu, w.now_s);
  append(out, w.wait_ends(out));
  BOOST_TEST(all<supervisor::view_gpus>(out).empty());
  BOOST_TEST(all<rent>(out).size() == 1u);
}

// A look of before, whose answer is late, says nothing of now.
BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_look_is_none) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  w.jobs_wait(0);
  w.now_s = t0 + 30;
  auto out = w.jobs_wait(1);
  BOOST_TEST(
    w.x.on_gpus_viewed({"media:fast", t0}, msg::gpus_seen{}, both(w.now_s))
      .empty());
  w.wait_ends(out);
  BOOST_TEST(
    w.x.on_gpus_viewed({"media:fast", t0}, msg::gpus_seen{}, both(w.now_s))
      .empty());
  BOOST_TEST(all<rent>(w.look_shows({})).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_node_that_drains_does_not_care) {
  one_worker w;
  w.wait_ends(w.jobs_wait(1));
  w.x.on_drain("SIGTERM", t0);
  BOOST_TEST(w.look_shows({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(before_a_gpu_makes_room)

struct full_worker : one_worker {
  full_worker() : one_worker(one_gpu()) {
    wait_ends(jobs_wait(1));
    look_shows({});
    queue_shows({});
    msg::gpu_update ready;
    ready.instance = 1;
    ready.phase = gpu_phase::ready;
    ready.ready_kinds = {job_kind::csm};
    x.on_gpu_update(ready, t0);
  }

  static config one_gpu() {
    auto out = with_the_ledger();
    out.max_gpus = 1;
    return out;
  }

  effects vision_look_shows(std::vector<gpu_entry> entries) {
    return look_shows(std::move(entries), "ollama_webui:fast");
  }
};

BOOST_FIXTURE_TEST_CASE(the_ledger_is_looked_at_too, full_worker) {
  auto out = wait_ends(jobs_wait(1, "analyze"));
  BOOST_TEST(all<supervisor::drain_gpu>(out).empty());
  BOOST_TEST(all<supervisor::view_gpus>(out).size() == 1u);
  BOOST_TEST(
    all<supervisor::drain_gpu>(vision_look_shows({an_entry(5)})).empty());
  wait_ends(jobs_wait(2, "analyze"));
  out = vision_look_shows({});
  BOOST_TEST(all<supervisor::drain_gpu>(out).empty());
}

BOOST_FIXTURE_TEST_CASE(it_goes_when_nobody_else_launches, full_worker) {
  wait_ends(jobs_wait(1, "analyze"));
  BOOST_TEST(all<supervisor::drain_gpu>(vision_look_shows({})).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(nobody_looks_while_it_is_busy, full_worker) {
  job subject;
  subject.id = "a";
  subject.type = "csm";
  x.on_jobs_claimed({{subject}, {}}, both(now_s));
  auto out = wait_ends(jobs_wait(1, "analyze"));
  BOOST_TEST(all<supervisor::view_gpus>(out).empty());
  BOOST_TEST(all<supervisor::view_gpus>(jobs_wait(2, "analyze")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
