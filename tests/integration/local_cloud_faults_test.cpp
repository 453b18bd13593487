// Each fault that the local cloud can play.
#include "tests/integration/cloud_world.hpp"

using namespace render;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(local_cloud_with_faults, cloud_world)

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
  fault(R"({"fault":"launch_lost_answer","arg":"500","count":1})");
  check_json(post("/api/v0/launch", launch_body()), 500, "Internal");
  BOOST_TEST(booked("launches") == 3);
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

// A cancelled call runs on, and keeps its turn of the fault.
BOOST_AUTO_TEST_CASE(a_slow_call_is_the_one_that_began_first) {
  auto node = launch();
  auto app = "/node/" + node + "/csm/gradio_api";
  fault(R"({"fault":"slow","arg":"csm=300s","count":1})");
  std::string sentences = R"(\"one\")";
  for (int i = 0; i < 15; ++i)
    sentences += R"(,\"The weather is good today, and so it was before.\")";
  post(app + "/queue/join",
       R"({"data":["conversational_a","",null,"[)" + sentences
         + R"(]",0.9,50,10000,150],"fn_index":0,"session_hash":"long"})");
  post(app + "/cancel", R"({"fn_index":0,"session_hash":"long"})");
  auto began = std::chrono::steady_clock::now();
  BOOST_TEST(contains(speak(node), R"("success":true)"));
  BOOST_TEST((std::chrono::steady_clock::now() - began < 100s));
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
