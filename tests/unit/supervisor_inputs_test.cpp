// No GPU for jobs whose inputs cannot be used.
#include "tests/unit/supervisor_fleet.hpp"

#include <boost/test/unit_test.hpp>

using namespace render;
using namespace render::supervisor;
using namespace std::chrono_literals;

namespace {

const input_gate::config watched{true, 60s, 60s};

config with_inputs_watched() {
  auto out = settings();
  out.pre_launch_min = out.pre_launch_max = 20s;
  out.max_gpus = 100;
  out.inputs = watched;
  return out;
}

struct one_worker {
  explicit one_worker(config cfg = with_inputs_watched()) : x(std::move(cfg)) {
    x.on_watcher_started();
  }

  /// So many jobs wait, so many of them without inputs.
  effects jobs_wait(uint64_t count, uint64_t without = 0) {
    waiting = {};
    waiting.waiting_by_type["whisper"] = count;
    if (without > 0)
      waiting.without_inputs["whisper"] = without;
    return x.on_backlog(waiting, both(now_s));
  }

  effects wait_ends(const effects& out) {
    return after_the_wait(x, out, now_s);
  }

  /// And the random wait is over.
  effects are_ripe(uint64_t count, uint64_t without = 0) {
    return wait_ends(jobs_wait(count, without));
  }

  effects look_shows(uint32_t usable, uint32_t refused) {
    return x.on_inputs_seen("media:fast", msg::inputs_seen{usable, refused},
                            now_s);
  }

  /// For whisper, by a job that has gone elsewhere since.
  msg::gpu_update has_a_ready_gpu() {
    are_ripe(1);
    look_shows(1, 0);
    jobs_wait(0);
    auto gpu = update(1, gpu_phase::ready, {job_kind::whisper});
    x.on_gpu_update(gpu, t0);
    return gpu;
  }

