// How the RENDERER runs a plan and follows a stream.
#include "actors/event_sink.hpp"
#include "actors/renderer/inputs.hpp"
#include "tests/scenario/renderer_attempt.hpp"

using namespace render;
using namespace render::harness;

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

BOOST_AUTO_TEST_CASE(tells_the_bytes_of_each_input_that_came) {
  struct sink : event_sink {
    void on_event(const event& x) override {
      if (x.name == "input_fetched")
        bytes += std::to_string(x.bytes) + " ";
    }
    std::string bytes;
  };
  auto heard = std::make_shared<sink>();
  lines->sinks().push_back(heard);
  env.uploads_url = "http://10.0.0.1/v1/files/";
  auto own = env.uploads_url + std::string(64, 'a');
  web->on_request = [own](const http_request& x) {
    auto out = http_status(x.url == "http://f.example/gone" ? 404 : 200, 1s);
    out.what->body_bytes = x.url == own ? 7 : 70;
    return out;
  };
  start([this, own] {
    step out;
    out.next = call{{fetch_request("http://f.example/a", "a", env),
                     fetch_request("http://f.example/gone", "b", env),
                     get("http://n/result")},
                    [this, own](const answers&) {
                      step next;
                      next.next = call{{fetch_request(own, "c", env)},
                                       [](const answers&) {
                                         return done("");
                                       }};
                      return next;
                    }};
    return out;
  });
  advance(3s);
  BOOST_TEST(log->count("ended") == 1u);
  BOOST_TEST(heard->bytes == "70 7 ");
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

BOOST_AUTO_TEST_CASE(is_woken_from_its_wait_by_what_it_hears) {
  web->on_request = [](const http_request& x) {
    return http_status(200, x.url == "http://n/ask" ? 3s : 24h);
  };
  start([] {
    step out;
    out.next = call{{get("http://n/ask")}, [](const answers&) {
                      return wait_for(1h, [] {
                        return wait_for(1h, [] {
                          return done("woken");
                        });
                      });
                    }};
    out.listen = side_channel{get("http://n/listen"),
                              [](std::string_view message) {
                                stream_event event;
                                event.wake = message == "over";
                                return event;
                              }};
    return out;
  });
  auto hear = [this](std::string message) {
    for (auto& x : web->requests)
      if (x.url == "http://n/listen")
        caf::anon_send(renderer, msg::http_chunk{x.group, std::move(message)});
    run();
  };
  advance(1s);
  // Nothing waits yet: an answer is.
  hear("over");
  advance(4s);
  hear("something else");
  BOOST_TEST(log->count("ended") == 0u);
  hear("over");
  advance(1s);
  BOOST_TEST(log->count("ended") == 0u);
  hear("over");
  BOOST_TEST(log->times("ended") == "6000");
  BOOST_TEST(outcome->text == "woken");
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
  // A piece of another stream is ignored.
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
