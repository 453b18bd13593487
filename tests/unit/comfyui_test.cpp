// ComfyUI's protocol and the portrait workflow.
#include "actors/renderer/comfyui/protocol.hpp"
#include "actors/renderer/comfyui/workflow.hpp"
#include "messages/text/json.hpp"
#include "tests/unit/plan_player.hpp"

using namespace render;
using namespace render::comfyui;
using test::contains;
using test::http_answer;

namespace {

const server node{"https://ui-node.example", "key"};

result<http_response> ok(std::string body) {
  return http_answer(200, std::move(body));
}

result<history> history_of(const std::string& entry) {
  return read_history(ok(R"({"p1":)" + entry + "}"), "p1", "13");
}

constexpr auto workflow = R"({
  "18":{"class_type":"LoadImage","inputs":{"image":"old"}},
  "26":{"class_type":"LoadAudio","inputs":{}},
  "58":{"class_type":"ImageResize+","inputs":{"width":1,"height":1,"x":5.0}},
  "33":{"class_type":"SONIC_PreData","inputs":{"duration":1}},
  "31":{"class_type":"SONICSampler","inputs":{"seed":1}},
  "13":{"class_type":"VHS_VideoCombine","inputs":{"filename_prefix":""}}})";

} // namespace

BOOST_AUTO_TEST_SUITE(comfyui_workflow)

BOOST_AUTO_TEST_CASE(size_fits_the_frame_and_keeps_the_shape) {
  auto is = [](uint32_t w, uint32_t h, frame_size expected) {
    auto got = workflow_size(w, h);
    BOOST_TEST((got == expected),
               w << "x" << h << " gives " << got.width << "x" << got.height);
  };
  is(1280, 720, {1280, 720});
  is(640, 360, {1280, 720});
  is(2048, 1365, {1080, 720});
  is(1000, 1000, {720, 720});
  is(600, 800, {540, 720});
  is(3000, 1000, {1280, 426});
  is(10'000, 1, {1280, 1});
  is(1, 10'000, {1, 720});
  is(0, 5, {1, 1});
}

BOOST_AUTO_TEST_CASE(duration_is_rounded_up_with_room) {
  BOOST_TEST(workflow_duration(4.0) == 7u);
  BOOST_TEST(workflow_duration(4.01) == 8u);
  BOOST_TEST(workflow_duration(0) == 3u);
  BOOST_TEST(workflow_duration(-1) == 8u);
  BOOST_TEST(workflow_duration(1e9) == 8u);
}

BOOST_AUTO_TEST_CASE(is_filled_by_class) {
  portrait_inputs x{"j1", "a.png", "b.mp3", {640, 480}, 9, 0xFFFFFFFFFFull};
  auto text = fill_portrait(workflow, x);
  BOOST_REQUIRE(text);
  auto doc = json::parse(*text);
  BOOST_REQUIRE(doc);
  auto at = [&](const char* node_id, const char* name) {
    auto* found = json::find(*doc, node_id, "inputs", name);
    return found ? json::to_text(*found) : "none";
  };
  BOOST_TEST(at("18", "image") == "\"a.png\"");
  BOOST_TEST(at("26", "audio") == "\"b.mp3\"");
  BOOST_TEST(at("58", "width") == "640");
  BOOST_TEST(at("58", "height") == "480");
  BOOST_TEST(at("58", "x") == "5.0");
  BOOST_TEST(at("33", "duration") == "9");
  BOOST_TEST(at("31", "seed") == "1099511627775");
  BOOST_TEST(at("13", "filename_prefix") == "\"Video_j1\"");
  BOOST_TEST(video_node(workflow) == "13");
}

BOOST_AUTO_TEST_CASE(that_lacks_a_node_is_our_fault) {
  auto error_of = [](std::string_view text) {
    auto got = fill_portrait(text, {});
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().kind == failure_kind::internal));
    return got.error().message;
  };
  error_of("[]");
  error_of("nonsense");
  BOOST_TEST(contains(error_of("{}"), "LoadImage"));
  BOOST_TEST(contains(error_of(R"({"1":{"class_type":"LoadImage","inputs":{}},
                 "2":{"class_type":"LoadAudio","inputs":{}},"3":7})"),
                      "VHS_VideoCombine"));
  BOOST_TEST(video_node("{}").empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(comfyui_requests)

BOOST_AUTO_TEST_CASE(carry_the_key_and_say_what_they_mean) {
  auto upload = upload_request(node, "/w/a.png", "n.png");
  BOOST_TEST(upload.url == "https://ui-node.example/upload/image");
  BOOST_TEST(upload.parts.at(0).name == "image");
  BOOST_TEST(upload.parts.at(0).file_name == "n.png");
  auto prompt = prompt_request(node, "{}", "p1", "c1");
  BOOST_TEST(prompt.body
             == R"({"prompt":{},"prompt_id":"p1","client_id":"c1"})");
  BOOST_TEST(delete_request(node, "p1").body == R"({"delete":["p1"]})");
  BOOST_TEST(interrupt_request(node, "p1").body == R"({"prompt_id":"p1"})");
  auto view = view_request(node, {"a b.mp4", "x/y", "output"}, "/w/o", 5);
  BOOST_TEST(view.url
             == "https://ui-node.example/view?filename=a%20b.mp4&subfolder="
                "x%2Fy&type=output");
  BOOST_TEST(view.output_file == "/w/o");
  BOOST_TEST(view.max_body_bytes == 5u);
  for (auto& x :
       {upload, prompt, view, queue_request(node), history_request(node, "p1"),
        delete_request(node, "p1"), interrupt_request(node, "p1")})
    BOOST_TEST(test::header(x, "X-C3-API-KEY") == "key");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(comfyui_answers)

BOOST_AUTO_TEST_CASE(to_uploads_give_the_name_in_force) {
  BOOST_TEST(*read_upload(ok(R"({"name":"a (1).png","subfolder":""})"))
             == "a (1).png");
  BOOST_TEST(*read_upload(ok(R"({"name":"a","subfolder":"s"})")) == "s/a");
  BOOST_TEST((read_upload(ok("{}")).error().kind == failure_kind::unavailable));
  BOOST_TEST((read_upload(http_answer(502, "<html>")).error().kind
              == failure_kind::unavailable));
  BOOST_TEST((read_upload(http_answer(400, "bad")).error().kind
              == failure_kind::rejected));
}

BOOST_AUTO_TEST_CASE(to_prompts_may_refuse_the_video_on_a_200) {
  BOOST_TEST(*read_prompt(ok(R"({"prompt_id":"p","node_errors":[]})"), "13")
             == "p");
  BOOST_TEST(*read_prompt(ok(R"({"prompt_id":"p","node_errors":{}})"), "13")
             == "p");
  // Another output is broken, the video will come.
  BOOST_TEST(*read_prompt(ok(R"({"prompt_id":"p","node_errors":{"21":{
    "dependent_outputs":["21"],"class_type":"Preview","errors":[]}}})"),
                          "13")
             == "p");
  auto partial = read_prompt(ok(R"({"prompt_id":"p","node_errors":{"18":{
    "dependent_outputs":["13"],"class_type":"LoadImage",
    "errors":[{"message":"Invalid image","details":"a.png"}]}}})"),
                             "13");
  BOOST_REQUIRE(!partial);
  BOOST_TEST((partial.error().kind == failure_kind::rejected));
  BOOST_TEST(
    contains(partial.error().message, "LoadImage: Invalid image (a.png)"));
}

