#pragma once
// A local cloud of its own for each test, and the clients' calls to it.
#include "messages/text/json.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>
#include <openssl/evp.h>

namespace render {

using strings = std::vector<std::string>;

inline constexpr auto json_type = "application/json";
inline constexpr auto prompt_id = "11111111-2222-4333-8444-555555555555";

inline std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

inline bool contains(const std::string& text, const std::string& part) {
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
    // A request must not get a connection that is just being closed.
    client->set_keep_alive(false);
  }

  cloud_world(const cloud_world&) = delete;
  cloud_world& operator=(const cloud_world&) = delete;

  // A killed cloud would leave its temporary folder behind.
  ~cloud_world() {
    program->send(SIGTERM);
    program->wait_for_exit(std::chrono::seconds{5});
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

  /// The received bytes, even when the stream ended badly.
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

  /// Lets the app speak one sentence; returns its answer.
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
    BOOST_TEST(tool.wait_for_exit(std::chrono::seconds{20}).value_or(-1) == 0,
               tool.output());
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
      std::chrono::seconds{20});
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
  httplib::Headers key{{"X-C3-API-KEY", "localkey-0001"}};
  std::string env;
  std::string base;
  std::string workload;
  httplib::Error stream_end = httplib::Error::Success;
};

inline void check_page(const httplib::Result& got, int status) {
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == status);
  BOOST_TEST(got->get_header_value("Content-Type") == "text/html");
}

inline void check_json(const httplib::Result& got, int status,
                       const std::string& part) {
  BOOST_REQUIRE(got);
  BOOST_TEST(got->status == status);
  BOOST_TEST(got->get_header_value("Content-Type") == json_type);
  BOOST_TEST(contains(got->body, part), got->body);
}

} // namespace render
