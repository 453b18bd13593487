// One attempt in virtual time: how the RENDERER runs a plan, reports, and ends.
#include "actors/renderer/renderer.hpp"
#include "tests/harness/deterministic_system.hpp"
#include "tests/harness/fake_http.hpp"
#include "tests/harness/fake_job_store.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

/// A plan of whatever the test says.
struct test_plan final : render_plan {
  step start() override {
    return on_start();
  }

  std::vector<http_request> interrupt() override {
    return interrupts;
  }

  bool may_be_followed() const override {
    return followed;
  }

  std::function<step()> on_start;
  std::vector<http_request> interrupts;
  bool followed = false;
};

http_request get(const std::string& url) {
  http_request out;
  out.url = url;
  return out;
}

step done(const std::string& text) {
  step out;
  out.next = finish{{text, {}, {failure_kind::internal, {}}}};
  return out;
}

step wait_for(duration d, std::function<step()> then) {
  step out;
  out.next = wait{d, std::move(then)};
  return out;
}

struct attempt : deterministic_system {
  void start(std::function<step()> on_start,
             std::vector<http_request> interrupts = {}) {
    store->log = web->log = log;
    task.subject.id = "1";
    task.subject.type = "csm";
    if (task.subject.data.empty())
      task.subject.data = R"({"text":"Hi."})";
    if (task.deadline_s == 0)
      task.deadline_s = unix_now() + 3'600;
    task.deadline_error = "too late";
    store->jobs["1"].status = status;
    renderer_deps deps;
    http = spawn(fake_http_behavior, web);
    deps.http = http;
    deps.progress = spawn(fake_job_store_behavior, store);
    if (redis_is_down)
      deps.progress
        = spawn([](progress_actor::pointer) -> progress_actor::behavior_type {
            return {
              [](const msg::report_progress&) -> caf::result<msg::ownership> {
                return to_error({failure_kind::unavailable, "Redis: cut"});
              },
              [](const msg::note_remote&) {
                // nop
              }};
          });
    deps.media = spawn([](media_actor::pointer) -> media_actor::behavior_type {
      return {
        [](const msg::identify_file&) {
          return msg::file_identity{"audio/mpeg", ".mp3", 7};
        },
        [](const msg::prepare_image&) {
          return msg::prepared_image{};
        },
        [](const msg::prepare_audio&) -> caf::result<msg::prepared_audio> {
          return to_error({failure_kind::invalid_input, "no sound"});
        },
        [](const msg::cancel_media&) {
          // nop
        }};
    });
    deps.store = spawn(
      [](object_store_actor::pointer) -> object_store_actor::behavior_type {
        return {[](const msg::store_file& x) {
                  return msg::stored_file{"http://s.example/" + x.name};
                },
                [](const msg::check_storage&) {
                  return caf::ok_atom_v;
                }};
      });
    deps.owner = spawn(
      [log = log, outcome = outcome](
        render_owner_actor::pointer) -> render_owner_actor::behavior_type {
        return {[=](const msg::render_ended& x) {
          log->add("ended");
          *outcome = x.outcome;
        }};
      });
    deps.plans = [=, this](const job&, const job_params&,
                           const render_environment&) {
      auto plan = std::make_unique<test_plan>();
      plan->on_start = on_start;
      plan->interrupts = interrupts;
      plan->followed = followed;
      return plan;
    };
    deps.now = [this] {
      return unix_now();
    };
    deps.log = null_logger();
    env.work_dir = (std::filesystem::temp_directory_path()
                    / ("render-attempt-" + std::to_string(::getpid())))
                     .string();
    renderer = spawn(renderer_behavior, cfg, deps, task, env);
  }

  void stop(failure why) {
    caf::anon_send(renderer, msg::stop_render{std::move(why)});
    run();
  }

  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_job_store_ptr store = std::make_shared<fake_job_store>();
  fake_http_ptr web = std::make_shared<fake_http>();
  std::shared_ptr<job_outcome> outcome = std::make_shared<job_outcome>();
  fake_http_actor http;
  renderer_config cfg;
  msg::run_job task;
  /// What Redis says of the job.
  std::string status = "running";
  bool redis_is_down = false;
  /// Of the plan, see `may_be_followed`.
  bool followed = false;
  render_environment env;
  renderer_actor renderer;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_plan, attempt)

