// ComfyUI's WebSocket, between the real programs: what the local cloud tells,
// heard by the worker's own client; and what becomes of it in a job's record.
#include "actors/io/websocket/websocket_loop.hpp"
#include "tests/support/small_world.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace render;
using namespace std::chrono_literals;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

/// What came over one WebSocket, in order, and how it ended.
class listener {
public:
  listener(const std::string& url, const std::string& key) {
    http_request request;
    request.url = url;
    request.headers.push_back({"X-C3-API-KEY", key});
    loop_.listen(1, request, [this](std::string_view text) {
      std::lock_guard lock{mutex_};
      texts_.emplace_back(text);
      loop_.taken(1, text.size());
    });
  }

  /// The place of the first message with all these parts, or -1.
  int find(const std::vector<std::string>& parts) const {
    std::lock_guard lock{mutex_};
    for (size_t i = 0; i < texts_.size(); ++i)
      if (std::all_of(parts.begin(), parts.end(), [&](auto& part) {
            return texts_[i].find(part) != std::string::npos;
          }))
        return static_cast<int>(i);
    return -1;
  }

  bool waits_for(const std::vector<std::string>& parts) const {
    return harness::wait_until(
      [&] {
        return find(parts) >= 0;
      },
      20s);
  }

  /// Empty while it is open.
  std::string end() const {
    std::lock_guard lock{mutex_};
    return end_;
  }

  bool waits_for_end() const {
    return harness::wait_until([this] {
      return !end().empty();
    });
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
  std::string end_;
  websocket_loop loop_{[this](uint64_t, result<http_response> how) {
    std::lock_guard lock{mutex_};
    end_ = how ? "closed" : how.error().message;
  }};
};

struct cloud_fixture : harness::small_world {
  cloud_fixture()
    : small_world({"--boot-time", "0ms", "--render-time", "comfyui=2s"}) {}

  std::string sound() const {
    return generated("sine=duration=1.5", "talk.wav");
  }

  std::string picture() const {
    return generated("testsrc=size=64x48:rate=1:duration=1", "face.png");
  }

  /// A file of ffmpeg's.
  std::string generated(const std::string& source,
                        const std::string& name) const {
    auto path = folder.path(name);
    harness::process ffmpeg{{"/usr/bin/ffmpeg", "-v", "error", "-y", "-f",
                             "lavfi", "-i", source, path},
                            {},
                            folder.path("ffmpeg.log")};
    BOOST_REQUIRE(ffmpeg.wait_for_exit(20s).value_or(-1) == 0);
    return read_file(path);
  }
};

/// With a node that the test itself has launched.
struct node_fixture : cloud_fixture {
  node_fixture() {
    node_ = launch();
    ui_ = "/ui/" + node_;
  }

  std::string launch() {
    auto body = post("/api/v0/launch",
                     R"({"type":"media:fast","expires":4000000000})");
    return json::string_or_empty(*json::parse(body), "node");
  }

  httplib::Headers headers() const {
    return {{"X-C3-API-KEY", "localkey-0001"}};
  }

  std::string post(const std::string& path, const std::string& body) {
    auto client = cloud_client();
    auto got = client.Post(path, headers(), body, "application/json");
    BOOST_REQUIRE(got);
    BOOST_REQUIRE_MESSAGE(got->status == 200, got->body);
    return got->body;
  }

  std::string get(const std::string& path) {
    auto client = cloud_client();
    auto got = client.Get(path, headers());
    BOOST_REQUIRE(got);
    return std::to_string(got->status) + " " + got->body;
  }

  std::string events_url(const std::string& client_id) const {
    auto env = read_file(folder.path("cloud.env"));
    auto at = env.find("C3_FILES_URL=http") + 17;
    return "ws" + env.substr(at, env.find('\n', at) - at) + ui_
           + "/ws?clientId=" + client_id;
  }

  /// The portrait workflow, with files that are there; the prompt's id.
  std::string queue(const std::string& client_id) {
    upload("face.png", picture());
    upload("talk.wav", sound());
    auto graph = read_file(WORKFLOW_FILE);
    for (auto& [what, with] :
         env_map{{R"("image": "")", R"("image": "face.png")"},
                 {R"("audio": "")", R"("audio": "talk.wav")"},
                 {R"("width": 1280)", R"("width": 160)"},
                 {R"("height": 720)", R"("height": 120)"}})
      graph.replace(graph.find(what), what.size(), with);
    auto answer
      = post(ui_ + "/prompt",
             R"({"prompt":)" + graph + R"(,"client_id":")" + client_id + "\"}");
    return json::string_or_empty(*json::parse(answer), "prompt_id");
  }