  policy x;
  msg::backlog waiting;
  double now_s = t0;
};

size_t looks(const effects& out) {
  return all<supervisor::look_at_inputs>(out).size();
}

size_t launches(const effects& out) {
  return all<rent>(out).size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(inputs_of_waiting_jobs)

BOOST_AUTO_TEST_CASE(are_looked_at_when_a_gpu_would_be_launched) {
  one_worker w;
  auto out = w.jobs_wait(3);
  BOOST_TEST(looks(out) == 0u);
  out = w.wait_ends(out);
  BOOST_TEST(launches(out) == 0u);
  BOOST_REQUIRE(looks(out) == 1u);
  auto what = all<supervisor::look_at_inputs>(out)[0];
  BOOST_TEST(what.type == "media:fast");
  BOOST_TEST(what.job_types
               == (std::vector<std::string>{"csm", "whisper", "portrait"}),
             boost::test_tools::per_element());
  // The reason why nothing is launched.
  BOOST_REQUIRE(all<say>(out).size() == 1u);
  BOOST_TEST(
    all<say>(out)[0].text
    == "3 job(s) wait for a GPU of media:fast: the inputs of the first "
       "of 3 job(s) are looked at before a launch");
}

BOOST_AUTO_TEST_CASE(are_not_looked_at_where_nobody_can) {
  auto cfg = with_inputs_watched();
  cfg.inputs.watched = false;
  auto out = one_worker{cfg}.are_ripe(3);
  BOOST_TEST(looks(out) == 0u);
  BOOST_TEST(launches(out) == 3u);
}

BOOST_AUTO_TEST_CASE(are_looked_at_once_at_a_time) {
  one_worker w;
  w.are_ripe(3);
  BOOST_TEST(w.jobs_wait(4).empty());
  BOOST_TEST(w.jobs_wait(3).empty());
}

BOOST_AUTO_TEST_CASE(that_are_good_launch_for_all_that_wait) {
  one_worker w;
  w.are_ripe(50);
  BOOST_TEST(launches(w.look_shows(4, 0)) == 50u);
}

BOOST_AUTO_TEST_CASE(that_are_good_are_believed_for_a_minute) {
  one_worker w;
  w.are_ripe(1);
  w.look_shows(1, 0);
  w.now_s = t0 + 59;
  auto out = w.are_ripe(3);
  BOOST_TEST(looks(out) == 0u);
  BOOST_TEST(launches(out) == 2u);
  w.now_s = t0 + 61;
  out = w.are_ripe(5);
  BOOST_TEST(looks(out) == 1u);
  BOOST_TEST(launches(out) == 0u);
}

BOOST_AUTO_TEST_CASE(
  that_are_all_bad_launch_nothing_and_the_next_are_looked_at) {
  one_worker w;
  w.are_ripe(10);
  auto out = w.look_shows(0, 4);
  BOOST_TEST(launches(out) == 0u);
  BOOST_TEST(all<look_at_queue>(out).size() == 1u);
  out = w.jobs_wait(6);
  BOOST_TEST(launches(out) == 0u);
  BOOST_TEST(looks(out) == 1u);
  w.look_shows(0, 4);
  BOOST_TEST(looks(w.jobs_wait(2)) == 1u);
  w.look_shows(0, 2);
  BOOST_TEST(w.jobs_wait(0).empty());
}

BOOST_AUTO_TEST_CASE(that_are_bad_in_part_launch_for_their_part_of_the_rest) {
  one_worker w;
  w.are_ripe(44);
  w.look_shows(1, 3);
  auto out = w.jobs_wait(41);
  BOOST_TEST(launches(out) == 11u);
  // Of those beyond, the next are looked at.
  BOOST_TEST(looks(out) == 1u);
  out = w.look_shows(4, 0);
  BOOST_TEST(launches(out) == 30u);
}

BOOST_AUTO_TEST_CASE(hold_up_none_that_has_none) {
  one_worker w;
  auto out = w.are_ripe(5, 2);
  BOOST_TEST(launches(out) == 2u);
  BOOST_TEST(looks(out) == 1u);
  // Nor one that comes during the look.
  BOOST_TEST(launches(w.jobs_wait(6, 3)) == 1u);
  // Each only once.
  BOOST_TEST(launches(w.jobs_wait(6, 3)) == 0u);
  BOOST_TEST(launches(w.look_shows(4, 0)) == 3u);
}

BOOST_AUTO_TEST_CASE(are_not_looked_at_when_all_jobs_have_none) {
  one_worker w;
  auto out = w.are_ripe(5, 5);
  BOOST_TEST(launches(out) == 5u);
  BOOST_TEST(looks(out) == 0u);
}

BOOST_AUTO_TEST_CASE(that_nobody_could_look_at_are_no_reason_to_wait) {
  one_worker w;
  w.are_ripe(2);
  auto out = w.x.on_inputs_seen("media:fast",
                                fail(failure_kind::unavailable, "cut"), t0);
  BOOST_TEST(launches(out) == 2u);
  BOOST_TEST(all<say>(out)[0].text.find("cut") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(that_others_took_make_the_rest_wait_anew) {
  one_worker w;
  w.are_ripe(2);
  auto out = w.look_shows(0, 0);
  BOOST_TEST(launches(out) == 0u);
  BOOST_TEST(looks(out) == 0u);
  BOOST_REQUIRE(all<arm_timer>(out).size() == 1u);
  BOOST_TEST((all<arm_timer>(out)[0].delay == 20s));
  BOOST_TEST(looks(w.wait_ends(out)) == 1u);
}

BOOST_AUTO_TEST_CASE(that_are_bad_without_end_hold_a_launch_up_for_a_minute) {
  one_worker w;
  w.are_ripe(5'000);
  for (w.now_s = t0 + 1; w.now_s < t0 + 60; w.now_s += 1) {
    w.look_shows(0, 4);
    auto out = w.jobs_wait(5'000);
    BOOST_REQUIRE(launches(out) == 0u);
    BOOST_REQUIRE(looks(out) == 1u);
  }
  w.look_shows(0, 4);
  BOOST_TEST(launches(w.jobs_wait(5'000)) == 100u);
}

BOOST_AUTO_TEST_CASE(of_one_type_say_nothing_of_another) {
  one_worker w;
  w.are_ripe(1);
  w.look_shows(1, 0);
  w.waiting.waiting_by_type["analyze"] = 1;
  auto out = w.wait_ends(w.x.on_backlog(w.waiting, both(t0)));
  BOOST_TEST(launches(out) == 0u);
  BOOST_TEST(looks(out) == 1u);
}

BOOST_AUTO_TEST_CASE(are_looked_at_after_what_others_launch) {
  auto cfg = with_inputs_watched();
  cfg.look_before_launch = true;
  one_worker w{cfg};
  auto out = w.are_ripe(2);
  BOOST_TEST(all<supervisor::view_gpus>(out).size() == 1u);
  BOOST_TEST(looks(out) == 0u);
  auto view = [&](std::vector<gpu_entry> entries) {
    w.x.on_gpus_viewed({"media:fast", t0}, msg::gpus_seen{std::move(entries)},
                       both(t0));
    return w.x.on_backlog(w.waiting, both(t0));
  };
  gpu_entry theirs;
  theirs.id = "theirs";
  theirs.state = gpu_entry_state::running;
  theirs.intent_s = t0;
  // One is theirs.
  out = view({theirs});
  BOOST_TEST(looks(out) == 1u);
  BOOST_TEST(all<supervisor::view_gpus>(w.jobs_wait(2)).empty());
  // They may have launched another one during the look.
  out = w.look_shows(2, 0);
  BOOST_TEST(launches(out) == 0u);
  BOOST_TEST(all<supervisor::view_gpus>(out).size() == 1u);
  BOOST_TEST(launches(view({theirs})) == 1u);
}

BOOST_AUTO_TEST_CASE(of_a_job_that_others_serve_are_not_looked_at) {
  auto cfg = with_inputs_watched();
  cfg.look_before_launch = true;
  one_worker w{cfg};
  w.are_ripe(1);
  gpu_entry theirs;
  theirs.id = "theirs";
  theirs.state = gpu_entry_state::running;
  theirs.intent_s = t0;
  w.x.on_gpus_viewed({"media:fast", t0}, msg::gpus_seen{{theirs}}, both(t0));
  BOOST_TEST(looks(w.x.on_backlog(w.waiting, both(t0))) == 0u);
}

BOOST_AUTO_TEST_CASE(are_not_looked_at_for_what_is_ours_already) {
  auto cfg = with_inputs_watched();
  cfg.launch_backoff_min = 0s;
  one_worker w{cfg};
  auto gpu = w.has_a_ready_gpu();
  w.x.on_jobs_claimed({{a_job("a", "whisper")}, {}}, both(t0));
  gpu.busy_slots = 1;
  w.x.on_gpu_update(gpu, t0);
  // It dies under the job, when nothing is known of inputs any more.
  w.now_s = t0 + 100;
  gpu.phase = gpu_phase::gone;
  gpu.failed = true;
  auto out = w.x.on_gpu_update(gpu, w.now_s);
  append(out, w.wait_ends(out));
  BOOST_TEST(looks(out) == 0u);
  BOOST_TEST(launches(out) == 1u);
}

BOOST_AUTO_TEST_CASE(are_looked_at_before_a_gpu_makes_room) {
  auto cfg = with_inputs_watched();
  cfg.max_gpus = 1;
  one_worker w{cfg};
  w.has_a_ready_gpu();
  w.waiting = {};
  w.waiting.waiting_by_type["analyze"] = 1;
  w.now_s = t0 + 1;
  auto out = w.wait_ends(w.x.on_backlog(w.waiting, both(w.now_s)));
  BOOST_TEST(all<supervisor::drain_gpu>(out).empty());
  BOOST_TEST(looks(out) == 1u);
  out = w.x.on_inputs_seen("ollama_webui:fast", msg::inputs_seen{1, 0},
                           w.now_s);
  BOOST_TEST(all<supervisor::drain_gpu>(out).size() == 1u);
}

BOOST_AUTO_TEST_CASE(are_nothing_to_a_node_that_drains) {
  one_worker w;
  w.are_ripe(1);
  w.x.on_drain("SIGTERM", t0);
  BOOST_TEST(w.look_shows(1, 0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_gate)

BOOST_AUTO_TEST_CASE(counts_jobs_without_inputs_in_any_case) {
  input_gate x;
  BOOST_TEST(x.usable(watched, 10, 3, t0) == 3u);
  BOOST_TEST(x.usable(watched, 10, 30, t0) == 10u);
  BOOST_TEST(x.usable({}, 10, 3, t0) == 10u);
}

BOOST_AUTO_TEST_CASE(believes_a_part_rounded_up) {
  input_gate x;
  x.begin(t0);
  x.end(watched, msg::inputs_seen{1, 2}, t0);
  BOOST_TEST(x.usable(watched, 10, 3, t0) == 6u);
  BOOST_TEST(x.usable(watched, 1, 0, t0) == 1u);
  BOOST_TEST(x.usable(watched, 10, 3, t0 + 60) == 3u);
}

BOOST_AUTO_TEST_CASE(counts_its_patience_anew_after_a_launch) {
  input_gate x;
  auto look = [&](double begin_s, msg::inputs_seen seen) {
    x.begin(t0 + begin_s);
    x.end(watched, seen, t0 + begin_s + 1);
    return x.usable(watched, 1, 0, t0 + begin_s + 1) == 1;
  };
  BOOST_TEST(!look(0, {0, 4}));
  BOOST_TEST(!look(30, {0, 4}));
  BOOST_TEST(look(60, {0, 4}));
  BOOST_TEST(!look(130, {0, 4}));
  BOOST_TEST(look(160, {1, 0}));
  BOOST_TEST(!look(230, {0, 4}));
  BOOST_TEST(!look(280, {0, 4}));
  x.rest();
  BOOST_TEST(!look(300, {0, 4}));
}

BOOST_AUTO_TEST_SUITE_END()