BOOST_AUTO_TEST_CASE(to_prompts_say_why_or_leave_it_open) {
  auto refused = read_prompt(
    http_answer(400, R"({"error":{"message":"Prompt has no outputs"},
                         "node_errors":[]})"),
    "13");
  BOOST_TEST((refused.error().kind == failure_kind::rejected));
  BOOST_TEST(contains(refused.error().message, "Prompt has no outputs"));
  BOOST_TEST((read_prompt(http_answer(400, "<html>"), "13").error().kind
              == failure_kind::rejected));
  auto rude
    = read_prompt(http_answer(400, R"({"error":{"message":"\u001b[2J)"
                                     + std::string(5'000, 'x') + R"("}})"),
                  "13");
  BOOST_TEST(rude.error().message.size() < 500);
  BOOST_TEST(!contains(rude.error().message, "\x1b"));
  auto type = http_answer(503, "");
  type.headers["content-type"] = "te\x1b[31mxt" + std::string(5'000, 'x');
  rude = read_prompt(type, "13");
  BOOST_TEST(rude.error().message.size() < 500);
  BOOST_TEST(!contains(rude.error().message, "\x1b"));
  for (auto status : {502, 504})
    BOOST_TEST((read_prompt(http_answer(status, "<html>"), "13").error().kind
                == failure_kind::outcome_unknown));
  BOOST_TEST((read_prompt(http_answer(503, "<html>"), "13").error().kind
              == failure_kind::unavailable));
  BOOST_TEST(
    (read_prompt(ok("{}"), "13").error().kind == failure_kind::unavailable));
}

BOOST_AUTO_TEST_CASE(from_the_history_find_the_video) {
  auto file_of = [](const std::string& outputs) {
    auto got = history_of(R"({"status":{"status_str":"success"},"outputs":)"
                          + outputs + "}");
    BOOST_REQUIRE(got);
    BOOST_TEST(got->ended);
    return got->video;
  };
  auto gif = file_of(R"({"21":{"images":[{"filename":"p.png","type":"temp"}]},
    "13":{"gifs":[{"filename":"v.mp4","subfolder":"s","type":"output",
    "format":"video/h264-mp4"}]}})");
  BOOST_TEST(gif.filename == "v.mp4");
  BOOST_TEST(gif.subfolder == "s");
  BOOST_TEST(gif.type == "output");
  auto video = file_of(R"({"99":{"videos":[{"filename":"w.webm"}]}})");
  BOOST_TEST(video.filename == "w.webm");
  BOOST_TEST(video.type == "output");
  BOOST_TEST(
    file_of(R"({"13":{"images":[{"filename":"x.png"}]}})").filename.empty());
}

BOOST_AUTO_TEST_CASE(from_the_history_tell_failures_apart) {
  auto error_of = [](const std::string& messages) {
    auto got = history_of(R"({"status":{"status_str":"error","messages":)"
                          + messages + "}}");
    BOOST_REQUIRE(got);
    BOOST_TEST(got->ended);
    BOOST_TEST(got->video.filename.empty());
    return got->error;
  };
  auto model = error_of(R"([["execution_start",{}],["execution_error",
    {"node_id":"31","node_type":"SONICSampler",
     "exception_message":"bad shape\n"}]])");
  BOOST_TEST((model.kind == failure_kind::rejected));
  BOOST_TEST(model.message
             == "ComfyUI error in node 31 (SONICSampler): bad shape");
  BOOST_TEST(error_of(R"([["execution_error",
    {"node_id":"9","exception_message":"x"}]])")
               .message
             == "ComfyUI error in node 9: x");
  BOOST_TEST(error_of(R"([["execution_error",
    {"node_type":"SONICSampler","exception_message":"x"}]])")
               .message
             == "ComfyUI error (SONICSampler): x");
  auto memory = error_of(R"([["execution_error",
    {"exception_message":"Allocation on device: CUDA out of memory"}]])");
  BOOST_TEST((memory.kind == failure_kind::unavailable));
  BOOST_TEST((error_of(R"([["execution_interrupted",{}]])").kind
              == failure_kind::unavailable));
  BOOST_TEST((error_of("null").kind == failure_kind::rejected));
  auto none = history_of(R"({"status":{"status_str":"success"}})");
  BOOST_TEST((none->error.kind == failure_kind::rejected));
  BOOST_TEST(!read_history(ok("{}"), "p1", "13")->ended);
  BOOST_TEST(!read_history(http_answer(502, "x"), "p1", "13"));
}