BOOST_AUTO_TEST_CASE(is_told_all_answers_together_and_in_order) {
  web->on_request = [](const http_request& x) {
    return x.url == "http://slow/" ? http_status(201, 7s) : http_status(200);
  };
  start([] {
    step out;
    out.next = call{
      {get("http://slow/"), get("http://fast/"), msg::identify_file{"a", {}},
       msg::prepare_audio{}, msg::store_file{"a", "a.mp3", {}, {}}},
      [](answers got) {
        BOOST_REQUIRE(got.size() == 5u);
        BOOST_TEST(std::get<http_response>(*got[0]).status == 201);
        BOOST_TEST(std::get<http_response>(*got[1]).status == 200);
        BOOST_TEST(std::get<msg::file_identity>(*got[2]).extension == ".mp3");
        BOOST_TEST(!got[3].has_value());
        BOOST_TEST(got[3].error().message == "no sound");
        return done(std::get<msg::stored_file>(*got[4]).url);
      }};
    return out;
  });
  BOOST_TEST(log->count("ended") == 0u);
  advance(7s);
  BOOST_TEST(log->times("ended") == "7000");
  BOOST_TEST(outcome->text == "http://s.example/a.mp3");
}

BOOST_AUTO_TEST_CASE(that_throws_fails_as_a_bug_of_ours) {
  start([]() -> step {
    throw std::runtime_error("oops");
  });
  BOOST_TEST((outcome->error.kind == failure_kind::internal));
  BOOST_TEST(outcome->error.message.find("oops") != std::string::npos);
  BOOST_TEST(log->times("ended") == "0");
}

BOOST_AUTO_TEST_CASE(that_throws_later_fails_the_same_way) {
  start([] {
    return wait_for(5s, []() -> step {
      throw std::runtime_error("oops");
    });
  });
  advance(5s);
  BOOST_TEST(log->times("ended") == "5000");
  BOOST_TEST((outcome->error.kind == failure_kind::internal));
}

BOOST_AUTO_TEST_CASE(has_a_folder_that_is_gone_afterwards) {
  start([] {
    return wait_for(1s, [] {
      return done("ok");
    });
  });
  BOOST_TEST(std::filesystem::is_directory(env.work_dir));
  advance(1s);
  BOOST_TEST(outcome->success());
  BOOST_TEST(!std::filesystem::exists(env.work_dir));
}

BOOST_AUTO_TEST_CASE(leaves_no_folder_when_the_renderer_is_killed) {
  start([] {
    return wait_for(1h, [] {
      return done("never");
    });
  });
  BOOST_TEST(std::filesystem::is_directory(env.work_dir));
  caf::anon_send_exit(renderer, caf::exit_reason::kill);
  run();
  BOOST_TEST(!std::filesystem::exists(env.work_dir));
}

BOOST_AUTO_TEST_CASE(is_not_made_for_bad_parameters) {
  task.subject.data = R"({"text":"Hi.","topk":0})";
  start([] {
    return done("rendered");
  });
  BOOST_TEST((outcome->error.kind == failure_kind::invalid_input));
  BOOST_TEST(outcome->error.message.find("topk: got 0") == 0u);
  BOOST_TEST(!std::filesystem::exists(env.work_dir));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_stream, attempt)

BOOST_AUTO_TEST_CASE(ends_when_an_event_says_what_is_next) {
  web->on_request = [](const http_request&) {
    return http_status(200, 30s);
  };
  start([] {
    step out;
    out.next = stream{get("http://n/stream"),
                      [](std::string_view bytes) {
                        stream_event event;
                        event.stage = "render";
                        if (bytes == "done")
                          event.next = [] {
                            return done("by event");
                          };
                        return event;
                      },
                      [](result<http_response>) {
                        return done("by end");
                      }};
    return out;
  });
  advance(3s);
  auto chunk = [this](std::string bytes) {
    caf::anon_send(renderer,
                   msg::http_chunk{web->requests[0].group, std::move(bytes)});
    run();
  };
  chunk("more");
  BOOST_TEST(log->count("ended") == 0u);
  // Of another stream: not ours.
  caf::anon_send(renderer, msg::http_chunk{"else", "done"});
  run();
  BOOST_TEST(log->count("ended") == 0u);
  chunk("done");
  BOOST_TEST(log->times("ended") == "3000");
  BOOST_TEST(log->count("aborted http://n/stream") == 1u);
  BOOST_TEST(outcome->text == "by event");
}

BOOST_AUTO_TEST_CASE(that_ends_by_itself_is_told) {
  web->on_request = [](const http_request&) {
    return http_status(502, 2s);
  };
  start([] {
    step out;
    out.next = stream{get("http://n/stream"),
                      [](std::string_view) {
                        return stream_event{};
                      },
                      [](result<http_response> got) {
                        return done("HTTP " + std::to_string(got->status));
                      }};
    return out;
  });
  advance(2s);
  BOOST_TEST(outcome->text == "HTTP 502");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(an_end_from_outside, attempt)

BOOST_AUTO_TEST_CASE(comes_at_the_deadline) {
  task.deadline_s = unix_now() + 60;
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
  other.group = "10/1";
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

// A worker that wakes after its lease must not cut what the next one follows.
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

BOOST_FIXTURE_TEST_SUITE(a_job_tried_before, attempt)

// While it waited for this GPU, its lease may have run out.
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

BOOST_AUTO_TEST_SUITE_END()
