// The running half of the ComfyUI server: one prompt after another; ffmpeg
// makes the video. Like the real video node it makes an odd size even by
// repeating the last row or column.
#include "app/local_cloud/comfyui_server.hpp"
#include "app/local_cloud/json_text.hpp"
#include "app/local_cloud/samples.hpp"
#include "app/local_cloud/stand_in.hpp"
#include "app/local_cloud/talking_picture.hpp"

#include <cmath>
#include <fstream>

namespace render::local_cloud {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes video_limit{30};

/// Pixels around the picture for its swaying.
constexpr int margin = 16;

/// A path as the value of an option in a filter graph: both are quoted.
std::string in_filter(const std::string& path) {
  auto quoted = [](const std::string& text, std::string_view special) {
    std::string out;
    for (auto c : text) {
      if (special.find(c) != std::string_view::npos)
        out += '\\';
      out += c;
    }
    return out;
  };
  return quoted(quoted(path, "\\':"), "\\'[],;");
}

/// Inputs 0 to 2 are the face, the mouths and the caption.
std::string filter_for(const video_plan& plan, const talking_picture& picture,
                       const std::string& commands) {
  // One frame each, kept in memory: decoding them for each frame would cost
  // more than all other work.
  auto still = [](int input) {
    return fmt::format("[{}:v]format=yuva444p,loop=loop=-1:size=1:start=0,"
                       "setpts=N",
                       input);
  };
  auto& mouth = picture.mouth;
  auto filter = fmt::format(
    "{0}[face];{1},sendcmd=f={2},crop@mouth={3}:{4}:0:0[mouth];"
    "[face][mouth]overlay={5}:{6}:format=yuv444,"
    "crop=iw-{7}:ih-{7}:x='{8}+{9}*sin(t*1.7)':y='{8}+{9}*sin(t*1.1)'[moved];"
    "{10}[caption];[moved][caption]overlay={11}:{12}:format=yuv444,"
    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
    still(0), still(1), in_filter(commands), mouth.width, mouth.height, mouth.x,
    mouth.y, margin, margin / 2, margin / 2 - 1, still(2),
    picture.caption_box.x, picture.caption_box.y);
  if (plan.width % 2 || plan.height % 2)
    filter += fmt::format(",fillborders=right={}:bottom={}:mode=smear",
                          plan.width % 2, plan.height % 2);
  return filter;
}

/// Splits the folder part off a prefix such as "a/b".
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
      tell_queue();
    }
    std::stop_callback chain{node_ended, [x] {
                               x->stop.request_stop();
                             }};
    context_.books->job_started(context_.node, "comfyui");
    prompt_events events{events_, x->id, x->client_id};
    json_object outputs;
    events.begin();
    auto failed = run(*x, events, outputs);
    context_.books->job_ended(context_.node, "comfyui", !failed);
    std::lock_guard lock{mutex_};
    // A job from before a restart is forgotten.
    if (life != lives_)
      continue;
    tell_end(*x, events, failed);
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
                          .raw("messages", events.messages())
                          .str())
         .str()});
    tell_queue();
    events.leave();
  }
}

void comfyui_server::tell_end(const job& x, prompt_events& events,
                              const std::optional<failure>& failed) {
  if (!failed)
    return events.end("execution_success", {});
  json_object what;
  what.add("node_id", events.node())
    .add("node_type", class_of(*json::find(x.body, "prompt"), events.node()))
    .raw("executed", events.executed());
  if (x.interrupted)
    return events.end("execution_interrupted", what);
  events.end("execution_error",
             what.add("exception_message", failed->message + "\n")
               .add("exception_type", "RuntimeError")
               .raw("traceback", R"(["  File \"execution.py\", line 496\n"])")
               .raw("current_inputs", "{}")
               .raw("current_outputs", "[]"));
}

