// Every route of the local cloud, with the real program.
#include "tests/integration/cloud_world.hpp"

using namespace render;
using namespace std::chrono_literals;

namespace {

/// Leaves the video in v.mp4 of the world's folder.
void render_portrait(cloud_world& world, const std::string& ui,
                     const std::string& sound) {
  auto body = world.prompt_body(ui, sound);
  check_json(world.post(ui + "/prompt", body), 200, R"("node_errors":{})");
  auto ended = world.history(ui);
  BOOST_TEST(contains(ended, R"("status_str":"success")"), ended);
  auto got = world.get(ui + "/view?filename=Video_00001-audio.mp4&type=output");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == 200);
  std::ofstream{world.folder.path("v.mp4"), std::ios::binary} << got->body;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(local_cloud, cloud_world)

BOOST_AUTO_TEST_CASE(the_environment_of_a_worker_is_told) {
  for (auto name :
       {"C3_API_KEY=localkey-0001\n",
        "C3_API_URL=http://127.0.0.1:", "/node/{node}\n", "/ui/{node}\n"})
    BOOST_TEST(contains(env, name), env);
  BOOST_TEST(contains(program->output(), env));
}

BOOST_AUTO_TEST_CASE(the_api_wants_its_key_and_answers_in_json) {
  check_json(client->Get("/api/v0/types"), 200, "media:fast");
  check_json(client->Get("/api/v0/balance"), 401, "message");
  check_json(client->Get("/api/v0/balance", {{"X-C3-API-KEY", "wrong"}}), 403,
             "message");
  check_json(get("/api/v0/balance"), 200, R"({"balance":1000})");
  check_json(get("/api/v0/profile"), 200, "user_uuid");
  check_json(post("/api/v0/launch", "{"), 400, "message");
  check_json(post("/api/v0/launch", launch_body("tea:fast")), 400, "tea:fast");
  check_json(post("/api/v0/launch", launch_body("media:fast", -5)), 400,
             "future");
  check_json(get("/api/v0/nothing"), 404, "message");
}

BOOST_AUTO_TEST_CASE(a_workload_is_launched_listed_stopped_and_booked) {
  auto node = launch();
  BOOST_TEST(node.ends_with(".local.comput3.ai"));
  check_json(list(), 200, node);
  BOOST_TEST(booked("running") == 1);
  check_page(get("/node/" + node), 200);
  check_json(stop(), 200, "refund_amount");
  check_json(stop(), 400, "not running");
  workload = "nobody";
  check_json(stop(), 404, "not found");
  check_json(list(), 200, "[]");
  check_page(get("/node/" + node), 502);
  check_page(get("/node/no-such.local.comput3.ai"), 404);
  BOOST_TEST(booked("launches") == 1);
  BOOST_TEST(booked("stops") == 1);
  BOOST_TEST(booked("running") == 0);
}

BOOST_AUTO_TEST_CASE(web_pages_of_this_machine_may_call_it) {
  httplib::Headers page{{"Origin", "http://localhost:3000"},
                        {"Access-Control-Request-Method", "POST"}};
  auto asked = client->Options("/api/v0/launch", page);
  BOOST_REQUIRE(asked);
  BOOST_TEST(asked->status == 204);
  BOOST_TEST(asked->get_header_value("Access-Control-Allow-Origin") == "*");
  BOOST_TEST(contains(asked->get_header_value("Access-Control-Allow-Headers"),
                      "X-C3-API-KEY"));
  auto got = get("/api/v0/balance");
  BOOST_TEST(got->get_header_value("Access-Control-Allow-Origin") == "*");
}

// A web page must not play faults on a developer's machine.
BOOST_AUTO_TEST_CASE(administration_is_not_for_web_pages) {
  auto post_fault = [this](const httplib::Headers& headers) {
    return client->Post("/cloud/faults", headers, R"({"fault":"list_html"})",
                        json_type);
  };
  for (auto* origin : {"https://evil.example", "null", "http://localhost:3000"})
    check_json(post_fault({{"Origin", origin}}), 403, "web page");
  // A foreign name that points to this machine.
  for (auto* host : {"evil.example", "127.evil.example:80", "127.0.0.1.evil"})
    check_json(post_fault({{"Host", host}}), 403, "Host");
  check_json(client->Get("/cloud/ledger", {{"Host", "evil.example:80"}}), 403,
             "Host");
  auto asked = client->Options("/cloud/faults",
                               {{"Origin", "https://e.example"}});
  BOOST_REQUIRE(asked);
  BOOST_TEST(asked->status == 403);
  BOOST_TEST(asked->get_header_value("Access-Control-Allow-Origin") == "");
  check_json(list(), 200, "[]");
  for (auto* host : {"localhost:1", "127.0.0.1", "[::1]:8780"})
    check_json(client->Get("/cloud/faults", {{"Host", host}}), 200, "[]");
}

BOOST_AUTO_TEST_CASE(an_env_file_that_is_there_is_not_overwritten) {
  auto path = folder.path("mine.env");
  std::ofstream{path} << "C3_API_KEY=mine\n";
  harness::process second{{PROGRAM_DIR "/c3-local-cloud", "--listen",
                           "127.0.0.1:0", "--env-file", path},
                          {},
                          folder.path("second.log")};
  BOOST_TEST(second.wait_for_exit(10s).value_or(-1) == 1);
  BOOST_TEST(contains(second.output(), "exists already"), second.output());
  BOOST_TEST(read_file(path) == "C3_API_KEY=mine\n");
}

BOOST_AUTO_TEST_CASE(a_workload_ends_at_its_expiry) {
  // Expiry is in whole seconds, and one second could have passed when the call
  // arrives.
  check_json(post("/api/v0/launch", launch_body("media:fast", 2)), 200,
             "workload");
  BOOST_TEST(harness::wait_until(
    [this] {
      return booked("expired") == 1;
    },
    5s));
  check_json(list(), 200, "[]");
}

BOOST_AUTO_TEST_CASE(a_node_wants_the_key_too_and_answers_with_pages) {
  auto node = "/node/" + launch();
  check_page(client->Get(node + "/csm/config"), 401);
  check_page(client->Get(node + "/csm/config", {{"X-C3-API-KEY", "x"}}), 403);
  check_json(client->Get(node + "/csm/config",
                         {{"Authorization", "Bearer localkey-0001"}}),
             200, "sse_v3");
  check_page(get(node + "/tea"), 404);
}

BOOST_AUTO_TEST_CASE(speech_is_spoken_and_written_down) {
  auto node = launch();
  auto sound = speech(node);
  BOOST_TEST(sound.size() > 5000u);
  // In the tag before the sound.
  BOOST_TEST(contains(sound.substr(0, 1000), "stand-in, not a real render"));
  auto heard = transcribe(node, sound);
  BOOST_TEST(contains(heard, "weather"), heard);
  BOOST_TEST(contains(heard, ".srt"), heard);
  BOOST_TEST(contains(heard, "a stand-in for Whisper"), heard);
  BOOST_TEST(contains(heard, "close_stream"), heard);
  BOOST_TEST((stream_end == httplib::Error::Success));
}

BOOST_AUTO_TEST_CASE(gradio_keeps_its_rough_edges) {
  auto app = "/node/" + launch() + "/csm/gradio_api";
  check_json(get(app + "/info"), 200, "generate_monologue_audio");
  check_json(get(app + "/file=/etc/passwd"), 403, "not allowed");
  check_json(post(app + "/queue/join", R"({"data":[]})"), 400, "ession");
  check_json(post(app + "/cancel", R"({"event_id":"x"})"), 200, "true");
  BOOST_TEST(contains(stream(app, "stranger"), "session_not_found"));
  BOOST_TEST((stream_end != httplib::Error::Success));
  // A Python error has no text in the answer, a Gradio error has its own.
  BOOST_TEST(contains(run_gradio(app, "[]"), R"("error":null)"));
  BOOST_TEST(contains(
    run_gradio(app, R"(["random_voice","",null,"[\"x\"]",0,50,10000,150])"),
    "less than minimum"));
}

BOOST_AUTO_TEST_CASE(addresses_in_answers_lead_back_to_the_app) {
  auto app = "/node/" + launch() + "/csm";
  auto root = R"("root":")" + base + app + '"';
  auto url = R"("url":")" + base + app + "/gradio_api/file=/";
  check_json(get(app + "/config"), 200, root);
  auto speech_of = [&] {
    return run_gradio(app + "/gradio_api",
                      R"(["random_voice","",null,"[\"x\"]",0.9,50,10000,0])");
  };
  BOOST_TEST(contains(speech_of(), url));
  fault(R"({"fault":"lost_root"})");
  check_json(get(app + "/config"), 200, R"("root":")" + base + '"');
  BOOST_TEST(contains(speech_of(), R"("url":")" + base + "/gradio_api/file=/"));
}

