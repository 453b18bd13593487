// The local cloud's pure parts: what it reads, what it refuses, what it
// measures.
#include "app/local_cloud/comfyui_workflow.hpp"
#include "app/local_cloud/faults.hpp"
#include "app/local_cloud/ledger.hpp"
#include "app/local_cloud/options.hpp"
#include "app/local_cloud/picture_words.hpp"
#include "app/local_cloud/voice_pitch.hpp"
#include "app/local_cloud/whisper_app.hpp"

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <cmath>
#include <numbers>

using namespace render;
using namespace render::local_cloud;
using namespace std::chrono_literals;

namespace {

std::string png_of(const cv::Mat& image) {
  std::vector<uint8_t> bytes;
  cv::imencode(".png", image, bytes);
  return {bytes.begin(), bytes.end()};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The portrait workflow without its model loaders' details.
constexpr auto workflow = R"({
  "1": {"class_type": "LoadImage", "inputs": {"image": "face.png"}},
  "2": {"class_type": "LoadAudio", "inputs": {"audio": "talk.mp3"}},
  "3": {"class_type": "ImageResize+", "inputs": {"image": ["1", 0],
        "width": 960, "height": 720, "interpolation": "nearest",
        "method": "stretch", "condition": "always", "multiple_of": 0}},
  "4": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
  "5": {"class_type": "ImageOnlyCheckpointLoader",
        "inputs": {"ckpt_name": "svd_xt.safetensors"}},
  "6": {"class_type": "SONICTLoader", "inputs": {"model": ["5", 0],
        "sonic_unet": "unet.pth", "ip_audio_scale": 1,
        "use_interframe": true, "dtype": "bf16"}},
  "7": {"class_type": "SONIC_PreData", "inputs": {"clip_vision": ["5", 1],
        "vae": ["5", 2], "audio": ["2", 0], "image": ["3", 0],
        "weight_dtype": ["6", 1], "min_resolution": 576, "duration": 8,
        "expand_ratio": 1}},
  "8": {"class_type": "SONICSampler", "inputs": {"model": ["6", 0],
        "data_dict": ["7", 0], "seed": 1, "inference_steps": 25,
        "dynamic_scale": 1, "fps": 24}},
  "9": {"class_type": "VHS_VideoCombine", "inputs": {"images": ["8", 0],
        "frame_rate": ["8", 1], "audio": ["2", 0], "loop_count": 0,
        "filename_prefix": "Video_1", "format": "video/h264-mp4",
        "crf": 21, "trim_to_audio": true, "pingpong": false,
        "save_output": true}}})";

struct workflow_fixture {
  json::document graph = std::move(*json::parse(workflow));

  json::value& input(const char* node, const char* name) {
    return graph[node]["inputs"][name];
  }

  validation check() {
    return validate_prompt(graph, [](const std::string& name) {
      return name == "face.png" || name == "talk.mp3";
    });
  }

  /// The one fault of the one node at fault.
  std::string only_fault(const std::string& node) {
    auto got = check();
    BOOST_REQUIRE_EQUAL(got.nodes.size(), 1u);
    BOOST_REQUIRE(got.nodes.count(node) == 1);
    BOOST_REQUIRE_EQUAL(got.nodes[node].size(), 1u);
    return got.nodes[node][0].type;
  }
};

std::vector<int16_t> tone(double hertz, size_t samples = 8000) {
  std::vector<int16_t> out(samples);
  for (size_t i = 0; i < samples; ++i)
    for (int overtone = 1; overtone <= 3; ++overtone)
      out[i] = static_cast<int16_t>(
        out[i]
        + 4000 / overtone
            * std::sin(2 * std::numbers::pi * hertz * overtone
                       * static_cast<double>(i) / 8000));
  return out;
}

tl::expected<options, early_exit> parse(std::vector<const char*> args) {
  args.insert(args.begin(), "c3-local-cloud");
  return parse_options(static_cast<int>(args.size()), args.data());
}

} // namespace

BOOST_AUTO_TEST_SUITE(local_cloud_options)