std::optional<failure> comfyui_server::run(job& x, prompt_events& events,
                                           json_object& outputs) {
  for (auto& node : x.outputs) {
    try {
      auto made = run_output(x, events, node);
      if (!made)
        return made.error();
      outputs.raw(node, *made);
    } catch (const std::exception& error) {
      return failure{failure_kind::internal, error.what()};
    }
  }
  return std::nullopt;
}

result<std::string> comfyui_server::run_output(job& x, prompt_events& events,
                                               const std::string& node) {
  auto& prompt = *json::find(x.body, "prompt");
  std::optional<video_order> video;
  if (class_of(prompt, node) == "VHS_VideoCombine") {
    auto ordered = order_video(x, node);
    if (!ordered) {
      events.node_begins(node);
      return fail(ordered.error());
    }
    video = std::move(*ordered);
  }
  bool sampled = false;
  for (auto& id : nodes_above(prompt, node)) {
    if (events.has_run(id))
      continue;
    events.node_begins(id);
    if (auto steps = video ? sampler_steps(prompt, id) : 0; steps > 0) {
      if (auto done = sample(x, events, video->seconds, steps); !done)
        return fail(done.error());
      sampled = true;
    }
    events.node_ends();
  }
  events.node_begins(node);
  if (video && !sampled)
    if (auto done = sample(x, events, video->seconds, 1); !done)
      return fail(done.error());
  auto made = video ? make_video(x, *video) : make_preview(x, node);
  if (!made)
    return made;
  if (*made != "{}")
    events.node_shows(*made);
  events.node_ends();
  return made;
}

// Spends the whole render time of the prompt: no other node is slow here.
result<void> comfyui_server::sample(job& x, prompt_events& events,
                                    double seconds, int steps) {
  if (auto text = context_.fault("comfy_execution_error"))
    return fail(failure_kind::rejected,
                text->empty() ? "Allocation on device" : *text);
  auto span = context_.job_time("comfyui", seconds,
                                context_.slowness("comfyui"));
  for (int step = 1; step <= steps; ++step) {
    if (!wait_unless_stopped(span * step / steps - span * (step - 1) / steps,
                             x.stop.get_token()))
      return fail(failure_kind::unavailable, "stopped");
    events.node_steps(step, steps);
    if (2 * step >= steps && context_.fault("comfy_drop_socket"))
      events_.cut(x.client_id);
  }
  return {};
}

result<std::string> comfyui_server::make_preview(job& x,
                                                 const std::string& node) {
  auto source = input_file(image_above(*json::find(x.body, "prompt"), node));
  auto name = fmt::format("ComfyUI_temp_{:05x}_00001_.png",
                          context_.random->next() & 0xfffff);
  auto done
    = run_checked({"ffmpeg", "-v", "error", "-y", "-i", source.string(),
                   "-frames:v", "1", (context_.dir / "temp" / name).string()},
                  video_limit, x.stop.get_token());
  if (!done)
    return fail(done.error());
  auto item = json_object{}
                .add("filename", name)
                .add("subfolder", "")
                .add("type", "temp")
                .str();
  return json_object{}.raw("images", json_array{}.raw(item).str()).str();
}

result<comfyui_server::video_order>
comfyui_server::order_video(job& x, const std::string& node) {
  auto plan = plan_video(*json::find(x.body, "prompt"), node);
  if (!plan)
    return fail(plan.error());
  video_order out{*plan, {}, plan->duration};
  if (plan->audio.empty())
    return out;
  out.audio = input_file(plan->audio).string();
  if (!plan->trim_to_audio)
    return out;
  auto length = media_seconds(out.audio, x.stop.get_token());
  if (!length)
    return fail(length.error());
  out.seconds = std::min(out.seconds, *length);
  return out;
}

