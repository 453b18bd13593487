// The running half of the ComfyUI server: one prompt after another, its video
// made by ffmpeg. As the real video node does, an odd size is made even by
// repeating the last row or column.
#include "app/local_cloud/comfyui_server.hpp"
#include "app/local_cloud/json_text.hpp"

namespace render::local_cloud {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes tool_limit{30};

/// Room around the picture in which it sways, in pixels.
constexpr int margin = 16;

std::string filter_for(const video_plan& plan) {
  auto side = [](int size, const char* own) {
    return size > 0 ? std::to_string(size) : std::string{own};
  };
  // Held in memory once scaled: decoding the image for each frame would cost
  // more than everything else.
  auto filter = fmt::format(
    "scale={0}+{2}:{1}+{2},format=yuv444p,loop=loop=-1:size=1:start=0,"
    "setpts=N/({3}*TB),crop=iw-{2}:ih-{2}:x='{4}+{5}*sin(t*1.7)':"
    "y='{4}+{5}*sin(t*1.1)'",
    side(plan.width, "iw"), side(plan.height, "ih"), margin, plan.fps,
    margin / 2, margin / 2 - 1);
  filter += ",pad=ceil(iw/2)*2:ceil(ih/2)*2";
  if (plan.width % 2 || plan.height % 2)
    filter += fmt::format(",fillborders=right={}:bottom={}:mode=smear",
                          plan.width % 2, plan.height % 2);
  return filter;
}

std::string timed_message(const char* name, json_object data,
                          double at = unix_now()) {
  data.add("timestamp", static_cast<int64_t>(at * 1000));
  return json_array{}.add(name).raw(data.str()).str();
}

/// Moves the folder part of a prefix such as "a/b" apart.
std::pair<std::string, std::string> split_prefix(const std::string& prefix) {
  auto safe = fs::path{prefix}.lexically_normal().relative_path();
  if (!safe.empty() && *safe.begin() == "..")
    safe = safe.filename();
  return {safe.parent_path().string(), safe.filename().string()};
}

} // namespace

void comfyui_server::work() {
  auto node_ended = context_.stop;
  for (;;) {
    job_ptr x;
    int life = 0;
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, node_ended,
                         [&] {
                           return !pending_.empty();
                         })
          || node_ended.stop_requested())
        return;
      x = running_ = pending_.front();
      pending_.pop_front();
      life = lives_;
    }
    std::stop_callback chain{node_ended, [x] {
                               x->stop.request_stop();
                             }};
    context_.books->job_started(context_.node, "comfyui");
    auto started = unix_now();
    json_object outputs;
    std::optional<failed_node> failed;
    for (auto& node : x->outputs) {
      auto made = run_output(*x, node);
      if (!made) {
        failed = made.error();
        break;
      }
      outputs.raw(node, *made);
    }
    std::lock_guard lock{mutex_};
    json_array messages;
    messages.raw(timed_message("execution_start",
                               json_object{}.add("prompt_id", x->id), started));
    if (failed) {
      json_object what;
      what.add("prompt_id", x->id)
        .add("node_id", failed->node)
        .add("node_type",
             class_of(*json::find(x->body, "prompt"), failed->node))
        .raw("executed", "[]");
      if (!x->interrupted)
        what.add("exception_message", failed->message + "\n")
          .add("exception_type", "RuntimeError")
          .raw("traceback", R"(["  File \"execution.py\", line 496\n"])")
          .raw("current_inputs", "{}")
          .raw("current_outputs", "[]");
      messages.raw(timed_message(
        x->interrupted ? "execution_interrupted" : "execution_error", what));
    } else {
      messages.raw(timed_message("execution_success",
                                 json_object{}.add("prompt_id", x->id)));
    }
    context_.books->job_ended(context_.node, "comfyui", !failed);
    if (life != lives_)
      continue;
    running_.reset();
    history_.push_back(
      {x->id,
       json_object{}
         .raw("prompt", queue_item(x->number, x->id, x->body, x->outputs))
         .raw("outputs", outputs.str())
         .raw("meta", "{}")
         .raw("status", json_object{}
                          .add("status_str", failed ? "error" : "success")
                          .add("completed", !failed)
                          .raw("messages", messages.str())
                          .str())
         .str()});
  }
}

