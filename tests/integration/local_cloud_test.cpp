// The local cloud as its clients see it: the real program, every route, and
// each fault that it can play.
#include "messages/json.hpp"
#include "tests/harness/small_world.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/evp.h>

using namespace render;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

constexpr auto json_type = "application/json";
constexpr auto prompt_id = "11111111-2222-4333-8444-555555555555";

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class cloud_world {
public:
  explicit cloud_world(strings more = {"--boot-time", "0ms"}) {
    strings argv{PROGRAM_DIR "/c3-local-cloud",
                 "--listen",
                 "127.0.0.1:0",
                 "--env-file",
                 folder.path("env"),
                 "--heartbeat",
                 "200ms"};
    argv.insert(argv.end(), more.begin(), more.end());
    program.emplace(argv, std::map<std::string, std::string>{},
                    folder.path("log"));
    if (!harness::wait_until([this] {
          return std::filesystem::exists(folder.path("env"));
        }))
      throw std::runtime_error("no local cloud: " + program->output());
    env = read_file(folder.path("env"));
    auto at = env.find("C3_FILES_URL=") + 13;
    base = env.substr(at, env.find('\n', at) - at);
    client.emplace(base);
    client->set_read_timeout(30);
    // A request must not meet a connection that is just being closed.
    client->set_keep_alive(false);
  }

  cloud_world(const cloud_world&) = delete;
  cloud_world& operator=(const cloud_world&) = delete;

  // Killed, it would leave its temporary folder behind.
  ~cloud_world() {
    program->send(SIGTERM);
    program->wait_for_exit(5s);
  }

  httplib::Result get(const std::string& path) {
    return client->Get(path, key);
  }
  httplib::Result post(const std::string& path, const std::string& body) {
    return client->Post(path, key, body, json_type);
  }
  httplib::Result upload(const std::string& path, const std::string& field,
                         const std::string& name, const std::string& bytes) {
    httplib::MultipartFormDataItems form{{field, bytes, name, ""}};
    return client->Post(path, key, form);
  }

  void fault(const std::string& body) {
    auto got = client->Post("/cloud/faults", body, json_type);
    BOOST_REQUIRE(got);
    BOOST_REQUIRE_MESSAGE(got->status == 200, got->body);
  }

  static std::string launch_body(const std::string& type = "media:fast",
                                 int seconds = 600) {
    return R"({"type":")" + type + R"(","expires":)"
           + std::to_string(std::time(nullptr) + seconds) + "}";
  }

  std::string launch(const std::string& type = "media:fast") {
    auto got = post("/api/v0/launch", launch_body(type));
    BOOST_REQUIRE(got);
    BOOST_REQUIRE_MESSAGE(got->status == 200, got->body);
    auto doc = std::move(*json::parse(got->body));
    workload = json::string_or_empty(doc, "workload");
    return json::string_or_empty(doc, "node");
  }

  httplib::Result list() {
    return post("/api/v0/workloads", R"({"running":true})");
  }
  httplib::Result stop() {
    return post("/api/v0/stop", R"({"workload":")" + workload + "\"}");
  }

  int64_t booked(const char* name) {
    auto got = client->Get("/cloud/ledger");
    return got ? json::integer(*json::parse(got->body), name).value_or(-1) : -1;
  }

  /// Joins a queue and reads its stream to the end.
  std::string run_gradio(const std::string& app, const std::string& data,
                         const std::string& session = "s") {
    auto joined = post(app + "/queue/join",
                       R"({"data":)" + data
                         + R"(,"fn_index":0,"session_hash":")" + session
                         + "\"}");
    BOOST_REQUIRE(joined);
    BOOST_REQUIRE_MESSAGE(joined->status == 200, joined->body);
    return stream(app, session);
  }

  /// What came, even when the stream ended badly.
  std::string stream(const std::string& app, const std::string& session,
                     size_t most = 1u << 20) {
    std::string text;
    stream_end = client
                   ->Get(app + "/queue/data?session_hash=" + session, key,
                         [&](const char* data, size_t n) {
                           text.append(data, n);
                           return text.size() < most;
                         })
                   .error();
    return text;
  }

  /// One spoken sentence; the app's answer.
  std::string speak(const std::string& node) {
    return run_gradio(
      "/node/" + node + "/csm/gradio_api",
      R"(["conversational_a","",null,)"
      R"("[\"The weather is good today.\"]",0.9,50,10000,150])");
  }

  std::string speech(const std::string& node) {
    auto text = speak(node);
    auto at = text.find(R"("path":")") + 8;
    auto path = text.substr(at, text.find('"', at) - at);
    auto got = get("/node/" + node + "/csm/gradio_api/file=" + path);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->status == 200);
    return got->body;
  }

  std::string transcribe(const std::string& node, const std::string& sound) {
    auto app = "/node/" + node + "/whisper/gradio_api";
    auto sent = upload(app + "/upload", "files", "talk.mp3", sound);
    BOOST_REQUIRE(sent);
    auto path = std::string{(*json::parse(sent->body))[0].GetString()};
    return run_gradio(
      app, R"([{"path":")" + path
             + R"(","meta":{"_type":"gradio.FileData"}},"medium","transcribe",)"
               R"("","cuda","float16",16,"",false,"nearest",false,"pyannote",)"
               R"(0.5,0.363,30,false,"","",0,5,5,1.0,1.0,"-1",false,true,"",)"
               R"(true,false,"","","sentence",1.0,2.4,-1.0,0.6,""])");
  }

  std::string picture() {
    auto path = folder.path("picture.png");
    run_tool({"/usr/bin/ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
              "testsrc=size=320x240", "-frames:v", "1", path});
    return read_file(path);
  }

  std::string run_tool(const strings& argv) {
    auto log = folder.path("tool.log");
    std::filesystem::remove(log);
    harness::process tool{argv, {}, log};
    BOOST_TEST(tool.wait_for_exit(20s).value_or(-1) == 0, tool.output());
    return tool.output();
  }

  /// The portrait workflow with both files uploaded, as a prompt's body.
  std::string prompt_body(const std::string& ui, const std::string& sound) {
    upload(ui + "/upload/image", "image", "face.png", picture());
    upload(ui + "/upload/image", "image", "talk.mp3", sound);
    auto graph = read_file(WORKFLOW_FILE);
    replace(graph, R"("image": "")", R"("image": "face.png")");
    replace(graph, R"("audio": "")", R"("audio": "talk.mp3")");
    replace(graph, R"("width": 1280)", R"("width": 320)");
    replace(graph, R"("height": 720)", R"("height": 240)");
    return R"({"prompt":)" + graph + R"(,"prompt_id":")" + prompt_id + "\"}";
  }

  static void replace(std::string& text, const std::string& what,
                      const std::string& with) {
    auto at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
  }

  /// The history of the prompt once it has ended.
  std::string history(const std::string& ui) {
    std::string text;
    harness::wait_until(
      [&] {
        auto got = get(ui + "/history/" + prompt_id);
        text = got ? got->body : "";
        return text.size() > 2;
      },
      20s);
    return text;
  }

  std::string question(bool stream) {
    return std::string{R"({"model":"llama3.2-vision:11b","prompt":"What?",)"
                       R"("images":[")"}
           + base64(picture()) + R"("],"stream":)" + (stream ? "true" : "false")
           + "}";
  }

  static std::string base64(const std::string& bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    out.resize(static_cast<size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()))));
    return out;
  }

  harness::temp_folder folder;
  std::optional<harness::process> program;
  std::optional<httplib::Client> client;
  httplib::Headers key{{"X-C3-API-KEY", "local"}};
  std::string env;
  std::string base;
  std::string workload;
  httplib::Error stream_end = httplib::Error::Success;
};