BOOST_AUTO_TEST_CASE(a_portrait_becomes_a_video_of_the_size_and_length_asked) {
  auto node = launch();
  auto ui = "/ui/" + node;
  check_json(get(ui + "/system_stats"), 200, "comfyui_version");
  render_portrait(*this, ui, speech(node));
  auto seen = run_tool({"/usr/bin/ffprobe", "-v", "error", "-show_entries",
                        "stream=codec_name,width,height:format=duration", "-of",
                        "csv=p=0", folder.path("v.mp4")});
  BOOST_TEST(contains(seen, "h264,320,240"), seen);
  BOOST_TEST(contains(seen, "aac"), seen);
  check_json(get(ui + "/queue"), 200, R"("queue_running":[])");
  check_json(post(ui + "/prompt", R"({"prompt":{}})"), 400,
             "prompt_no_outputs");
}

BOOST_AUTO_TEST_CASE(a_portrait_opens_its_mouth_with_the_sound) {
  // Grey pixels of the tenth frame of a portrait of `sound`.
  auto frame_of = [this](const std::string& sound) {
    auto ui = "/ui/" + launch();
    auto wav = folder.path("sound.wav"), raw = folder.path("raw");
    run_tool({"/usr/bin/ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
              sound, "-t", "1", wav});
    render_portrait(*this, ui, read_file(wav));
    run_tool({"/usr/bin/ffmpeg", "-v", "error", "-y", "-i",
              folder.path("v.mp4"), "-vf", "select=eq(n\\,10),format=gray",
              "-frames:v", "1", "-f", "rawvideo", raw});
    auto pixels = read_file(raw);
    BOOST_REQUIRE_EQUAL(pixels.size(), size_t{320} * 240);
    auto tags = run_tool({"/usr/bin/ffprobe", "-v", "error", "-show_entries",
                          "format_tags=comment", folder.path("v.mp4")});
    BOOST_TEST(contains(tags, "stand-in, not a real render"), tags);
    return pixels;
  };
  auto silent = frame_of("anullsrc=r=24000");
  auto loud = frame_of("sine=frequency=300:sample_rate=24000");
  // Pixels of some rows that differ by more than the encoder's noise.
  auto differing = [&](size_t from, size_t to) {
    int out = 0;
    for (auto i = from * 320; i < to * 320; ++i)
      out += std::abs(static_cast<uint8_t>(silent[i])
                      - static_cast<uint8_t>(loud[i]))
             > 40;
    return out;
  };
  BOOST_TEST(differing(0, 120) == 0);
  BOOST_TEST(differing(120, 200) > 150);
}