tl::expected<std::string, comfyui_server::failed_node>
comfyui_server::run_output(job& x, const std::string& node) {
  bool video = class_of(*json::find(x.body, "prompt"), node)
               == "VHS_VideoCombine";
  if (video)
    if (auto text = context_.fault("comfy_execution_error"))
      return tl::unexpected{
        failed_node{node, text->empty() ? "Allocation on device" : *text}};
  if (video && context_.fault("comfy_no_video"))
    return std::string{"{}"};
  try {
    auto made = video ? make_video(x, node) : make_preview(x, node);
    if (!made)
      return tl::unexpected{failed_node{node, made.error().message}};
    return *made;
  } catch (const std::exception& error) {
    return tl::unexpected{failed_node{node, error.what()}};
  }
}

result<std::string> comfyui_server::make_preview(job& x,
                                                 const std::string& node) {
  auto source = input_file(image_above(*json::find(x.body, "prompt"), node));
  auto name = fmt::format("ComfyUI_temp_{:05x}_00001_.png",
                          context_.random->next() & 0xfffff);
  auto done
    = run_checked({"ffmpeg", "-v", "error", "-y", "-i", source.string(),
                   "-frames:v", "1", (context_.dir / "temp" / name).string()},
                  tool_limit, x.stop.get_token());
  if (!done)
    return fail(done.error());
  auto item = json_object{}
                .add("filename", name)
                .add("subfolder", "")
                .add("type", "temp")
                .str();
  return json_object{}.raw("images", json_array{}.raw(item).str()).str();
}

result<std::string> comfyui_server::make_video(job& x,
                                               const std::string& node) {
  auto plan = plan_video(*json::find(x.body, "prompt"), node);
  if (!plan)
    return fail(plan.error());
  auto stop = x.stop.get_token();
  double seconds = plan->duration;
  auto audio = plan->audio.empty() ? "" : input_file(plan->audio).string();
  if (!audio.empty() && plan->trim_to_audio) {
    auto length = media_seconds(audio, stop);
    if (!length)
      return fail(length.error());
    seconds = std::min(seconds, *length);
  }
  auto type = plan->save_output ? "output" : "temp";
  auto [subfolder, prefix] = split_prefix(plan->prefix);
  auto folder = context_.dir / type / subfolder;
  fs::create_directories(folder);
  int counter = 1;
  while (fs::exists(folder / fmt::format("{}_{:05}.png", prefix, counter)))
    ++counter;
  auto stem = (folder / fmt::format("{}_{:05}", prefix, counter)).string();
  auto silent = stem + ".mp4";

  auto length = fmt::format("{:.3f}", seconds);
  auto encoded = run_checked({"ffmpeg",   "-v",
                              "error",    "-y",
                              "-i",       input_file(plan->image).string(),
                              "-vf",      filter_for(*plan),
                              "-t",       length,
                              "-r",       fmt::format("{}", plan->fps),
                              "-c:v",     "libx264",
                              "-preset",  "ultrafast",
                              "-pix_fmt", "yuv420p",
                              "-crf",     std::to_string(plan->crf),
                              silent},
                             tool_limit, stop);
  if (!encoded)
    return fail(encoded.error());
  auto first = run_checked({"ffmpeg", "-v", "error", "-y", "-i", silent,
                            "-frames:v", "1", stem + ".png"},
                           tool_limit, stop);
  if (!first)
    return fail(first.error());
  auto result_file = silent;
  if (!audio.empty()) {
    result_file = stem + "-audio.mp4";
    auto mixed = run_checked(
      {"ffmpeg", "-v",   "error", "-y",   "-i",  silent, "-i",
       audio,    "-map", "0:v",   "-map", "1:a", "-c:v", "copy",
       "-c:a",   "aac",  "-af",   "apad", "-t",  length, result_file},
      tool_limit, stop);
    if (!mixed)
      return fail(mixed.error());
  }
  if (!context_.pace("comfyui", seconds, stop))
    return fail(failure_kind::unavailable, "stopped");
  auto name = [](const std::string& path) {
    return fs::path{path}.filename().string();
  };
  auto item = json_object{}
                .add("filename", name(result_file))
                .add("subfolder", subfolder)
                .add("type", type)
                .add("format", "video/h264-mp4")
                .add("frame_rate", plan->fps)
                .add("workflow", name(stem + ".png"))
                .add("fullpath", result_file)
                .str();
  return json_object{}.raw("gifs", json_array{}.raw(item).str()).str();
}

} // namespace render::local_cloud