void check_page(const httplib::Result& got, int status) {
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == status);
  BOOST_TEST(got->get_header_value("Content-Type") == "text/html");
}

void check_json(const httplib::Result& got, int status,
                const std::string& part) {
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == status);
  BOOST_TEST(got->get_header_value("Content-Type") == json_type);
  BOOST_TEST(contains(got->body, part), got->body);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(local_cloud, cloud_world)

BOOST_AUTO_TEST_CASE(the_environment_of_a_worker_is_told) {
  for (auto name : {"C3_API_KEY=local\n", "C3_API_URL=http://127.0.0.1:",
                    "/node/{node}\n", "/ui/{node}\n"})
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
  BOOST_TEST(node.ends_with("-gpu.local"));
  check_json(list(), 200, node);
  BOOST_TEST(booked("running") == 1);
  check_page(get("/node/" + node), 200);
  check_json(stop(), 200, "refund_amount");
  check_json(stop(), 400, "not running");
  workload = "nobody";
  check_json(stop(), 404, "not found");
  check_json(list(), 200, "[]");
  check_page(get("/node/" + node), 502);
  check_page(get("/node/no-such-gpu.local"), 404);
  BOOST_TEST(booked("launches") == 1);
  BOOST_TEST(booked("stops") == 1);
  BOOST_TEST(booked("running") == 0);
}

BOOST_AUTO_TEST_CASE(a_workload_ends_at_its_expiry) {
  post("/api/v0/launch", launch_body("media:fast", 1));
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
  check_json(
    client->Get(node + "/csm/config", {{"Authorization", "Bearer local"}}), 200,
    "sse_v3");
  check_page(get(node + "/tea"), 404);
}

