// Plans that end with the inputs: the same checks, and nothing for a node.
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::test;

namespace {

const std::string voice
  = R"({"text":"Hi.","voice":"clone","reference_text":"Ho.",)"
    R"("reference_audio_url":"https://a.example/a"})";
const std::string sound = R"({"audio_url":"https://a.example/a"})";
const std::string picture = R"({"image_url":"https://a.example/p"})";
const std::string both = R"({"image_url":"https://a.example/p",)"
                         R"("audio_url":"https://a.example/a"})";

/// Answers like a good world until the plan ends, or asks a node.
struct look {
  look(const std::string& type, const std::string& data) {
    auto env = test_environment();
    env.inputs_only = true;
    auto subject = test_job(type);
    subject.data = data;
    plan = make_plan(subject, validate(subject).value(), env);
    world = std::make_unique<player>(*plan);
  }

  void fetched(const std::vector<result<answer>>& got) {
    BOOST_REQUIRE(world->operations() == got.size());
    world->answer_all(got);
  }

  std::unique_ptr<render_plan> plan;
  std::unique_ptr<player> world;
};

result<answer> file() {
  auto x = http_answer(200);
  x.body_bytes = 7;
  return answer{std::move(x)};
}

result<answer> status(int32_t x) {
  return answer{http_answer(x)};
}

result<answer> a_sound() {
  return answer{msg::prepared_audio{"/work/7/sound.mp3", "audio/mpeg", 4}};
}

result<answer> a_picture() {
  return answer{msg::prepared_image{"/work/7/picture.png", 8, 8, 8, 8, {}}};
}

result<answer> type_of(const std::string& x) {
  return answer{msg::file_identity{x, "", 7}};
}

result<answer> no_sound() {
  return fail(failure_kind::invalid_input, "no sound");
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_plan_for_the_inputs_alone)

BOOST_AUTO_TEST_CASE(ends_well_when_they_are_good) {
  look speaker{"csm", voice};
  speaker.fetched({file()});
  speaker.fetched({a_sound()});
  BOOST_TEST(speaker.world->outcome().success());
  look speech{"whisper", sound};
  speech.fetched({file()});
  speech.fetched({type_of("audio/mpeg")});
  BOOST_TEST(speech.world->outcome().success());
  look face{"analyze", picture};
  face.fetched({file()});
  face.fetched({a_picture()});
  BOOST_TEST(face.world->outcome().success());
  look portrait{"portrait", both};
  portrait.fetched({file(), file()});
  portrait.fetched({a_picture(), a_sound()});
  BOOST_TEST(portrait.world->outcome().success());
  BOOST_TEST(portrait.plan->interrupt().empty());
}

BOOST_AUTO_TEST_CASE(ends_at_once_without_any) {
  look x{"csm", R"({"text":"Hi."})"};
  BOOST_TEST(x.world->outcome().success());
}

BOOST_AUTO_TEST_CASE(ends_as_the_whole_plan_when_they_are_bad) {
  auto refused = [](look x, std::vector<result<answer>> seen,
                    const std::string& begin) {
    x.fetched(std::vector<result<answer>>(x.world->operations(), file()));
    x.fetched(seen);
    BOOST_TEST((x.world->error().kind == failure_kind::invalid_input));
    BOOST_TEST(x.world->error().message.starts_with(begin));
  };
  refused({"csm", voice}, {no_sound()}, "reference_audio_url: ");
  refused({"whisper", sound}, {type_of("text/html")}, "audio_url: ");
  refused({"analyze", picture}, {no_sound()}, "image_url: ");
  refused({"portrait", both}, {a_picture(), no_sound()},
          "Failed to extract/convert audio file: audio_url: ");
}

BOOST_AUTO_TEST_CASE(tries_nothing_twice) {
  look x{"whisper", sound};
  x.fetched({status(503)});
  BOOST_TEST((x.world->error().kind == failure_kind::unavailable));
  look y{"whisper", sound};
  y.fetched({fail(failure_kind::unavailable, "no connection")});
  BOOST_TEST((y.world->error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(is_sure_when_one_input_can_never_be_good) {
  for (auto first_is_sure : {true, false}) {
    look x{"portrait", both};
    x.fetched(
      {status(first_is_sure ? 404 : 503), status(first_is_sure ? 503 : 404)});
    BOOST_TEST((x.world->error().kind == failure_kind::invalid_input));
    BOOST_TEST(contains(x.world->error().message, "404"));
  }
}

BOOST_AUTO_TEST_CASE(is_sure_of_an_address_that_may_not_be_reached) {
  look x{"whisper", sound};
  x.fetched({fail(failure_kind::rejected, "cannot be reached")});
  BOOST_TEST((x.world->error().kind == failure_kind::invalid_input));
  BOOST_TEST(contains(x.world->error().message, "cannot be reached"));
}

BOOST_AUTO_TEST_SUITE_END()
