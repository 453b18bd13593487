#include "app/local_cloud/comfyui_server.hpp"

#include "app/local_cloud/json_text.hpp"

#include <fstream>
#include <iterator>

namespace render::local_cloud {

namespace {

namespace fs = std::filesystem;

/// Empty when the path would leave the folder.
fs::path inside(const fs::path& folder, const fs::path& sub) {
  auto whole = (folder / sub.relative_path()).lexically_normal();
  auto relative = whole.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == "..")
    return {};
  return whole;
}

std::string field(const httplib::Request& in, const char* name,
                  const char* otherwise) {
  return in.has_file(name) ? in.get_file_value(name).content : otherwise;
}

std::string read_all(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool known_type(const std::string& type) {
  return type == "input" || type == "output" || type == "temp";
}

} // namespace

comfyui_server::comfyui_server(service_context context)
  : context_(std::move(context)) {
  for (auto folder : {"input", "output", "temp"})
    fs::create_directories(context_.dir / folder);
  worker_ = std::jthread{[this] {
    work();
  }};
}

comfyui_server::~comfyui_server() {
  worker_.join();
}

void comfyui_server::handle(const httplib::Request& in, httplib::Response& out,
                            std::string_view path) {
  bool get = in.method == "GET" || in.method == "HEAD";
  if (path.starts_with("/api/"))
    path.remove_prefix(4);
  if (path == "/history" || path == "/queue" || path.starts_with("/history/"))
    forget_when_told();
  if (get && (path.empty() || path == "/"))
    return out.set_content("<!doctype html><title>ComfyUI</title>",
                           "text/html");
  if (get && path == "/system_stats")
    return system_stats(out);
  if (get && path == "/queue")
    return queue_list(out);
  if (get && path == "/prompt") {
    std::lock_guard lock{mutex_};
    return reply_json(
      out, json_object{}
             .raw("exec_info",
                  json_object{}.add("queue_remaining", queue_remaining()).str())
             .str());
  }
  if (get && path == "/ws")
    return listen(in, out);
  if (get && path == "/view")
    return view(in, out);
  if (get && path == "/history")
    return history_list(in, out, {});
  if (get && strip(path, "/history/"))
    return history_list(in, out, path);
  if (!get && path == "/upload/image")
    return upload(in, out);
  if (!get && path == "/prompt")
    return prompt(in, out);
  if (!get && path == "/queue")
    return queue_change(in, out);
  if (!get && path == "/interrupt")
    return interrupt(in, out);
  if (!get && path == "/history")
    return history_change(in, out);
  if (!get && path == "/free")
    return reply_text(out, "");
  reply_text(out, "404: Not Found", 404);
}

void comfyui_server::system_stats(httplib::Response& out) const {
  reply_json(out,
             R"({"system":{"os":"posix","ram_total":16000000000,)"
             R"("ram_free":8000000000,"comfyui_version":"0.3.66",)"
             R"("python_version":"3.12.3","pytorch_version":"2.8.0",)"
             R"("argv":["main.py"]},"devices":[{"name":"cpu","type":"cpu",)"
             R"("index":0,"vram_total":0,"vram_free":0,)"
             R"("torch_vram_total":0,"torch_vram_free":0}]})");
}

void comfyui_server::upload(const httplib::Request& in,
                            httplib::Response& out) {
  if (context_.fault("upload_413"))
    return reply_text(out, "Maximum request body size 104857600 exceeded", 413);
  if (!in.has_file("image") || in.get_file_value("image").filename.empty())
    return reply_text(out, "", 400);
  auto image = in.get_file_value("image");
  auto type = field(in, "type", "input");
  auto subfolder = field(in, "subfolder", "");
  auto overwrite = field(in, "overwrite", "");
  if (!known_type(type))
    type = "input";
  auto root = context_.dir / type;
  auto folder = subfolder.empty() ? root : inside(root, subfolder);
  if (folder.empty())
    return reply_text(out, "", 400);
  fs::create_directories(folder);
  fs::path name = fs::path{image.filename}.filename();
  // Two uploads must not choose the same free name.
  std::lock_guard lock{mutex_};
  auto path = folder / name;
  bool reuse = false;
  if (overwrite != "true" && overwrite != "1")
    for (int i = 1; fs::exists(path) && !reuse; ++i) {
      if (read_all(path) == image.content)
        reuse = true;
      else
        path = folder
               / fmt::format("{} ({}){}", name.stem().string(), i,
                             name.extension().string());
    }
  if (!reuse)
    std::ofstream{path, std::ios::binary} << image.content;
  reply_json(out, json_object{}
                    .add("name", path.filename().string())
                    .add("subfolder", subfolder)
                    .add("type", type)
                    .str());
}

fs::path comfyui_server::input_file(const std::string& name) const {
  return name.empty() ? fs::path{} : inside(context_.dir / "input", name);
}

void comfyui_server::prompt(const httplib::Request& in,
                            httplib::Response& out) {
  auto refuse = [&](const node_fault& error, const std::string& nodes) {
    reply_json(out,
               json_object{}
                 .raw("error", json_object{}
                                 .add("type", error.type)
                                 .add("message", error.message)
                                 .add("details", error.details)
                                 .raw("extra_info", "{}")
                                 .str())
                 .raw("node_errors", nodes)
                 .str(),
               400);
  };
  auto body = json::parse(in.body);
  auto* graph = body ? json::find(*body, "prompt") : nullptr;
  if (!graph || !graph->IsObject())
    return refuse({"no_prompt", "No prompt provided", "No prompt provided"},
                  "{}");
  auto checked = validate_prompt(*graph, [this](const std::string& name) {
    auto path = input_file(name);
    return !path.empty() && fs::is_regular_file(path);
  });
  auto nodes = node_errors_json(checked, *graph);
  // The real server too sends an empty list instead of an empty object.
  if (!checked.error.type.empty())
    return refuse(checked.error, checked.nodes.empty() ? "[]" : nodes);
  if (context_.fault("comfy_node_errors")) {
    for (auto& id : checked.outputs)
      if (class_of(*graph, id) == "VHS_VideoCombine") {
        checked.nodes[id].push_back({"value_not_in_list", "Value not in list",
                                     "format: 'video/h264-mp4' not in []"});
        checked.dependent_outputs[id].push_back(id);
      }
    std::erase_if(checked.outputs, [&](auto& id) {
      return checked.nodes.count(id) > 0;
    });
    nodes = node_errors_json(checked, *graph);
  }
  auto x = std::make_shared<job>();
  x->id = json::string_or_empty(*body, "prompt_id");
  if (x->id.empty())
    x->id = context_.random->uuid();
  x->client_id = json::string_or_empty(*body, "client_id");
  if (auto* extra = json::find(*body, "extra_data");
      extra && x->client_id.empty())
    x->client_id = json::string_or_empty(*extra, "client_id");
  x->outputs = checked.outputs;
  x->body = std::move(*body);
  std::lock_guard lock{mutex_};
  x->number = ++next_number_;
  pending_.push_back(x);
  tell_queue();
  changed_.notify_all();
  reply_json(out, json_object{}
                    .add("prompt_id", x->id)
                    .add("number", x->number)
                    .raw("node_errors", nodes)
                    .str());
}

void comfyui_server::queue_list(httplib::Response& out) {
  std::lock_guard lock{mutex_};
  json_array running, pending;
  auto item = [](const job& x) {
    return queue_item(x.number, x.id, x.body, x.outputs);
  };
  if (running_)
    running.raw(item(*running_));
  for (auto& x : pending_)
    pending.raw(item(*x));
  reply_json(out, json_object{}
                    .raw("queue_running", running.str())
                    .raw("queue_pending", pending.str())
                    .str());
}

void comfyui_server::queue_change(const httplib::Request& in,
                                  httplib::Response& out) {
  auto body = json::parse(in.body);
  if (!body)
    return reply_text(out, "500 Internal Server Error", 500);
  std::lock_guard lock{mutex_};
  if (json::boolean(*body, "clear").value_or(false)) {
    pending_.clear();
    tell_queue();
  }
  if (auto* ids = json::find(*body, "delete"); ids && ids->IsArray())
    for (auto& id : ids->GetArray())
      if (std::erase_if(pending_, [&](auto& x) {
            return id.IsString() && x->id == id.GetString();
          }))
        tell_queue();
  reply_text(out, "");
}

void comfyui_server::interrupt(const httplib::Request& in,
                               httplib::Response& out) {
  auto body = json::parse(in.body);
  auto wanted = body ? json::string_or_empty(*body, "prompt_id") : "";
  std::lock_guard lock{mutex_};
  // Without an id the running prompt is interrupted, even another client's.
  if (running_ && (wanted.empty() || running_->id == wanted)) {
    running_->interrupted = true;
    running_->stop.request_stop();
  }
  reply_text(out, "");
}

void comfyui_server::history_list(const httplib::Request& in,
                                  httplib::Response& out, std::string_view id) {
  std::lock_guard lock{mutex_};
  auto most
    = static_cast<size_t>(number_or(in.get_param_value("max_items"), 10'000));
  size_t skip = history_.size() > most ? history_.size() - most : 0;
  json_object all;
  for (size_t i = id.empty() ? skip : 0; i < history_.size(); ++i)
    if (id.empty() || history_[i].id == id)
      all.raw(history_[i].id, history_[i].text);
  reply_json(out, all.str());
}

void comfyui_server::history_change(const httplib::Request& in,
                                    httplib::Response& out) {
  auto body = json::parse(in.body);
  if (!body)
    return reply_text(out, "500 Internal Server Error", 500);
  std::lock_guard lock{mutex_};
  if (json::boolean(*body, "clear").value_or(false))
    history_.clear();
  if (auto* ids = json::find(*body, "delete"); ids && ids->IsArray())
    for (auto& id : ids->GetArray())
      std::erase_if(history_, [&](auto& x) {
        return id.IsString() && x.id == id.GetString();
      });
  reply_text(out, "");
}

void comfyui_server::view(const httplib::Request& in,
                          httplib::Response& out) const {
  auto name = in.get_param_value("filename");
  auto type = in.has_param("type") ? in.get_param_value("type") : "output";
  if (!in.has_param("filename"))
    return reply_text(out, "", 404);
  if (name.empty() || !known_type(type) || name.front() == '/'
      || name.find("..") != std::string::npos)
    return reply_text(out, "", 400);
  auto folder = context_.dir / type;
  if (auto sub = in.get_param_value("subfolder"); !sub.empty())
    folder = inside(folder, sub);
  if (folder.empty())
    return reply_text(out, "", 403);
  auto path = folder / fs::path{name}.filename();
  if (!fs::is_regular_file(path))
    return reply_text(out, "", 404);
  out.set_header("Content-Disposition",
                 "filename=\"" + path.filename().string() + '"');
  reply_file(out, path.string());
}

void comfyui_server::forget_when_told() {
  if (!context_.fault("comfy_forget"))
    return;
  std::lock_guard lock{mutex_};
  ++lives_;
  pending_.clear();
  history_.clear();
  if (running_)
    running_->stop.request_stop();
  running_.reset();
  events_.cut({});
}

void comfyui_server::listen(const httplib::Request& in,
                            httplib::Response& out) {
  if (auto status = context_.fault("comfy_no_socket"))
    return reply_page(out, static_cast<int>(number_or(*status, 404)));
  if (!is_socket_request(in))
    return reply_text(out, "400: no WebSocket asked for", 400);
  auto sid = in.get_param_value("clientId");
  if (sid.empty())
    sid = context_.random->uuid();
  auto socket = std::make_shared<event_socket>(in);
  {
    std::lock_guard lock{mutex_};
    events_.join(sid, socket, queue_remaining());
  }
  serve_listener(*socket, context_.stop, [&] {
    events_.leave(sid);
  });
  // No HTTP follows on this connection; the status is for the log.
  cut_connection(in);
  out.status = 101;
}

} // namespace render::local_cloud