BOOST_AUTO_TEST_CASE(speech_is_spoken_and_written_down) {
  auto node = launch();
  auto sound = speech(node);
  BOOST_TEST(sound.size() > 5000u);
  auto heard = transcribe(node, sound);
  BOOST_TEST(contains(heard, "weather"), heard);
  BOOST_TEST(contains(heard, ".srt"), heard);
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
  // An error of Python shows nothing, one of Gradio its text.
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
  auto body = prompt_body(ui, speech(node));
  check_json(post(ui + "/prompt", body), 200, R"("node_errors":{})");
  auto ended = history(ui);
  BOOST_TEST(contains(ended, R"("status_str":"success")"), ended);
  auto got = get(ui + "/view?filename=Video_00001-audio.mp4&type=output");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == 200);
  std::ofstream{folder.path("v.mp4"), std::ios::binary} << got->body;
  auto seen = run_tool({"/usr/bin/ffprobe", "-v", "error", "-show_entries",
                        "stream=codec_name,width,height:format=duration", "-of",
                        "csv=p=0", folder.path("v.mp4")});
  BOOST_TEST(contains(seen, "h264,320,240"), seen);
  BOOST_TEST(contains(seen, "aac"), seen);
  check_json(get(ui + "/queue"), 200, R"("queue_running":[])");
  check_json(post(ui + "/prompt", R"({"prompt":{}})"), 400,
             "prompt_no_outputs");
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

BOOST_AUTO_TEST_CASE(unknown_faults_are_refused_and_armed_ones_cleared) {
  auto post_fault = [this](const std::string& body) {
    return client->Post("/cloud/faults", body, json_type);
  };
  check_json(post_fault(R"({"fault":"flood"})"), 400, "flood");
  check_json(post_fault(R"({"fault":"slow","arg":"x"})"), 400, "csm=20s");
  check_json(post_fault(R"({"fault":"garbage","count":0})"), 400, "count");
  check_json(post_fault(R"({"fault":"list_html"})"), 200, "list_html");
  check_page(list(), 502);
  check_json(client->Delete("/cloud/faults"), 200, "[]");
  check_json(list(), 200, "[]");
}

BOOST_AUTO_TEST_CASE(launches_fail_in_each_way) {
  fault(R"({"fault":"launch_refuse","count":1})");
  check_page(post("/api/v0/launch", launch_body()), 503);
  fault(R"({"fault":"launch_error","arg":429,"count":1})");
  check_json(post("/api/v0/launch", launch_body()), 429, "message");
  BOOST_TEST(booked("launches") == 0);
  fault(R"({"fault":"launch_lost_answer","count":1})");
  BOOST_TEST(!post("/api/v0/launch", launch_body()));
  fault(R"({"fault":"launch_lost_answer","arg":"html","count":1})");
  check_page(post("/api/v0/launch", launch_body()), 502);
  BOOST_TEST(booked("launches") == 2);
  fault(R"({"fault":"list_lag","arg":60,"count":1})");
  auto node = launch();
  BOOST_TEST(!contains(list()->body, node));
  fault(R"({"fault":"stop_refuse","count":1})");
  check_page(stop(), 403);
  check_json(stop(), 200, "stopped");
}

BOOST_AUTO_TEST_CASE(nodes_die_or_never_boot) {
  fault(R"({"fault":"boot_forever","count":1})");
  check_page(get("/node/" + launch()), 502);
  fault(R"({"fault":"die_after","arg":0.1,"count":1})");
  auto first = launch();
  auto ends = [&](const std::string& node) {
    return harness::wait_until([&] {
      return get("/node/" + node)->status == 502;
    });
  };
  BOOST_TEST(ends(first));
  BOOST_TEST(!contains(list()->body, first));
  auto second = launch();
  fault(R"({"fault":"die_listed_after","arg":0.1,"node":")" + second + "\"}");
  BOOST_TEST(ends(second));
  BOOST_TEST(contains(list()->body, second));
  BOOST_TEST(booked("died") == 2);
}

BOOST_AUTO_TEST_CASE(answers_are_slow_or_garbage) {
  fault(R"({"fault":"slow","arg":300,"count":1})");
  auto began = std::chrono::steady_clock::now();
  check_json(list(), 200, "[]");
  BOOST_TEST((std::chrono::steady_clock::now() - began >= 300ms));
  auto node = launch();
  fault(R"({"fault":"garbage","arg":"/csm","count":1})");
  check_page(get("/node/" + node), 200);
  auto got = get("/node/" + node + "/csm/config");
  BOOST_TEST(got->status == 200);
  BOOST_TEST(!json::parse(got->body).has_value());
}

