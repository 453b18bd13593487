#include "app/local_cloud/gradio_app.hpp"

#include "app/local_cloud/json_text.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"

#include <fstream>

namespace render::local_cloud {

namespace {

using steady = std::chrono::steady_clock;

// How soon a stream notices that its client or its GPU has gone.
constexpr millis stream_tick{100};

void reply_detail(httplib::Response& out, std::string_view text, int status) {
  reply_json(out, json_object{}.add("detail", text).str(), status);
}

} // namespace

gradio_app::gradio_app(std::string service, service_context context,
                       std::vector<gradio_endpoint> endpoints)
  : service_(std::move(service)), context_(std::move(context)),
    endpoints_(std::move(endpoints)), app_id_(context_.random->hex32()),
    queues_(endpoints_.size()), running_(endpoints_.size()) {}

gradio_app::~gradio_app() {
  std::list<runner> last;
  {
    std::lock_guard lock{mutex_};
    for (auto& queue : queues_)
      queue.clear();
    last.swap(runners_);
  }
  for (auto& x : last)
    x.thread.join();
}

void gradio_app::handle(const httplib::Request& in, httplib::Response& out,
                        std::string_view path, std::shared_ptr<void> self) {
  bool get = in.method == "GET" || in.method == "HEAD";
  const auto whole = path;
  if (get && (path == "/" || path.empty())) {
    out.set_content("<!doctype html><title>Gradio</title>", "text/html");
    return;
  }
  if (get && path == "/config")
    return config(out, root_url(in, whole));
  auto release = context_.config->gradio;
  if (!strip(path, release.prefix()))
    return reply_detail(out, "Not Found", 404);
  if (get && (path == "/info" || path == "/info/"))
    return info(out);
  if (get && path == "/queue/data")
    return stream(out, in.get_param_value("session_hash"), false,
                  std::move(self));
  if (get && path == "/queue/status")
    return reply_json(out, R"({"msg":"estimation","queue_size":0})");
  if (get && (strip(path, "/file=") || strip(path, "/file/")))
    return file(out, std::string{path});
  if (get && path.starts_with("/heartbeat/")) {
    out.set_content("data: ALIVE\n\n", "text/event-stream");
    return;
  }
  if (strip(path, "/call/")) {
    auto slash = path.find('/');
    if (get && slash != std::string_view::npos)
      return stream(out, std::string{path.substr(slash + 1)}, true,
                    std::move(self));
    if (!get)
      return simple_call(in, out, path, root_url(in, whole));
  }
  if (!get && path == "/upload")
    return upload(in, out);
  if (!get && (path == "/queue/join" || path == "/queue/join/"))
    return join(in, out, root_url(in, whole));
  if (!get && path == "/cancel")
    return cancel(in, out);
  if (!get && (path == "/reset" || path == "/reset/"))
    return reply_json(out, R"({"success":true})");
  reply_detail(out, "Not Found", 404);
}

std::string gradio_app::root_url(const httplib::Request& in,
                                 std::string_view path) const {
  auto out = "http://" + in.get_header_value("Host");
  if (!context_.fault("lost_root"))
    out.append(in.path, 0, in.path.size() - path.size());
  return out;
}

void gradio_app::config(httplib::Response& out, const std::string& root) const {
  reply_json(out,
             gradio_config(context_.config->gradio, endpoints_, app_id_, root));
}

void gradio_app::info(httplib::Response& out) const {
  reply_json(out, gradio_info(context_.config->gradio, endpoints_));
}

void gradio_app::upload(const httplib::Request& in, httplib::Response& out) {
  if (context_.fault("upload_413"))
    return reply_text(out, "File size exceeds maximum allowed size", 413);
  auto [first, last] = in.files.equal_range("files");
  if (first == last)
    return reply_detail(out, "No files in the form", 400);
  json_array paths;
  for (auto i = first; i != last; ++i) {
    auto dir = context_.dir / "cache" / to_hex(sha256(i->second.content));
    auto path = dir / safe_file_name(i->second.filename);
    std::filesystem::create_directories(dir);
    // Two uploads of the same bytes have the same path, so each writes a file
    // of its own, which is renamed atomically.
    auto aside = dir / ("." + context_.random->hex32());
    std::ofstream{aside, std::ios::binary} << i->second.content;
    std::filesystem::rename(aside, path);
    paths.add(path.string());
  }
  reply_json(out, paths.str());
}

void gradio_app::join(const httplib::Request& in, httplib::Response& out,
                      const std::string& root) {
  auto body = json::parse(in.body);
  if (!body || !body->IsObject())
    return reply_json(out,
                      R"({"detail":[{"type":"json_invalid","loc":["body"],)"
                      R"("msg":"JSON decode error"}]})",
                      422);
  auto session_id = json::string_or_empty(*body, "session_hash");
  if (session_id.empty())
    return reply_detail(out, "Session hash not found.", 400);
  auto* data = json::find(*body, "data");
  if (!data || !data->IsArray())
    return reply_json(out,
                      R"({"detail":[{"type":"list_type","loc":["body","data"],)"
                      R"("msg":"Input should be a valid list"}]})",
                      422);
  auto function = json::integer(*body, "fn_index").value_or(-1);
  if (function < 0 || static_cast<size_t>(function) >= endpoints_.size())
    return reply_text(out, "Internal Server Error", 500);
  if (context_.fault("gradio_queue_full"))
    return reply_detail(out, "Queue is full. Max size is 1 and size is 1.",
                        503);
  auto id = submit(static_cast<size_t>(function), std::move(session_id),
                   std::move(*body), root);
  reply_json(out, json_object{}.add("event_id", id).str());
}

void gradio_app::simple_call(const httplib::Request& in, httplib::Response& out,
                             std::string_view name, const std::string& root) {
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i].api_name != name)
      continue;
    auto body = json::parse(in.body);
    if (!body || !json::find(*body, "data"))
      return reply_detail(out, "no data in the body", 422);
    if (context_.fault("gradio_queue_full"))
      return reply_detail(out, "Queue is full.", 503);
    auto id = submit(i, {}, std::move(*body), root);
    return reply_json(out, json_object{}.add("event_id", id).str());
  }
  reply_detail(out, "Not Found", 404);
}