  void upload(const std::string& name, const std::string& bytes) {
    auto client = cloud_client();
    httplib::MultipartFormDataItems form{{"image", bytes, name, ""}};
    BOOST_REQUIRE(client.Post(ui_ + "/upload/image", headers(), form));
  }

  bool ended(const std::string& prompt_id, const std::string& how) {
    return harness::wait_until(
      [&] {
        return get(ui_ + "/history/" + prompt_id).find(how)
               != std::string::npos;
      },
      20s);
  }

  std::string node_;
  std::string ui_;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(comfyui_events, node_fixture)

BOOST_AUTO_TEST_CASE(a_prompt_is_told_from_its_queueing_to_its_end) {
  listener mine{events_url("me"), "localkey-0001"};
  BOOST_TEST(mine.waits_for({R"("sid":"me")", R"("queue_remaining":0)"}));
  auto id = queue("me");
  BOOST_TEST(mine.waits_for({R"("node":null)", id}));
  auto last = -1;
  for (auto& parts : std::vector<std::vector<std::string>>{
         {R"("queue_remaining":1)"},
         {"execution_start", id},
         {"execution_cached", id},
         {R"("executing")", R"("node":"18")", id},
         {R"("executing")", R"("node":"31")", id},
         {R"("progress")", R"("value":1,"max":25)", R"("node":"31")", id},
         {R"("progress")", R"("value":25,"max":25)", R"("node":"31")", id},
         {R"("executing")", R"("node":"13")", id},
         {R"("executed")", R"("node":"13")", "gifs", id},
         {"execution_success", id},
         {R"("executing")", R"("node":null)", id}}) {
    auto at = mine.find(parts);
    BOOST_TEST(at > last, parts[0] << " at " << at << " after " << last);
    last = at;
  }
  BOOST_TEST(mine.end() == "");
}

BOOST_AUTO_TEST_CASE(others_hear_of_the_queue_and_of_states_alone) {
  listener other{events_url("other"), "localkey-0001"};
  BOOST_TEST(other.waits_for({R"("sid":"other")"}));
  auto id = queue("me");
  BOOST_TEST(other.waits_for({R"("queue_remaining":1)"}));
  BOOST_TEST(ended(id, "success"));
  BOOST_TEST(other.find({"progress_state", id}) > 0);
  for (auto type : {"execution_start", R"("executing")", R"("progress")",
                    R"("executed")", "execution_success"})
    BOOST_TEST(other.find({type}) < 0, type);
}

BOOST_AUTO_TEST_CASE(an_interrupted_prompt_says_at_which_node) {
  listener mine{events_url("me"), "localkey-0001"};
  auto id = queue("me");
  BOOST_TEST(mine.waits_for({R"("progress")", R"("value":2,)"}));
  post(ui_ + "/interrupt", R"({"prompt_id":")" + id + "\"}");
  BOOST_TEST(mine.waits_for({"execution_interrupted", R"("node_id":"31")",
                             R"("node_type":"SONICSampler")", id}));
  BOOST_TEST(ended(id, "execution_interrupted"));
}

BOOST_AUTO_TEST_CASE(a_failed_prompt_says_why) {
  fault(R"({"fault":"comfy_execution_error","arg":"no memory","count":1})");
  listener mine{events_url("me"), "localkey-0001"};
  BOOST_TEST(mine.waits_for({R"("sid":"me")"}));
  auto id = queue("me");
  BOOST_TEST(mine.waits_for({"execution_error", "no memory", id}));
  BOOST_TEST(mine.waits_for({R"("node":null)", id}));
}