BOOST_AUTO_TEST_CASE(speech_apps_fail_in_each_way) {
  auto node = launch();
  auto app = "/node/" + node + "/csm/gradio_api";
  fault(R"({"fault":"gradio_error","arg":"no voice","count":1})");
  BOOST_TEST(contains(speak(node), R"("error":"no voice")"));
  fault(R"({"fault":"gradio_null_error","count":1})");
  BOOST_TEST(contains(speak(node), R"("error":null)"));
  fault(R"({"fault":"gradio_queue_full","count":1})");
  check_json(
    post(app + "/queue/join", R"({"data":[],"fn_index":0,"session_hash":"q"})"),
    503, "Queue is full");
  fault(R"({"fault":"drop_stream","count":1})");
  auto dropped = speak(node);
  BOOST_TEST(contains(dropped, "process_starts"));
  BOOST_TEST(!contains(dropped, "process_completed"));
  BOOST_TEST((stream_end != httplib::Error::Success));
  fault(R"({"fault":"upload_413","count":1})");
  BOOST_TEST(upload(app + "/upload", "files", "a.wav", "x")->status == 413);
  fault(R"({"fault":"slow","arg":"csm=300ms","count":1})");
  auto began = std::chrono::steady_clock::now();
  BOOST_TEST(contains(speak(node), R"("success":true)"));
  BOOST_TEST((std::chrono::steady_clock::now() - began >= 300ms));
  fault(R"({"fault":"whisper_error_text","arg":"no memory","count":1})");
  BOOST_TEST(contains(transcribe(node, "x"), R"(["Error: no memory",[]])"));
  fault(R"({"fault":"heartbeat_only","count":1})");
  post(app + "/queue/join", R"({"data":[],"fn_index":0,"session_hash":"h"})");
  auto mute = stream(app, "h", 100);
  BOOST_TEST(contains(mute, "heartbeat"));
  BOOST_TEST(!contains(mute, "estimation"));
}

BOOST_AUTO_TEST_CASE(comfyui_fails_in_each_way) {
  auto node = launch();
  auto ui = "/ui/" + node;
  auto body = prompt_body(ui, speech(node));
  auto run = [&] {
    post(ui + "/history", R"({"clear":true})");
    post(ui + "/prompt", body);
    return history(ui);
  };
  fault(R"({"fault":"comfy_execution_error","arg":"no memory","count":1})");
  auto failed = run();
  BOOST_TEST(contains(failed, "execution_error"), failed);
  BOOST_TEST(contains(failed, "no memory"), failed);
  fault(R"({"fault":"comfy_no_video","count":1})");
  auto empty = run();
  BOOST_TEST(contains(empty, R"("status_str":"success")"), empty);
  BOOST_TEST(!contains(empty, "gifs"), empty);
  fault(R"({"fault":"comfy_forget","count":1})");
  check_json(get(ui + "/history"), 200, "{}");
  post(ui + "/history", R"({"clear":true})");
  fault(R"({"fault":"comfy_node_errors","count":1})");
  check_json(post(ui + "/prompt", body), 200, R"("node_errors":{"13")");
  BOOST_TEST(!contains(history(ui), "gifs"));
  fault(R"({"fault":"slow","arg":"comfyui=20s","count":1})");
  post(ui + "/history", R"({"clear":true})");
  post(ui + "/prompt", body);
  BOOST_TEST(harness::wait_until([&] {
    return contains(get(ui + "/queue")->body, prompt_id);
  }));
  BOOST_TEST(harness::wait_until([&] {
    post(ui + "/interrupt",
         std::string{R"({"prompt_id":")"} + prompt_id + "\"}");
    return contains(get(ui + "/history")->body, "execution_interrupted");
  }));
}

BOOST_AUTO_TEST_CASE(ollama_fails_in_each_way) {
  auto url = "/node/" + launch("ollama_webui:fast") + "/api/generate";
  fault(R"({"fault":"ollama_busy","count":1})");
  check_json(post(url, question(true)), 503, "busy");
  fault(R"({"fault":"model_missing","count":1})");
  check_json(post(url, question(true)), 404, "not found");
  fault(R"({"fault":"ollama_midstream_error","count":1})");
  auto got = post(url, question(true));
  BOOST_TEST(got->status == 200);
  BOOST_TEST(contains(got->body, R"({"error":)"));
  BOOST_TEST(!contains(got->body, R"("done":true)"));
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_at_once_whatever_runs) {
  auto node = launch();
  fault(R"({"fault":"slow","arg":"csm=60s"})");
  std::thread reader{[&] {
    speak(node);
  }};
  httplib::Client other{base};
  BOOST_TEST(harness::wait_until([&] {
    return contains(other.Get("/cloud/ledger")->body, R"("started":1)");
  }));
  program->send(SIGTERM);
  BOOST_TEST(program->wait_for_exit(3s).value_or(-1) == 0);
  reader.join();
  BOOST_TEST((stream_end != httplib::Error::Success));
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
