// The services of a GPU: two Gradio apps, ComfyUI, Ollama; only what the worker
// uses of each.
#include "app/harness/sim_cloud.hpp"
#include "messages/job.hpp"

namespace render::harness {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view event_stream = "text/event-stream";

std::string event(const std::string& json) {
  return "data: " + json + "\n\n";
}

std::string_view query_field(std::string_view path, std::string_view name) {
  auto mark = std::string{name} + "=";
  auto at = path.find(mark);
  if (at == std::string_view::npos)
    return {};
  at += mark.size();
  return path.substr(at, path.find('&', at) - at);
}

bool take_prefix(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix))
    return false;
  path.remove_prefix(prefix.size());
  return true;
}

} // namespace

// -- runs ---------------------------------------------------------------------

sim_run& sim_cloud::begin_run(sim_gpu& gpu, size_t job, std::string session) {
  auto number = ++last_run_;
  auto& run = gpu.runs[number];
  ++gpu.busy;
  run.job = job;
  run.session = std::move(session);
  run.began = time_.now();
  run.ends = time_.now()
             + virtual_duration{static_cast<int64_t>(
               jobs_[job].duration_s * dice_.between(0.95, 1.05) * 1e9)};
  if (on_run)
    on_run(gpu, run, true);
  time_.events().at(run.ends, [this, gpu = gpu.number, number] {
    run_due(gpu, number);
  });
  return run;
}

void sim_cloud::finish_run(sim_gpu& gpu, sim_run& run) {
  if (run.ended)
    return;
  run.ended = true;
  --gpu.busy;
  gpu.busy_s += static_cast<double>((time_.now() - run.began).count()) / 1e9;
  gpu.last_busy = time_.now();
  if (on_run)
    on_run(gpu, run, false);
}

void sim_cloud::end_run(sim_gpu& gpu, uint64_t number) {
  auto at = gpu.runs.find(number);
  if (at == gpu.runs.end())
    return;
  auto& run = at->second;
  finish_run(gpu, run);
  gpu.runs.erase(at);
}

uint64_t sim_cloud::run_of(const sim_gpu& gpu, std::string_view session) {
  for (auto& [number, run] : gpu.runs)
    if (run.session == session)
      return number;
  return 0;
}

void sim_cloud::run_due(uint64_t gpu_number, uint64_t number) {
  auto& gpu = gpus_.at(gpu_number);
  auto at = gpu.runs.find(number);
  if (at == gpu.runs.end() || gpu.dead)
    return;
  auto& run = at->second;
  finish_run(gpu, run);
  if (auto listener = run.listener.lock(); listener && listener->open())
    complete(gpu, run, listener);
  else if (jobs_[run.job].type == "portrait")
    rendered(gpu, run);
  // ComfyUI keeps a history, but no worker asks for it much later.
  time_.events().after(600s, [this, gpu_number, number] {
    gpus_.at(gpu_number).runs.erase(number);
  });
}

void sim_cloud::rendered(const sim_gpu& gpu, sim_run& run) {
  run.rendered = true;
  if (on_rendered)
    on_rendered(gpu, run);
}

void sim_cloud::complete(sim_gpu& gpu, sim_run& run, const exchange_ptr& to) {
  to->on_closed = nullptr;
  auto& job = jobs_[run.job];
  if (job.type == "analyze") {
    rendered(gpu, run);
    to->piece("{\"response\":\"A picture of job " + std::to_string(run.job)
              + ".\",\"done\":true}\n");
    return to->finish_stream("application/x-ndjson");
  }
  auto trouble = dice_.chance(faults.run_gpu_trouble);
  if (trouble || dice_.chance(faults.run_error)) {
    gpu.troubled = time_.now();
    to->piece(event(
      std::string{R"({"msg":"process_completed","success":false,"output":)"}
      + (trouble ? R"({"error":"CUDA out of memory"}})"
                 : R"({"error":"the model did not like it"}})")));
    return to->finish_stream(std::string{event_stream});
  }
  rendered(gpu, run);
  auto id = job_table::id_of(run.job);
  auto data = job.type == "csm"
                ? R"([{"path":"/tmp/)" + id + R"(/out.mp3"}])"
                : R"(["Transcript of )" + id + R"(.",[{"path":"/tmp/)" + id
                    + R"(/out.txt"}]])";
  to->piece(
    event(R"({"msg":"process_completed","success":true,"output":{"data":)"
          + data + "}}"));
  to->finish_stream(std::string{event_stream});
}