BOOST_AUTO_TEST_CASE(vision_describes_the_picture_in_both_dialects) {
  auto node = "/node/" + launch("ollama_webui:fast");
  BOOST_TEST(get(node)->body == "Ollama is running");
  check_json(get(node + "/api/tags"), 200, "llama3.2-vision:11b");
  check_json(get(node + "/v1/models"), 200, "llama3.2-vision:11b");
  check_json(post(node + "/api/generate", question(false)), 200,
             "320 by 240 pixels");
  auto streamed = post(node + "/api/generate", question(true));
  BOOST_TEST(streamed->get_header_value("Content-Type")
             == "application/x-ndjson");
  BOOST_TEST(contains(streamed->body, R"("done":true)"));
  auto chat
    = R"({"model":"llama3.2-vision:11b","messages":[{"role":"user","content":[)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)"
      + base64(picture()) + R"("}}]}])";
  check_json(post(node + "/v1/chat/completions", chat + "}"), 200,
             "320 by 240 pixels");
  BOOST_TEST(contains(
    post(node + "/v1/chat/completions", chat + R"(,"stream":true})")->body,
    "data: [DONE]"));
  check_json(post(node + "/api/generate", R"({"model":"tea","prompt":"x"})"),
             404, "not found");
}

BOOST_AUTO_TEST_CASE(files_are_taken_and_served) {
  auto got = client->Post("/files?name=a%20b.png", "bytes",
                          "application/octet-stream");
  check_json(got, 200, "/files/a%20b.png");
  BOOST_TEST(client->Get("/files/a%20b.png")->body == "bytes");
  check_page(client->Get("/files/../env"), 404);
}

BOOST_AUTO_TEST_CASE(old_releases_take_what_newer_ones_refuse) {
  cloud_world old{{"--boot-time", "0ms", "--gradio-version", "4.44"}};
  auto app = "/node/" + old.launch() + "/csm";
  auto said = old.run_gradio(app,
                             R"(["nobody","",null,"[\"x\"]",9,50,10000,0])");
  BOOST_TEST(contains(said, R"("url":")" + old.base + app + "/file=/"), said);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(local_cloud_program)

BOOST_AUTO_TEST_CASE(services_come_up_one_after_another) {
  cloud_world world{
    {"--boot-time", "400ms", "--service-boot-time", "comfyui=400ms"}};
  auto node = world.launch();
  auto csm = "/node/" + node + "/csm/config";
  check_page(world.get(csm), 502);
  BOOST_TEST(harness::wait_until([&] {
    return world.get(csm)->status == 200;
  }));
  check_page(world.get("/ui/" + node + "/system_stats"), 502);
  BOOST_TEST(harness::wait_until([&] {
    return world.get("/ui/" + node + "/system_stats")->status == 200;
  }));
}

BOOST_AUTO_TEST_CASE(wrong_options_end_with_2_and_a_taken_port_with_1) {
  cloud_world world;
  auto exit_code = [&](strings argv) {
    argv.insert(argv.begin(), PROGRAM_DIR "/c3-local-cloud");
    harness::process program{argv, {}, world.folder.path("second.log")};
    return program.wait_for_exit(5s).value_or(-1);
  };
  BOOST_TEST(exit_code({"--fault", "flood"}) == 2);
  BOOST_TEST(exit_code({"--help"}) == 0);
  auto address = world.base.substr(std::string{"http://"}.size());
  BOOST_TEST(exit_code({"--listen", address}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