std::string gradio_app::submit(size_t function, std::string session_id,
                               json::document body, const std::string& root) {
  auto job = std::make_shared<event>();
  job->id = context_.random->hex32();
  job->session = session_id.empty() ? job->id : std::move(session_id);
  job->function = function;
  job->body = std::move(body);
  job->root = root;
  std::lock_guard lock{mutex_};
  sessions_[job->session].pending.insert(job->id);
  queues_[function].push_back(job);
  tell_ranks(function);
  start_what_can();
  return job->id;
}

void gradio_app::stream(httplib::Response& out, const std::string& session_id,
                        bool simple, std::shared_ptr<void> self) {
  // A session without a call gets one event with status 200, and then an abrupt
  // end.
  bool known = [&] {
    std::lock_guard lock{mutex_};
    return sessions_.count(session_id) > 0;
  }();
  bool mute = context_.fault("heartbeat_only").has_value();
  auto state = std::make_shared<stream_state>();
  state->last = steady::now();
  out.set_header("Cache-Control", "no-cache");
  out.set_chunked_content_provider(
    "text/event-stream",
    [this, session_id, simple, known, mute, state,
     self](size_t, httplib::DataSink& sink) {
      if (known)
        return stream_step(session_id, simple, mute, *state, sink);
      std::string text = R"(data: {"msg":"unexpected_error","message":)"
                         R"("Session not found","session_not_found":true,)"
                         R"("success":false,"event_id":null})"
                         "\n\n";
      sink.write(text.data(), text.size());
      return false;
    },
    [this, session_id, state, self](bool) {
      std::lock_guard lock{mutex_};
      if (!state->closed)
        drop_session(session_id);
    });
}

