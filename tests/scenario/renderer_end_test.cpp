// How an attempt ends, checks its ownership of the job, and reports.
#include "tests/scenario/renderer_attempt.hpp"

using namespace render;
using namespace render::harness;

BOOST_FIXTURE_TEST_SUITE(an_end_from_outside, attempt)

BOOST_AUTO_TEST_CASE(comes_at_the_deadline) {
  task.deadline_s = steady_now() + 60;
  start([] {
    return wait_for(1h, [] {
      return done("late");
    });
  });
  advance(59'999ms);
  BOOST_TEST(log->count("ended") == 0u);
  advance(1ms);
  BOOST_TEST(log->times("ended") == "60000");
  BOOST_TEST((outcome->error.kind == failure_kind::deadline_passed));
  BOOST_TEST(outcome->error.message == "too late");
}

BOOST_AUTO_TEST_CASE(aborts_what_is_under_way_and_stops_the_remote_work) {
  web->on_request = [](const http_request& x) {
    return http_status(200, x.url == "http://n/stop" ? 200ms : 1h);
  };
  start(
    [] {
      auto long_one = get("http://n/run");
      long_one.total_timeout = 0ms;
      step out;
      out.next = call{{long_one}, [](answers) {
                        return done("never");
                      }};
      return out;
    },
    {get("http://n/stop")});
  // A request of job 10 stays.
  auto other = get("http://n/other");
  other.group = "job/10/1";
  other.total_timeout = 0ms;
  spawn([http = http, other](caf::event_based_actor* self) {
    self->request(http, 7'200s, other)
      .then([](const http_response&) {}, [](const caf::error&) {});
  });
  advance(5s);
  stop({failure_kind::shutting_down, "hurry"});
  BOOST_TEST(log->times("aborted http://n/run") == "5000");
  BOOST_TEST(log->times("GET http://n/stop") == "5000");
  BOOST_TEST(log->count("aborted http://n/other") == 0u);
  BOOST_TEST(log->count("ended") == 0u);
  advance(1s);
  BOOST_TEST(log->times("ended") == "5200");
  BOOST_TEST((outcome->error.kind == failure_kind::shutting_down));
}

// A producer chooses the job's id. Once the id "webhook" cancelled every
// webhook under way, and "stop" the requests that stop other jobs' remote work.
BOOST_AUTO_TEST_CASE(stops_nothing_that_has_the_name_of_the_job) {
  web->on_request = [](const http_request&) {
    return http_status(200, 1h);
  };
  task.subject.id = "webhook";
  start([] {
    auto long_one = get("http://n/run");
    long_one.total_timeout = 0ms;
    step out;
    out.next = call{{long_one}, [](answers) {
                      return done("never");
                    }};
    return out;
  });
  for (auto* group : {"webhook/17", "stop/job/1/1", "storage"}) {
    auto other = get(std::string{"http://n/"} + group);
    other.group = group;
    other.total_timeout = 0ms;
    spawn([http = http, other](caf::event_based_actor* self) {
      self->request(http, 7'200s, other)
        .then([](const http_response&) {}, [](const caf::error&) {});
    });
  }
  stop({failure_kind::cancelled, "by the front end"});
  BOOST_TEST(log->times("aborted http://n/run") == "0");
  BOOST_TEST(log->count("aborted http://n/webhook/17") == 0u);
  BOOST_TEST(log->count("aborted http://n/stop/job/1/1") == 0u);
}

// A job without inputs asks for nobody's name but the GPU's.
BOOST_AUTO_TEST_CASE(for_want_of_an_answer_is_this_workers_if_it_is_cut_off) {
  struct ending {
    bool node_answers;
    bool control_answers;
    failure_kind kind;
    size_t asked;
  };
  for (auto& want : {ending{false, false, failure_kind::unfit, 1},
                     ending{false, true, failure_kind::unavailable, 1},
                     ending{true, false, failure_kind::unavailable, 0}})
    for (auto stopped : {false, true}) {
      attempt x;
      x.env.control_url = "http://api.example/v0";
      x.web->on_request = [&](const http_request& asked) {
        auto answers = asked.url == x.env.control_url ? want.control_answers
                                                      : want.node_answers;
        fake_answer none{fail(failure_kind::unavailable, "no such name"), 1s};
        return answers ? http_status(502, 1s) : none;
      };
      x.start([stopped] {
        step out;
        out.next = call{{get("http://n/run")}, [stopped](answers) {
                          step end;
                          end.next = finish{failed_outcome(
                            {failure_kind::unavailable, "no render"})};
                          auto later = wait_for(1h, [] {
                            return done("never");
                          });
                          return stopped ? later : end;
                        }};
        return out;
      });
      x.advance(5s);
      if (stopped)
        x.stop({failure_kind::unavailable, "no render"});
      x.advance(5s);
      // Whoever has stopped it has had no answer either.
      auto asked = stopped ? 1 : want.asked;
      auto kind = stopped && !want.control_answers ? failure_kind::unfit
                                                   : want.kind;
      BOOST_TEST(x.log->count("GET http://api.example/v0") == asked);
      BOOST_TEST(x.log->count("ended") == 1u);
      BOOST_TEST((x.outcome->error.kind == kind), x.outcome->error.message);
      BOOST_TEST(x.outcome->error.message.ends_with("no render"));
    }
}

BOOST_AUTO_TEST_CASE(is_made_before_a_folder_for_an_id_that_is_a_path) {
  auto victim = folder.path("victim");
  std::filesystem::create_directories(victim + "-1");
  task.subject.id = job_id{victim};
  task.subject.attempt = 1;
  start([] {
    return done("rendered");
  });
  BOOST_TEST(!outcome->success());
  BOOST_TEST((outcome->error.kind == failure_kind::invalid_input));
  BOOST_TEST(std::filesystem::exists(victim + "-1"));
}

// A worker that wakes after its lease must not end a render that the next
// worker follows.
BOOST_AUTO_TEST_CASE(leaves_the_remote_work_to_a_new_owner_who_may_follow_it) {
  using kind = failure_kind;
  for (auto why : {kind::not_owner, kind::unavailable, kind::cancelled}) {
    attempt x;
    x.followed = true;
    x.start(
      [] {
        return wait_for(1h, [] {
          return done("never");
        });
      },
      {get("http://n/stop")});
    x.advance(5s);
    x.stop({why, "it ends"});
    x.advance(1s);
    BOOST_TEST(x.log->count("GET http://n/stop")
               == (why == kind::cancelled ? 1u : 0u));
    BOOST_TEST(x.log->count("ended") == 1u);
  }
}

BOOST_AUTO_TEST_CASE(for_a_lost_gpu_asks_whose_the_job_is_now) {
  for (auto status : {"running", "queued", "cancelled"}) {
    attempt x;
    x.start([] {
      return wait_for(1h, [] {
        return done("never");
      });
    });
    x.advance(5'100ms);
    x.store->jobs.at("1").status = status;
    x.stop({failure_kind::unavailable, "another worker has taken the GPU"});
    BOOST_TEST(x.log->times("ended") == "5100");
    auto kind = x.outcome->error.kind;
    BOOST_TEST((kind == failure_kind::unavailable) == (status[0] == 'r'));
    BOOST_TEST((kind == failure_kind::not_owner) == (status[0] == 'q'));
  }
}

BOOST_AUTO_TEST_CASE(waits_three_seconds_for_a_service_that_hangs) {
  web->on_request = [](const http_request&) {
    return http_status(200, 1h);
  };
  start(
    [] {
      return wait_for(1h, [] {
        return done("late");
      });
    },
    {get("http://n/stop")});
  stop({failure_kind::cancelled, "gone"});
  // A second reason changes nothing.
  stop({failure_kind::shutting_down, "hurry"});
  advance(1min);
  BOOST_TEST(log->times("ended") == "3000");
  BOOST_TEST((outcome->error.kind == failure_kind::cancelled));
}

BOOST_AUTO_TEST_CASE(comes_within_a_second_of_a_cancellation) {
  start([] {
    return wait_for(1h, [] {
      return done("late");
    });
  });
  advance(10'100ms);
  store->jobs.at("1").status = "cancelled";
  advance(10s);
  BOOST_TEST(log->times("ended") == "10400");
  BOOST_TEST((outcome->error.kind == failure_kind::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(the_words_of_an_attempt, attempt)

BOOST_AUTO_TEST_CASE(hold_no_secret_of_ours) {
  start([] {
    step out = wait_for(1s, [] {
      step last;
      last.next = finish{
        failed_outcome({failure_kind::rejected,
                        "the node says: X-C3-API-KEY node-key-0123456789\n"})};
      return last;
    });
    out.stage = "ask node-key-0123456789";
    return out;
  });
  advance(2s);
  BOOST_TEST(outcome->error.message == "the node says: X-C3-API-KEY ***");
  BOOST_TEST(log->text().find("node-key") == std::string::npos, log->text());
}

BOOST_AUTO_TEST_CASE(hold_none_in_a_text_either) {
  start([] {
    return done("node-key-0123456789 is what I hear");
  });
  run();
  BOOST_TEST(outcome->text == "*** is what I hear");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_job_tried_before, attempt)

// The job's lease may have run out while the job waited for this GPU.
BOOST_AUTO_TEST_CASE(is_not_begun_when_another_has_it) {
  task.subject.attempt = 2;
  status = "queued";
  auto begun = false;
  start([&] {
    begun = true;
    return done("ok");
  });
  advance(10s);
  BOOST_TEST(!begun);
  BOOST_TEST(log->times("ended") == "0");
  BOOST_TEST((outcome->error.kind == failure_kind::not_owner));
}

BOOST_AUTO_TEST_CASE(is_begun_when_it_is_ours) {
  task.subject.attempt = 2;
  start([] {
    return done("ok");
  });
  BOOST_TEST(log->times("progress 1 ") == "0");
  BOOST_TEST(log->times("ended") == "0");
  BOOST_TEST(outcome->success());
}

BOOST_AUTO_TEST_CASE(is_begun_when_redis_does_not_say) {
  task.subject.attempt = 2;
  redis_is_down = true;
  start([] {
    return done("ok");
  });
  BOOST_TEST(outcome->success());
  BOOST_TEST(log->times("ended") == "0");
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Renders on a GPU after two seconds of other work.
struct sleeper : attempt {
  void sleep_before_the_render() {
    start([] {
      return wait_for(2s, [] {
        step out;
        out.next = call{{get("http://n/render")}, [](answers) {
                          return done("ok");
                        }};
        return out;
      });
    });
    advance(1s);
    sleep(36s);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_process_that_has_slept, sleeper)

BOOST_AUTO_TEST_CASE(begins_no_render_of_a_job_that_another_has) {
  sleep_before_the_render();
  store->jobs.at("1").status = "queued";
  advance(1min);
  BOOST_TEST(web->requests.empty());
  BOOST_TEST((outcome->error.kind == failure_kind::not_owner));
}

BOOST_AUTO_TEST_CASE(goes_on_with_one_that_is_still_its_own) {
  sleep_before_the_render();
  advance(1min);
  BOOST_TEST(web->requests.size() == 1u);
  BOOST_TEST(outcome->success());
}

BOOST_AUTO_TEST_CASE(goes_on_when_redis_does_not_say) {
  redis_is_down = true;
  sleep_before_the_render();
  advance(1min);
  BOOST_TEST(web->requests.size() == 1u);
  BOOST_TEST(outcome->success());
}

BOOST_AUTO_TEST_CASE(ends_at_its_deadline_all_the_same) {
  task.deadline_s = steady_now() + 30;
  sleep_before_the_render();
  advance(1min);
  BOOST_TEST(web->requests.empty());
  BOOST_TEST((outcome->error.kind == failure_kind::deadline_passed));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(progress, attempt)

BOOST_AUTO_TEST_CASE(is_written_every_800_ms) {
  start([] {
    auto out = wait_for(2'100ms, [] {
      return done("ok");
    });
    out.stage = "render 1/2";
    out.progress = 0.5;
    return out;
  });
  advance(10s);
  BOOST_TEST(log->times("progress 1 render 1/2") == "800 1600");
  BOOST_TEST(log->times("ended") == "2100");
}

// CAF's clock keeps the receiver of a timer alive and cannot cancel a timer.
BOOST_AUTO_TEST_CASE(leaves_nothing_of_the_attempt_a_minute_later) {
  auto stops_a_stream = [](attempt& x) {
    x.web->on_request = [](const http_request&) {
      return http_status(200, 30s);
    };
    auto long_one = get("http://n/run");
    long_one.total_timeout = 0ms;
    x.start([=] {
      step out;
      out.next = call{{long_one}, [](answers) {
                        return done("never");
                      }};
      return out;
    });
    x.advance(1s);
    x.stop({failure_kind::cancelled, "cancelled"});
  };
  auto waits_for_long = [](attempt& x) {
    x.start([] {
      return wait_for(10s, [] {
        return done("well");
      });
    });
  };
  for (auto& begin : std::vector<std::function<void(attempt&)>>{
         stops_a_stream, waits_for_long}) {
    attempt x;
    begin(x);
    x.advance(11s);
    BOOST_TEST(x.log->count("ended") == 1u);
    auto address = x.renderer.address();
    x.let_go(x.renderer);
    x.renderer = nullptr;
    x.advance(1min);
    BOOST_TEST(!caf::actor_cast<caf::strong_actor_ptr>(address));
  }
}

BOOST_AUTO_TEST_SUITE_END()
