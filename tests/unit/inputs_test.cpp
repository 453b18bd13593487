// A job's inputs: requests, verdicts, names, tries.
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/steps.hpp"
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::test;
using namespace std::chrono_literals;

namespace {

/// Fetches two inputs and ends with the sizes of both as the text.
class two_inputs : public render_plan {
public:
  explicit two_inputs(std::string control_url = {}) {
    env_.control_url = std::move(control_url);
  }

  step start() override {
    return fetch_inputs({{"a_url", "https://a.example/x?key=1", "a", "No file"},
                         {"b_url", "https://b.example/y", "b"}},
                        env_, [](const std::vector<http_response>& got) {
                          job_outcome done;
                          for (auto& x : got)
                            done.text += std::to_string(x.body_bytes) + " ";
                          return end_with(std::move(done));
                        });
  }

  std::vector<http_request> interrupt() override {
    return {};
  }

private:
  render_environment env_ = test_environment();
};

result<answer> file(uint64_t bytes) {
  auto x = http_answer(200);
  x.body_bytes = bytes;
  return answer{std::move(x)};
}

result<answer> status(int32_t x) {
  return answer{http_answer(x)};
}

result<answer> broken(failure_kind kind = failure_kind::unavailable) {
  return fail(kind, "no connection");
}

/// Tried three times, while the first one comes at once.
void the_second_is_never_there(player& world) {
  for (int i = 0; i < 3; ++i) {
    world.answer_all(i == 0 ? answers{file(1), broken()} : answers{broken()});
    if (i < 2)
      world.elapse();
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(inputs)

BOOST_AUTO_TEST_CASE(are_fetched_without_the_key_and_within_limits) {
  auto env = test_environment();
  env.max_input_bytes = 77;
  auto x = fetch_request("https://a.example/x", "image", env);
  BOOST_TEST(x.headers.empty());
  BOOST_TEST(x.output_file == "/work/7/image");
  BOOST_TEST(x.max_body_bytes == 77u);
  BOOST_TEST(x.max_redirects == 30u);
  BOOST_TEST(x.public_only);
  BOOST_TEST(x.unpack);
  BOOST_TEST(x.stall_speed >= 1000u);
  BOOST_TEST((x.stall_timeout > 0ms));
  BOOST_TEST((x.total_timeout > 0ms));
}

// Those of our own service may lie at a private address; nothing else of that
// service may be reached so.
BOOST_AUTO_TEST_CASE(that_were_uploaded_may_be_near) {
  auto env = test_environment();
  env.uploads_url = "http://127.0.0.1:8095/v1/files/";
  auto id = std::string(64, 'a');
  auto own = fetch_request(env.uploads_url + id + "?expires=1&signature=2",
                           "image", env);
  BOOST_TEST(!own.public_only);
  BOOST_TEST(own.max_redirects == 0u);
  BOOST_TEST(!fetch_request(env.uploads_url + id, "image", env).public_only);
  for (auto& url :
       {env.uploads_url, env.uploads_url + "../fleet",
        env.uploads_url + id + "/x", env.uploads_url + id.substr(1) + "?",
        env.uploads_url + id + "b?x",
        std::string{"http://127.0.0.1:8095/v1/fleet"},
        "http://127.0.0.1:8096/v1/files/" + id,
        "http://a@127.0.0.1:8095/v1/files/" + id})
    BOOST_TEST(fetch_request(url, "image", env).public_only, url);
  env.uploads_url.clear();
  BOOST_TEST(fetch_request(id, "image", env).public_only);
}

BOOST_AUTO_TEST_CASE(that_fail_are_the_callers_and_hide_the_query) {
  auto error_of = [](const result<answer>& got) {
    auto x = check_fetched("image_url", "https://u:p@a.example/x?key=1", got);
    BOOST_REQUIRE(!x);
    BOOST_TEST(x.error().message.starts_with("image_url: "
                                             "https://a.example/x "));
    BOOST_TEST((x.error().kind == failure_kind::invalid_input));
    return x.error().message;
  };
  BOOST_TEST(contains(error_of(status(404)), "404"));
  BOOST_TEST(contains(error_of(file(0)), "empty"));
  BOOST_TEST(contains(error_of(broken()), "no connection"));
  BOOST_TEST(check_fetched("a", "https://a.example", file(1)).has_value());
}

BOOST_AUTO_TEST_CASE(that_the_worker_hinders_are_not_the_callers_fault) {
  for (auto kind : {failure_kind::cancelled, failure_kind::aborted,
                    failure_kind::unfit, failure_kind::shutting_down}) {
    auto got = check_fetched("a", "https://a.example", broken(kind));
    BOOST_TEST((got.error().kind == kind));
  }
}

BOOST_AUTO_TEST_CASE(are_worth_another_fetch_when_it_may_pass) {
  for (auto x : {408, 429, 500, 503})
    BOOST_TEST(worth_another_fetch(status(x)), x);
  for (auto x : {200, 302, 401, 403, 404, 410})
    BOOST_TEST(!worth_another_fetch(status(x)), x);
  BOOST_TEST(worth_another_fetch(broken()));
  for (auto kind : {failure_kind::invalid_input, failure_kind::rejected,
                    failure_kind::cancelled})
    BOOST_TEST(!worth_another_fetch(broken(kind)));
}

BOOST_AUTO_TEST_CASE(are_named_by_query_then_path_then_type_then_content) {
  auto name = [](std::string_view url, std::string_view type = "audio/ogg") {
    return choose_extension(url, type, ".flac");
  };
  BOOST_TEST(name("https://a.example/x.mp3?File=My%20Song.WAV") == ".wav");
  BOOST_TEST(name("https://a.example/x.mp3?name=&filename=b.m4a#y") == ".m4a");
  BOOST_TEST(name("https://a.example/x.mp3?named=b.m4a") == ".mp3");
  BOOST_TEST(name("https://a.example/v1.2/x") == ".ogg");
  BOOST_TEST(name("https://a.example/x%2Emp3") == ".mp3");
  BOOST_TEST(name("https://a.example") == ".ogg");
  BOOST_TEST(name("https://a.example/.mp3") == ".ogg");
  BOOST_TEST(name("https://a.example/x.much-too-long") == ".ogg");
  BOOST_TEST(name("https://a.example/x?file=%zz%4") == ".ogg");
  BOOST_TEST(name("https://a.example/x", "Audio/MPEG; charset=x") == ".mp3");
  BOOST_TEST(name("https://a.example/x", "application/octet-stream")
             == ".flac");
  BOOST_TEST(choose_extension("https://a.example/x", "", "").empty());
}

BOOST_AUTO_TEST_CASE(are_handed_on_together_and_in_order) {
  two_inputs plan;
  player world{plan};
  BOOST_REQUIRE(world.operations() == 2u);
  BOOST_TEST(world.request(0).output_file == "/work/7/a");
  BOOST_TEST(world.request(1).output_file == "/work/7/b");
  world.answer_all({file(1), file(2)});
  BOOST_TEST(world.outcome().text == "1 2 ");
}

BOOST_AUTO_TEST_CASE(are_fetched_again_alone) {
  two_inputs plan;
  player world{plan};
  world.answer_all({file(1), status(503)});
  BOOST_TEST((world.elapse() == 1s));
  BOOST_REQUIRE(world.operations() == 1u);
  BOOST_TEST(world.request().url == "https://b.example/y");
  world.answer_all({file(2)});
  BOOST_TEST(world.outcome().text == "1 2 ");
}

BOOST_AUTO_TEST_CASE(are_given_up_after_three_tries) {
  two_inputs plan;
  player world{plan};
  world.answer_all({broken(), file(2)});
  world.elapse();
  world.answer_all({broken()});
  world.elapse();
  world.answer_all({status(503)});
  BOOST_TEST((world.error().kind == failure_kind::invalid_input));
  BOOST_TEST(
    world.error().message.starts_with("No file: a_url: https://a.example/x "));
  BOOST_TEST(contains(world.error().message, "503"));
}

BOOST_AUTO_TEST_CASE(without_a_network_are_no_fault_of_the_job) {
  two_inputs plan{"https://api.example/v0"};
  player world{plan};
  the_second_is_never_there(world);
  BOOST_TEST(world.request().url == "https://api.example/v0");
  BOOST_TEST(world.request().headers.empty());
  BOOST_TEST(!world.request().public_only);
  world.answer_all({broken()});
  BOOST_TEST((world.error().kind == failure_kind::unfit));
  BOOST_TEST(contains(world.error().message, "b_url"));
  BOOST_TEST(!contains(world.error().message, "b.example"));
}

BOOST_AUTO_TEST_CASE(are_the_jobs_fault_when_others_can_be_reached) {
  two_inputs plan{"https://api.example/v0"};
  player world{plan};
  the_second_is_never_there(world);
  world.reply(401);
  BOOST_TEST((world.error().kind == failure_kind::invalid_input));
}

// Whoever was reached has a network.
BOOST_AUTO_TEST_CASE(that_were_answered_ask_nobody_else) {
  two_inputs plan{"https://api.example/v0"};
  player world{plan};
  world.answer_all({file(1), status(404)});
  BOOST_TEST((world.error().kind == failure_kind::invalid_input));
}

BOOST_AUTO_TEST_CASE(that_cannot_get_better_end_at_once) {
  two_inputs plan;
  player world{plan};
  world.answer_all({file(1), status(404)});
  BOOST_TEST(world.error().message.starts_with("b_url"));
}

BOOST_AUTO_TEST_SUITE_END()