// -- the machine --------------------------------------------------------------

void sim_cloud::serve(uint64_t number, const exchange_ptr& x) {
  auto& gpu = gpus_.at(number);
  if (gpu.dead)
    return x->hang();
  if (time_.now() < gpu.node_up)
    return x->page(20ms, 502);
  auto path = x->path();
  auto up = [&](job_kind kind) {
    return time_.now() >= gpu.service_up[static_cast<size_t>(kind)];
  };
  auto ui = x->host().starts_with("ui-");
  if (!ui && path == "/")
    return x->respond(5ms, 200, "text/html", "<html>ready</html>");
  if (dice_.chance(faults.garbage)) {
    gpu.troubled = time_.now();
    return x->page(10ms, dice_.chance(0.5) ? 200 : 500);
  }
  if (ui)
    return up(job_kind::portrait) ? serve_comfyui(gpu, x) : x->page(10ms, 502);
  if (take_prefix(path, "/csm"))
    return up(job_kind::csm)
             ? serve_gradio(gpu, x, path, "generate_monologue_audio")
             : x->page(10ms, 502);
  if (take_prefix(path, "/whisper"))
    return up(job_kind::whisper)
             ? serve_gradio(gpu, x, path, "transcribe_audio")
             : x->page(10ms, 502);
  if (!up(job_kind::analyze))
    return x->page(10ms, 502);
  serve_vision(gpu, x);
}

// -- Gradio -------------------------------------------------------------------

void sim_cloud::serve_gradio(sim_gpu& gpu, const exchange_ptr& x,
                             std::string_view path, std::string_view api_name) {
  if (path == "/config")
    return x->json(5ms, R"({"version":"5.23.0","protocol":"sse_v3",)"
                        R"("api_prefix":"/gradio_api","dependencies":)"
                        R"([{"id":2,"api_name":")"
                          + std::string{api_name} + R"("}]})");
  if (!take_prefix(path, "/gradio_api"))
    return x->page(5ms, 404);
  if (path == "/info")
    return x->page(5ms, 404);
  if (path == "/upload") {
    auto& part = x->request.parts.at(0);
    auto job = jobs_.find_in(part.file_path);
    return x->json(50ms, R"(["/tmp/gradio/)"
                           + (job ? job_table::id_of(*job) : std::string{"x"})
                           + "/" + part.file_name + R"("])");
  }
  if (path == "/queue/join")
    return join(gpu, x);
  if (path.starts_with("/queue/data"))
    return follow(gpu, x, query_field(path, "session_hash"));
  if (path == "/cancel") {
    end_run(gpu, run_of(gpu, text_field(x->request.body, "session_hash")));
    return x->json(5ms, R"({"success":true})");
  }
  if (path.starts_with("/file="))
    return x->file(20ms, "application/octet-stream", 300'000);
  x->page(5ms, 404);
}

void sim_cloud::join(sim_gpu& gpu, const exchange_ptr& x) {
  auto job = jobs_.find_in(x->request.body);
  if (!job)
    return x->respond(5ms, 422, "application/json",
                      R"({"detail":"no job in the arguments"})");
  std::string session{text_field(x->request.body, "session_hash")};
  begin_run(gpu, *job, session);
  x->json(5ms, R"({"event_id":"e-)" + session + R"("})");
}