BOOST_AUTO_TEST_CASE(from_the_queue_tell_our_place) {
  auto text = R"({"queue_running":[[1,"p0",{}]],
                  "queue_pending":[[3,"p2",{}],"odd",[2,"p1",{}]]})";
  auto waiting = read_queue(ok(text), "p1");
  BOOST_REQUIRE(waiting);
  BOOST_TEST(!waiting->running);
  BOOST_TEST(waiting->ahead.value_or(99) == 3u);
  auto running = read_queue(ok(text), "p0");
  BOOST_TEST(running->running);
  BOOST_TEST(running->ahead.value_or(99) == 0u);
  BOOST_TEST(!read_queue(ok(text), "p9")->ahead.has_value());
  BOOST_TEST(!read_queue(ok("{}"), "p9")->ahead.has_value());
  BOOST_TEST(!read_queue(http_answer(403, "x"), "p9"));
}

BOOST_AUTO_TEST_CASE(by_the_way_tell_of_one_prompt_only) {
  auto of = [](const char* text) {
    return read_event(text, "p");
  };
  auto x
    = of(R"({"type":"progress","data":{"value":1,"max":4,"prompt_id":"p"}})");
  BOOST_TEST(x.running);
  BOOST_TEST(x.progress == 0.25);
  // An older server does not say whose.
  BOOST_TEST(of(R"({"type":"progress","data":{"value":3,"max":4}})").progress
             == 0.75);
  BOOST_TEST(
    of(R"({"type":"executing","data":{"node":"7","prompt_id":"p"}})").running);
  for (auto* other :
       {"", "null", "[]", "no JSON", R"({"type":"progress"})",
        R"({"type":"progress","data":7})",
        R"({"type":"progress","data":{"value":1,"max":4,"prompt_id":"q"}})",
        R"({"type":"status","data":{"status":{},"sid":"p"}})",
        R"({"type":"executing","data":{"node":null}})"}) {
    BOOST_TEST(!of(other).running, other);
    BOOST_TEST(of(other).progress < 0, other);
  }
  for (auto* odd : {R"({"type":"progress","data":{"value":1,"max":0}})",
                    R"({"type":"progress","data":{"value":"1","max":4}})"})
    BOOST_TEST(of(odd).progress < 0, odd);
  BOOST_TEST(of(R"({"type":"progress","data":{"value":9,"max":4}})").progress
             == 1);
}

BOOST_AUTO_TEST_SUITE_END()