std::deque<gradio_app::message>
gradio_app::take_messages(const std::string& session_id, stream_state& state) {
  std::deque<message> out;
  auto found = sessions_.find(session_id);
  if (found == sessions_.end())
    return out;
  auto& waiting = found->second.messages;
  while (!waiting.empty() && !state.closed) {
    state.closed = waiting.front().what == kind::close;
    out.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  // Messages after close_stream are for the session's next stream.
  if (state.closed && waiting.empty() && found->second.pending.empty())
    sessions_.erase(found);
  return out;
}

bool gradio_app::stream_step(const std::string& session_id, bool simple,
                             bool mute, stream_state& state,
                             httplib::DataSink& sink) {
  std::deque<message> fresh;
  {
    std::unique_lock lock{mutex_};
    auto has_news = [&] {
      auto found = sessions_.find(session_id);
      return found != sessions_.end() && !found->second.messages.empty();
    };
    changed_.wait_for(lock, stream_tick, [&] {
      return !mute && has_news();
    });
    if (!mute)
      fresh = take_messages(session_id, state);
  }
  if (context_.stop.stop_requested() || !sink.is_writable())
    return false;
  if (fresh.empty() && steady::now() - state.last >= context_.config->heartbeat)
    fresh.push_back(
      {kind::heartbeat, R"({"msg":"heartbeat","event_id":null})"});
  for (auto& x : fresh) {
    state.last = steady::now();
    std::string text = "data: " + x.text + "\n\n";
    if (simple) {
      bool failed = x.text.find(R"("success":false)") != std::string::npos;
      text = x.what == kind::heartbeat ? "event: heartbeat\ndata: null\n\n"
             : x.what != kind::completed
               ? ""
               : fmt::format("event: {}\ndata: {}\n\n",
                             failed ? "error" : "complete",
                             x.data.empty() ? "null" : x.data);
    }
    if (!text.empty() && !sink.write(text.data(), text.size()))
      return false;
    if (x.what == kind::starts && context_.fault("drop_stream"))
      return false;
    if (x.what == kind::close)
      sink.done();
  }
  return true;
}

void gradio_app::drop_session(const std::string& id) {
  sessions_.erase(id);
  for (auto& queue : queues_)
    std::erase_if(queue, [&](auto& job) {
      return job->session == id;
    });
}

void gradio_app::cancel(const httplib::Request& in, httplib::Response& out) {
  auto body = json::parse(in.body);
  if (!body)
    return reply_detail(out, "JSON decode error", 422);
  auto id = json::string_or_empty(*body, "event_id");
  auto session_id = json::string_or_empty(*body, "session_hash");
  auto function = json::integer(*body, "fn_index").value_or(-1);
  auto answer_cancelled = [this](const event_ptr& job) {
    job->cancelled = true;
    finish(job,
           json_object{}
             .add("msg", "process_completed")
             .add("event_id", job->id)
             .raw("output", "{}")
             .add("success", true)
             .str(),
           {});
  };
  std::lock_guard lock{mutex_};
  for (auto& job : running_)
    if (job && job->session == session_id
        && static_cast<int64_t>(job->function) == function) {
      answer_cancelled(job);
      job.reset();
    }
  if (context_.config->gradio.at_least(6, 14))
    for (auto& queue : queues_)
      std::erase_if(queue, [&](auto& job) {
        if (job->id != id)
          return false;
        answer_cancelled(job);
        return true;
      });
  start_what_can();
  reply_json(out, R"({"success":true})");
}

bool gradio_app::in_cache(const std::filesystem::path& path) const {
  std::error_code error;
  auto cache = std::filesystem::weakly_canonical(context_.dir / "cache", error);
  auto real = std::filesystem::weakly_canonical(path, error);
  auto relative = real.lexically_relative(cache);
  return !error && !relative.empty() && *relative.begin() != "..";
}

void gradio_app::file(httplib::Response& out, const std::string& path) const {
  if (!in_cache(path))
    return reply_detail(out, "File not allowed: " + path + ".", 403);
  if (!std::filesystem::is_regular_file(path))
    return reply_detail(out, "File not found: " + path + ".", 404);
  reply_file(out, path);
}

} // namespace render::local_cloud