result<void> comfyui_server::animate(job& x, const video_order& video,
                                     const std::string& target) {
  auto stop = x.stop.get_token();
  auto& plan = video.plan;
  auto folder = context_.dir / "temp" / ("talking-" + x.id);
  fs::create_directories(folder);
  struct remover {
    const fs::path& folder;
    ~remover() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  } at_end{folder};

  // ffmpeg reads more kinds of pictures than OpenCV.
  auto picture = (folder / "picture.png").string();
  auto decoded = run_checked({"ffmpeg", "-v", "error", "-y", "-i",
                              input_file(plan.image).string(), "-frames:v", "1",
                              "-pix_fmt", "rgb24", picture},
                             video_limit, stop);
  if (!decoded)
    return fail(decoded.error());
  auto drawn = draw_talking_picture(picture, plan.width, plan.height, margin,
                                    folder);
  if (!drawn)
    return fail(drawn.error());
  std::vector<int16_t> sound;
  if (!video.audio.empty()) {
    auto heard = read_samples(video.audio, video.seconds, folder, stop);
    if (!heard)
      return fail(heard.error());
    sound = std::move(*heard);
  }
  auto frames = static_cast<size_t>(std::ceil(video.seconds * plan.fps));
  auto commands = (folder / "mouth.txt").string();
  std::ofstream{commands} << mouth_commands(
    mouth_openings(sound, plan.fps, frames), plan.fps, drawn->mouth.height,
    "crop@mouth");

  std::vector<std::string> argv{"ffmpeg", "-v", "error", "-y"};
  for (auto& still : {drawn->face, drawn->mouths, drawn->caption})
    argv.insert(argv.end(), {"-framerate", fmt::format("{}", plan.fps), "-i",
                             still.string()});
  argv.insert(argv.end(),
              {"-filter_complex", filter_for(plan, *drawn, commands), "-t",
               fmt::format("{:.3f}", video.seconds), "-r",
               fmt::format("{}", plan.fps), "-c:v", "libx264", "-preset",
               "ultrafast", "-pix_fmt", "yuv420p", "-crf",
               std::to_string(plan.crf), "-metadata",
               fmt::format("comment={}", stand_in_words), target});
  if (auto encoded = run_checked(argv, video_limit, stop); !encoded)
    return fail(encoded.error());
  return {};
}

result<std::string> comfyui_server::make_video(job& x,
                                               const video_order& video) {
  if (context_.fault("comfy_no_video"))
    return std::string{"{}"};
  auto stop = x.stop.get_token();
  auto& audio = video.audio;
  auto type = video.plan.save_output ? "output" : "temp";
  auto [subfolder, prefix] = split_prefix(video.plan.prefix);
  auto folder = context_.dir / type / subfolder;
  fs::create_directories(folder);
  int counter = 1;
  while (fs::exists(folder / fmt::format("{}_{:05}.png", prefix, counter)))
    ++counter;
  auto stem = (folder / fmt::format("{}_{:05}", prefix, counter)).string();
  auto silent = stem + ".mp4";

  auto length = fmt::format("{:.3f}", video.seconds);
  if (auto encoded = animate(x, video, silent); !encoded)
    return fail(encoded.error());
  auto first = run_checked({"ffmpeg", "-v", "error", "-y", "-i", silent,
                            "-frames:v", "1", stem + ".png"},
                           video_limit, stop);
  if (!first)
    return fail(first.error());
  auto result_file = silent;
  if (!audio.empty()) {
    result_file = stem + "-audio.mp4";
    auto mixed = run_checked(
      {"ffmpeg", "-v",   "error", "-y",   "-i",  silent, "-i",
       audio,    "-map", "0:v",   "-map", "1:a", "-c:v", "copy",
       "-c:a",   "aac",  "-af",   "apad", "-t",  length, result_file},
      video_limit, stop);
    if (!mixed)
      return fail(mixed.error());
  }
  auto name = [](const std::string& path) {
    return fs::path{path}.filename().string();
  };
  auto item = json_object{}
                .add("filename", name(result_file))
                .add("subfolder", subfolder)
                .add("type", type)
                .add("format", "video/h264-mp4")
                .add("frame_rate", video.plan.fps)
                .add("workflow", name(stem + ".png"))
                .add("fullpath", result_file)
                .str();
  return json_object{}.raw("gifs", json_array{}.raw(item).str()).str();
}

} // namespace render::local_cloud