void sim_cloud::follow(sim_gpu& gpu, const exchange_ptr& x,
                       std::string_view session) {
  auto number = run_of(gpu, session);
  if (number == 0)
    return x->respond(5ms, 404, "application/json",
                      R"({"detail":"session not found"})");
  auto& run = gpu.runs.at(number);
  run.listener = x;
  // A run ends when its listener hangs up.
  x->on_closed = [this, gpu_number = gpu.number, number] {
    end_run(gpus_.at(gpu_number), number);
  };
  x->piece(event(R"({"msg":"process_starts"})"));
  if (dice_.chance(faults.stream_silent)) {
    gpu.troubled = time_.now();
    end_run(gpu, number);
    x->on_closed = nullptr;
    return;
  }
  if (dice_.chance(faults.stream_dropped)) {
    gpu.troubled = time_.now();
    return x->reset((run.ends - time_.now()) / 2);
  }
  if (run.ends <= time_.now())
    complete(gpu, run, x);
  // Heartbeats, as long as a client listens.
  auto beat = [](auto&& again, sim_cloud* self, exchange_ptr to) -> void {
    self->time_.events().after(15s, [again, self, to] {
      if (!to->open())
        return;
      to->piece(event(R"({"msg":"heartbeat"})"));
      again(again, self, to);
    });
  };
  if (run.ends > time_.now() + 15s)
    beat(beat, this, x);
}

// -- ComfyUI ------------------------------------------------------------------

void sim_cloud::serve_comfyui(sim_gpu& gpu, const exchange_ptr& x) {
  auto path = x->path();
  if (path == "/system_stats")
    return x->json(5ms, R"({"system":{"os":"posix"}})");
  if (path == "/upload/image")
    return x->json(50ms, R"({"name":")" + x->request.parts.at(0).file_name
                           + R"(","subfolder":"","type":"input"})");
  if (path == "/prompt") {
    auto job = jobs_.find_in(x->request.body);
    if (!job)
      return x->respond(5ms, 400, "application/json",
                        R"({"error":{"message":"no job in the workflow"}})");
    std::string id{text_field(x->request.body, "prompt_id")};
    begin_run(gpu, *job, id);
    return x->json(10ms, R"({"prompt_id":")" + id
                           + R"(","number":1,"node_errors":{}})");
  }
  if (path == "/queue" && x->request.method == "GET") {
    std::string running;
    for (auto& [number, run] : gpu.runs)
      if (!run.ended)
        running += (running.empty() ? "" : ",") + ("[1,\"" + run.session)
                   + "\",{}]";
    return x->json(5ms, R"({"queue_running":[)" + running
                          + R"(],"queue_pending":[]})");
  }
  if (path == "/queue")
    return x->json(5ms, "{}");
  if (path == "/interrupt") {
    end_run(gpu, run_of(gpu, text_field(x->request.body, "prompt_id")));
    return x->json(5ms, "{}");
  }
  if (take_prefix(path, "/history/")) {
    auto number = run_of(gpu, path);
    if (number == 0 || !gpu.runs.at(number).ended)
      return x->json(5ms, "{}");
    return x->json(5ms, R"({")" + std::string{path}
                          + R"(":{"status":{"status_str":"success"},)"
                            R"("outputs":{"13":{"gifs":[{"filename":"v.mp4",)"
                            R"("subfolder":"","type":"output",)"
                            R"("format":"video/h264-mp4"}]}}}})");
  }
  if (path.starts_with("/view"))
    return x->file(100ms, "video/mp4", 4'000'000);
  x->page(5ms, 404);
}

// -- Ollama -------------------------------------------------------------------

void sim_cloud::serve_vision(sim_gpu& gpu, const exchange_ptr& x) {
  auto path = x->path();
  if (path == "/api/tags")
    return x->json(5ms, R"({"models":[{"name":"llama3.2-vision:11b"}]})");
  if (path == "/api/generate")
    return generate(gpu, x);
  x->page(5ms, 404);
}

void sim_cloud::generate(sim_gpu& gpu, const exchange_ptr& x) {
  auto job = jobs_.find_in(x->request.body);
  if (!job)
    return x->respond(5ms, 400, "application/json",
                      R"({"error":"no job in the question"})");
  auto& run = begin_run(gpu, *job, "generate-" + std::to_string(last_run_ + 1));
  auto number = last_run_;
  run.listener = x;
  x->on_closed = [this, gpu_number = gpu.number, number] {
    end_run(gpus_.at(gpu_number), number);
  };
  if (dice_.chance(faults.stream_dropped)) {
    gpu.troubled = time_.now();
    x->reset((run.ends - time_.now()) / 2);
  }
}

} // namespace render::harness