BOOST_AUTO_TEST_CASE(who_comes_back_hears_where_it_is) {
  listener other{events_url("other"), "localkey-0001"};
  BOOST_TEST(other.waits_for({R"("sid":"other")"}));
  auto id = queue("me");
  BOOST_TEST(other.waits_for({"progress_state", "finished", id}));
  listener late{events_url("me"), "localkey-0001"};
  BOOST_TEST(late.waits_for({R"({"type":"executing","data":{"node":")"}));
  BOOST_TEST(late.waits_for({"execution_success", id}));
}

BOOST_AUTO_TEST_CASE(a_socket_ends_with_its_node) {
  listener mine{events_url("me"), "localkey-0001"};
  BOOST_TEST(mine.waits_for({R"("sid":"me")"}));
  fault(R"({"fault":"die_after","arg":"0","node":")" + node_ + "\"}");
  BOOST_TEST(mine.waits_for_end());
  BOOST_TEST(mine.end() != "closed");
  listener again{events_url("me"), "localkey-0001"};
  BOOST_TEST(again.waits_for_end());
  BOOST_TEST(get(ui_ + "/ws").starts_with("502"));
}

BOOST_AUTO_TEST_CASE(a_restart_cuts_its_sockets_and_forgets_its_prompts) {
  listener mine{events_url("me"), "localkey-0001"};
  auto id = queue("me");
  BOOST_TEST(mine.waits_for({"execution_start", id}));
  fault(R"({"fault":"comfy_forget","count":1})");
  BOOST_TEST(get(ui_ + "/queue").find(id) == std::string::npos);
  BOOST_TEST(mine.waits_for_end());
  listener again{events_url("me"), "localkey-0001"};
  BOOST_TEST(again.waits_for({R"("queue_remaining":0)"}));
  auto next = queue("me");
  BOOST_TEST(again.waits_for({"execution_success", next}));
  BOOST_TEST(again.find({"execution_", id}) < 0);
}

BOOST_AUTO_TEST_CASE(a_socket_is_refused_like_anything_else) {
  listener keyless{events_url("me"), "wrong"};
  BOOST_TEST(keyless.waits_for_end());
  BOOST_TEST(get(ui_ + "/ws").starts_with("400"));
  fault(R"({"fault":"comfy_no_socket","arg":"403","count":1})");
  BOOST_TEST(get(ui_ + "/ws?clientId=me").starts_with("403"));
  fault(R"({"fault":"comfy_no_socket","count":1})");
  listener refused{events_url("me"), "localkey-0001"};
  BOOST_TEST(refused.waits_for_end());
  listener let_in{events_url("me"), "localkey-0001"};
  BOOST_TEST(let_in.waits_for({R"("sid":"me")"}));
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct worker_fixture : cloud_fixture {
  // Polls are rare, so that what is seen between them was told.
  worker_fixture() {
    start_worker({{"RENDER_POLLING_INTERVAL", "2"}});
  }

  std::string portrait() {
    auto data = R"({"image_url":")" + publish("face.png", picture())
                + R"(","audio_url":")" + publish("talk.wav", sound()) + "\"}";
    return submit("portrait", data);
  }

  /// All that the record says of the render's progress until the job's end.
  std::set<double> steps_seen(const std::string& id) {
    std::set<double> out;
    auto ended = harness::wait_until(
      [&] {
        auto progress = job_field(id, "progress");
        if (job_field(id, "stage") == "render" && !progress.empty())
          out.insert(std::stod(progress));
        return job_field(id, "status") == "success"
               || job_field(id, "status") == "failed";
      },
      40s);
    BOOST_TEST(ended);
    BOOST_TEST(job_field(id, "status") == "success", job_field(id, "error")
                                                       << "\n"
                                                       << logs());
    return out;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(portrait_events, worker_fixture)

BOOST_AUTO_TEST_CASE(the_steps_of_the_sampler_reach_the_record) {
  auto seen = steps_seen(portrait());
  BOOST_TEST(seen.size() >= 3u);
  BOOST_REQUIRE(!seen.empty());
  BOOST_TEST(*seen.rbegin() > 0.5);
}

BOOST_AUTO_TEST_CASE(a_node_without_sockets_is_polled) {
  fault(R"({"fault":"comfy_no_socket"})");
  auto seen = steps_seen(portrait());
  BOOST_TEST(seen.size() <= 1u);
}

BOOST_AUTO_TEST_CASE(a_socket_that_is_cut_costs_the_later_steps_alone) {
  fault(R"({"fault":"comfy_drop_socket"})");
  auto id = portrait();
  auto seen = steps_seen(id);
  BOOST_TEST(seen.size() >= 2u);
  BOOST_REQUIRE(!seen.empty());
  BOOST_TEST(*seen.rbegin() < 0.6);
  BOOST_TEST(job_field(id, "attempt") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