BOOST_AUTO_TEST_CASE(a_time_has_a_unit_or_counts_seconds) {
  BOOST_TEST((parse_span("3s").value() == 3000ms));
  BOOST_TEST((parse_span("250ms").value() == 250ms));
  BOOST_TEST((parse_span("2m").value() == 2min));
  BOOST_TEST((parse_span("0.5").value() == 500ms));
  for (auto bad : {"", "s", "-1s", "1h", "1 s", "nan"})
    BOOST_TEST(!parse_span(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(a_release_older_than_the_protocol_is_refused) {
  BOOST_TEST(parse_release("4.22").value().text() == "4.22.0");
  BOOST_TEST(parse_release("4.44").value().prefix() == "");
  BOOST_TEST(parse_release("5.49.1").value().prefix() == "/gradio_api");
  BOOST_TEST(!parse_release("4.21").has_value());
  BOOST_TEST(!parse_release("five").has_value());
}

BOOST_AUTO_TEST_CASE(options_are_read_and_wrong_ones_end_with_2) {
  auto good
    = parse({"--listen", "127.0.0.1:0", "--boot-time", "200ms",
             "--service-boot-time", "whisper=2s", "--fault", "garbage=/csm*3"});
  BOOST_REQUIRE(good.has_value());
  BOOST_TEST(good->port == 0);
  BOOST_TEST((good->boot_time == 200ms));
  BOOST_TEST((good->service_boot_time.at("whisper") == 2s));
  BOOST_REQUIRE_EQUAL(good->faults.size(), 1u);
  BOOST_TEST(good->faults[0].argument == "/csm");
  for (auto bad : {std::vector{"--listen", "127.0.0.1:70000"},
                   {"--boot-time", "soon"},
                   {"--render-time", "tea=1s"},
                   {"--fault", "flood"},
                   {"--speed", "-1"},
                   {"--bogus", "x"}}) {
    auto got = parse(bad);
    BOOST_REQUIRE(!got.has_value());
    BOOST_TEST(got.error().status == 2);
    BOOST_TEST(contains(got.error().text, bad[0]), got.error().text);
  }
  BOOST_TEST(parse({"--help"}).error().status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_cloud_faults)

BOOST_AUTO_TEST_CASE(a_fault_has_a_name_an_argument_and_a_count) {
  auto plain = parse_fault("stop_refuse").value();
  BOOST_TEST(plain.count == -1);
  auto full = parse_fault("slow=csm=20s*2").value();
  BOOST_TEST(full.name == "slow");
  BOOST_TEST(full.argument == "csm=20s");
  BOOST_TEST(full.count == 2);
  for (auto bad : {"flood", "stop_refuse*0", "stop_refuse*x", "slow",
                   "slow=tea=1s", "slow=csm=soon"})
    BOOST_TEST(!parse_fault(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(slow_is_for_one_services_jobs_or_for_any_answer) {
  BOOST_TEST((job_delay("csm=20s", "csm") == std::optional{millis{20s}}));
  BOOST_TEST(!job_delay("csm=20s", "whisper").has_value());
  BOOST_TEST(!job_delay("300", "csm").has_value());
  BOOST_TEST((answer_delay("300") == 300ms));
  BOOST_TEST((answer_delay("2s") == 2s));
}

BOOST_AUTO_TEST_CASE(a_counted_fault_is_played_that_often) {
  fault_board board;
  BOOST_REQUIRE(board.arm({"list_html", "", 2, ""}).has_value());
  BOOST_TEST(board.take("list_html").has_value());
  BOOST_TEST(board.take("list_html").has_value());
  BOOST_TEST(!board.take("list_html").has_value());
}

BOOST_AUTO_TEST_CASE(an_aimed_fault_hits_its_node_only) {
  fault_board board;
  BOOST_REQUIRE(board.arm({"garbage", "", -1, "a"}).has_value());
  BOOST_TEST(!board.take("garbage", "b").has_value());
  BOOST_TEST(!board.take("garbage").has_value());
  BOOST_TEST(board.take("garbage", "a").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_cloud_ledger)

BOOST_AUTO_TEST_CASE(a_launch_pays_until_its_expiry_and_a_stop_refunds) {
  ledger books{2.0};
  books.open("w", "n", "media:fast", 1000, 1000 + 3600);
  BOOST_TEST(books.charged() == 2.0);
  BOOST_TEST(books.cost(1000 + 900) == 0.5);
  books.close("w", 1000 + 1800, "stopped");
  books.close("w", 1000 + 3600, "expired");
  BOOST_TEST(books.charged() == 1.0);
  auto doc = std::move(*json::parse(books.to_json(9999)));
  BOOST_TEST(json::integer(doc, "launches").value_or(-1) == 1);
  BOOST_TEST(json::integer(doc, "running").value_or(-1) == 0);
  BOOST_TEST(json::integer(doc, "stops").value_or(-1) == 1);
  BOOST_TEST(json::number(doc, "gpu_seconds").value_or(-1) == 1800);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(local_cloud_workflow, workflow_fixture)

BOOST_AUTO_TEST_CASE(a_good_prompt_runs_all_its_outputs) {
  auto got = check();
  BOOST_TEST(got.error.type == "");
  BOOST_TEST(got.nodes.empty());
  BOOST_TEST((got.outputs == std::vector<std::string>{"4", "9"}));
}

BOOST_AUTO_TEST_CASE(the_plan_follows_the_links_up_to_the_inputs) {
  auto plan = plan_video(graph, "9").value();
  BOOST_TEST(plan.image == "face.png");
  BOOST_TEST(plan.audio == "talk.mp3");
  BOOST_TEST(plan.width == 960);
  BOOST_TEST(plan.height == 720);
  BOOST_TEST(plan.fps == 24);
  BOOST_TEST(plan.duration == 8);
  BOOST_TEST(plan.crf == 21);
  BOOST_TEST(plan.trim_to_audio);
  BOOST_TEST(plan.prefix == "Video_1");
}

// Comput3's own portrait workflow resizes with another node, and frees the
// GPU's memory on the way.
BOOST_AUTO_TEST_CASE(the_workflow_of_comput3s_examples_runs) {
  graph = std::move(*json::parse(R"({
    "13": {"class_type": "VHS_VideoCombine", "inputs": {"images": ["31", 0],
           "frame_rate": 25, "audio": ["26", 0], "loop_count": 0,
           "filename_prefix": "AnimateDiff", "format": "video/h264-mp4",
           "pix_fmt": "yuv420p", "crf": 19, "save_metadata": true,
           "trim_to_audio": true, "pingpong": false, "save_output": true}},
    "18": {"class_type": "LoadImage", "inputs": {"image": "face.png"}},
    "21": {"class_type": "PreviewImage", "inputs": {"images": ["46", 0]}},
    "26": {"class_type": "LoadAudio", "inputs": {"audio": "talk.mp3"}},
    "31": {"class_type": "SONICSampler", "inputs": {"model": ["34", 0],
           "data_dict": ["35", 0], "seed": 1, "inference_steps": 25,
           "dynamic_scale": 1, "fps": 25}},
    "32": {"class_type": "ImageOnlyCheckpointLoader",
           "inputs": {"ckpt_name": "svd_xt.safetensors"}},
    "33": {"class_type": "SONIC_PreData", "inputs": {"clip_vision": ["32", 1],
           "vae": ["32", 2], "audio": ["26", 0], "image": ["46", 0],
           "weight_dtype": ["34", 1], "min_resolution": 576, "duration": 4,
           "expand_ratio": 1}},
    "34": {"class_type": "SONICTLoader", "inputs": {"model": ["32", 0],
           "sonic_unet": "unet.pth", "ip_audio_scale": 1,
           "use_interframe": true, "dtype": "fp16"}},
    "35": {"class_type": "easy cleanGpuUsed",
           "inputs": {"anything": ["33", 0]}},
    "46": {"class_type": "Image Resize", "inputs": {"image": ["18", 0],
           "mode": "resize", "supersample": "true", "resampling": "lanczos",
           "rescale_factor": 1, "resize_width": 500, "resize_height": 400}}
  })"));
  auto got = check();
  BOOST_TEST(got.error.type == "");
  BOOST_TEST(got.nodes.empty());
  BOOST_TEST((got.outputs == std::vector<std::string>{"13", "21"}));
  auto plan = plan_video(graph, "13").value();
  BOOST_TEST(plan.image == "face.png");
  BOOST_TEST(plan.width == 500);
  BOOST_TEST(plan.height == 400);
  BOOST_TEST(plan.duration == 4);
  BOOST_TEST(plan.fps == 25);
  // A ring of such nodes has no source.
  input("35", "anything")
    .CopyFrom(*json::parse(R"(["35", 0])"), graph.GetAllocator());
  BOOST_TEST(!plan_video(graph, "13"));
}

BOOST_AUTO_TEST_CASE(an_output_at_fault_does_not_stop_the_others) {
  input("9", "format") = "video/av1";
  BOOST_TEST(only_fault("9") == "value_not_in_list");
  auto got = check();
  BOOST_TEST(got.error.type == "");
  BOOST_TEST((got.outputs == std::vector<std::string>{"4"}));
  BOOST_TEST((got.dependent_outputs["9"] == std::vector<std::string>{"9"}));
}

BOOST_AUTO_TEST_CASE(a_prompt_without_a_good_output_is_refused) {
  input("1", "image") = "gone.png";
  BOOST_TEST(only_fault("1") == "custom_validation_failed");
  BOOST_TEST(check().error.type == "prompt_outputs_failed_validation");
}

BOOST_AUTO_TEST_CASE(each_kind_of_fault_has_its_type) {
  input("7", "duration") = 0;
  BOOST_TEST(only_fault("7") == "value_smaller_than_min");
  input("7", "duration") = 8;
  input("8", "inference_steps") = 5000;
  BOOST_TEST(only_fault("8") == "value_bigger_than_max");
  input("8", "inference_steps") = "many";
  BOOST_TEST(only_fault("8") == "invalid_input_type");
  input("8", "inference_steps") = 25;
  input("7", "audio")[0] = "1";
  BOOST_TEST(only_fault("7") == "return_type_mismatch");
  input("7", "audio")[0] = "2";
  graph["6"]["inputs"].RemoveMember("dtype");
  BOOST_TEST(only_fault("6") == "required_input_missing");
}

BOOST_AUTO_TEST_CASE(an_unknown_class_refuses_the_whole_prompt) {
  graph["6"]["class_type"] = "Teapot";
  auto got = check();
  BOOST_TEST(got.error.type == "invalid_prompt");
  BOOST_TEST(contains(got.error.message, "Teapot"));
}

BOOST_AUTO_TEST_CASE(a_ring_of_links_ends) {
  input("3", "image")[0] = "3";
  BOOST_TEST(image_above(graph, "4") == "");
  BOOST_TEST(!plan_video(graph, "9").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_cloud_speech)

BOOST_AUTO_TEST_CASE(each_utterance_with_words_is_a_segment) {
  auto got = read_segments("hello world\n"
                           "<s> 0.100 0.200 1.000000\n"
                           "hello 0.210 0.500 0.900000\n"
                           "<sil> 0.510 0.600 1.000000\n"
                           "world(2) 0.610 1.000 0.800000\n"
                           "</s> 1.010 1.100 1.000000\n"
                           "<s> 1.200 1.300 1.000000\n"
                           "[NOISE] 1.310 1.400 1.000000\n"
                           "</s> 1.410 1.500 1.000000\n"
                           "again\n"
                           "<s> 2.000 2.100 1.000000\n"
                           "again 2.110 2.500 0.700000\n"
                           "</s> 2.510 2.600 1.000000\n");
  BOOST_REQUIRE_EQUAL(got.size(), 2u);
  BOOST_TEST(got[0].text == "hello world");
  BOOST_TEST(got[0].start == 0.21);
  BOOST_TEST(got[0].end == 1.0);
  BOOST_TEST(got[0].words.size() == 2u);
  BOOST_TEST(got[1].text == "again");
}

BOOST_AUTO_TEST_CASE(silence_has_no_segments) {
  BOOST_TEST(read_segments("").empty());
}

BOOST_AUTO_TEST_CASE(the_pitch_of_a_voice_is_its_fundamental) {
  for (double hertz : {90.0, 120.0, 180.0, 240.0})
    BOOST_TEST(std::abs(pitch_of(tone(hertz)) - hertz) < hertz * 0.05, hertz);
  BOOST_TEST(pitch_of(std::vector<int16_t>(8000)) == 120);
  BOOST_TEST(pitch_of({}) == 120);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_cloud_pictures)

BOOST_AUTO_TEST_CASE(size_and_colors_are_told) {
  cv::Mat image(200, 400, CV_8UC3, cv::Scalar(0, 0, 220));
  image(cv::Rect(0, 0, 100, 200)) = cv::Scalar(220, 0, 0);
  auto facts = measure_picture(png_of(image)).value();
  BOOST_TEST(facts.width == 400);
  BOOST_TEST(facts.height == 200);
  BOOST_REQUIRE_EQUAL(facts.colors.size(), 2u);
  BOOST_TEST(facts.colors[0].name == "red");
  BOOST_TEST(std::abs(facts.colors[0].share - 0.75) < 0.02);
  BOOST_TEST(facts.colors[1].name == "blue");
  BOOST_TEST(facts.faces == 0);
  auto text = describe(facts);
  BOOST_TEST(contains(text, "400 by 200 pixels"), text);
  BOOST_TEST(contains(text, "landscape"), text);
  BOOST_TEST(contains(text, "red (75 %) and blue (25 %)"), text);
}

BOOST_AUTO_TEST_CASE(light_and_sharpness_are_told) {
  cv::Mat dark(100, 100, CV_8UC3, cv::Scalar(10, 10, 10));
  BOOST_TEST(contains(describe(measure_picture(png_of(dark)).value()),
                      "is dark, with low contrast and soft detail"));
  cv::Mat board(160, 160, CV_8UC3, cv::Scalar(0, 0, 0));
  for (int y = 0; y < 160; y += 10)
    for (int x = y % 20; x < 160; x += 20)
      board(cv::Rect(x, y, 10, 10)) = cv::Scalar(255, 255, 255);
  auto sharp = measure_picture(png_of(board)).value();
  BOOST_TEST(contains(describe(sharp), "strong contrast and sharp"));
  cv::Mat soft;
  cv::GaussianBlur(board, soft, {31, 31}, 12);
  BOOST_TEST(measure_picture(png_of(soft)).value().sharpness
             < sharp.sharpness / 100);
}

BOOST_AUTO_TEST_CASE(what_is_no_picture_is_refused) {
  BOOST_TEST(!measure_picture("").has_value());
  BOOST_TEST(!measure_picture("plain text").has_value());
  auto whole = png_of(cv::Mat(50, 50, CV_8UC3, cv::Scalar(1, 2, 3)));
  BOOST_TEST(!measure_picture(whole.substr(0, 20)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
