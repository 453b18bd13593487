// The running half of a Gradio app: queues with one call after another in each,
// and the real server's checks of the arguments.
#include "app/local_cloud/gradio_app.hpp"
#include "app/local_cloud/json_text.hpp"

#include <algorithm>

namespace render::local_cloud {

namespace {

std::string failed_json(const std::string& event_id,
                        const std::optional<std::string>& text) {
  auto error = text ? json_text(*text) : "null";
  return json_object{}
    .add("msg", "process_completed")
    .add("event_id", event_id)
    .raw("output", json_object{}.raw("error", error).str())
    .add("success", false)
    .add("title", "Error")
    .str();
}

} // namespace

void gradio_app::tell_ranks(size_t function) {
  auto& queue = queues_[function];
  for (size_t rank = 0; rank < queue.size(); ++rank)
    sessions_[queue[rank]->session].messages.push_back(
      {kind::estimation, json_object{}
                           .add("msg", "estimation")
                           .add("event_id", queue[rank]->id)
                           .add("rank", rank)
                           .add("queue_size", queue.size())
                           .raw("rank_eta", "null")
                           .str()});
  changed_.notify_all();
}

void gradio_app::start_what_can() {
  std::erase_if(runners_, [](const runner& x) {
    return x.finished;
  });
  if (context_.stop.stop_requested())
    return;
  for (size_t i = 0; i < queues_.size(); ++i) {
    if (running_[i] || queues_[i].empty())
      continue;
    auto job = queues_[i].front();
    queues_[i].pop_front();
    // Asked here and not in the job's thread: a later job could overtake a job
    // that is cancelled at once, and take its turn of the fault.
    job->slowness = context_.slowness(service_);
    running_[i] = job;
    sessions_[job->session].messages.push_back(
      {kind::starts, json_object{}
                       .add("msg", "process_starts")
                       .add("event_id", job->id)
                       .raw("eta", "null")
                       .str()});
    tell_ranks(i);
    auto& place = runners_.emplace_back();
    place.thread = std::jthread{[this, job, &place] {
      run(job);
      std::lock_guard lock{mutex_};
      place.finished = true;
    }};
  }
}

void gradio_app::run(const event_ptr& job) {
  context_.books->job_started(context_.node, service_);
  gradio_result<std::vector<std::string>> outputs;
  try {
    outputs = execute(*job);
  } catch (const std::exception&) {
    outputs = tl::unexpected{gradio_failure{}};
  }
  context_.books->job_ended(context_.node, service_, outputs.has_value());
  std::string json, data;
  if (outputs) {
    json_array list;
    for (auto& x : *outputs)
      list.raw(x);
    data = list.str();
    json = json_object{}
             .add("msg", "process_completed")
             .add("event_id", job->id)
             .raw("output", json_object{}
                              .raw("data", data)
                              .add("is_generating", false)
                              .add("duration", 0.1)
                              .add("average_duration", 0.1)
                              .raw("render_config", "null")
                              .raw("changed_state_ids", "[]")
                              .str())
             .add("success", true)
             .raw("title", "null")
             .str();
  } else {
    json = failed_json(job->id, outputs.error().text);
    if (context_.config->gradio.at_least(6, 13) && outputs.error().text)
      data = json_text(*outputs.error().text);
  }
  std::lock_guard lock{mutex_};
  // A cancelled job was answered already, and its place was given to another.
  if (!job->cancelled) {
    finish(job, json, data);
    running_[job->function].reset();
  }
  start_what_can();
}

void gradio_app::finish(const event_ptr& job, const std::string& json,
                        const std::string& data) {
  auto found = sessions_.find(job->session);
  if (found == sessions_.end())
    return;
  auto& session = found->second;
  session.messages.push_back({kind::completed, json, data});
  session.pending.erase(job->id);
  if (session.pending.empty())
    session.messages.push_back(
      {kind::close, R"({"msg":"close_stream","event_id":null})"});
  changed_.notify_all();
}

gradio_result<std::vector<std::string>> gradio_app::execute(event& job) {
  if (auto text = context_.fault("gradio_error"))
    return gradio_error(text->empty() ? "Generation failed: CUDA out of memory"
                                      : *text);
  if (context_.fault("gradio_null_error"))
    return tl::unexpected{gradio_failure{}};
  auto& endpoint = endpoints_[job.function];
  auto& data = job.body["data"];
  if (auto checked = check(endpoint, data); !checked)
    return tl::unexpected{checked.error()};
  auto dir = context_.dir / "cache" / job.id;
  std::filesystem::create_directories(dir);
  auto files = job.root + context_.config->gradio.prefix() + "/file=";
  auto file_data = [files](const std::filesystem::path& path) {
    return json_object{}
      .add("path", path.string())
      .add("url", files + path.string())
      .raw("size", "null")
      .add("orig_name", path.filename().string())
      .raw("mime_type", "null")
      .add("is_stream", false)
      .raw("meta", R"({"_type":"gradio.FileData"})")
      .str();
  };
  return endpoint.run({data, dir, job.slowness, context_.stop, file_data});
}

gradio_result<void> gradio_app::check(const gradio_endpoint& endpoint,
                                      const json::value& data) const {
  // Gradio raises a ValueError for too few inputs and does not send its text.
  if (!data.IsArray() || data.Size() < endpoint.parameters.size())
    return tl::unexpected{gradio_failure{}};
  auto& release = context_.config->gradio;
  for (size_t i = 0; i < endpoint.parameters.size(); ++i) {
    auto& parameter = endpoint.parameters[i];
    auto& x = data[static_cast<rapidjson::SizeType>(i)];
    if (parameter.component == "Audio" && !x.IsNull()) {
      auto path = json::string_or_empty(x, "path");
      auto* meta = json::find(x, "meta");
      bool marked
        = meta && json::string_or_empty(*meta, "_type") == "gradio.FileData";
      if (path.empty() || !in_cache(path)
          || (!marked && release.at_least(5, 33, 1)))
        return tl::unexpected{gradio_failure{}};
    }
    if (parameter.component == "Dropdown" && release.at_least(5, 0)
        && !x.IsNull()) {
      auto text = x.IsString() ? std::string{x.GetString()} : json::to_text(x);
      if (std::find(parameter.choices.begin(), parameter.choices.end(), text)
          == parameter.choices.end())
        return gradio_error("Value: " + text
                            + " is not in the list of choices");
    }
    if (parameter.component == "Slider" && release.at_least(5, 39)
        && x.IsNumber()) {
      auto value = x.GetDouble();
      if (value < parameter.minimum)
        return gradio_error(fmt::format(
          "Value {} is less than minimum value {}.", value, parameter.minimum));
      if (value > parameter.maximum)
        return gradio_error(
          fmt::format("Value {} is greater than maximum value {}.", value,
                      parameter.maximum));
    }
  }
  return {};
}

} // namespace render::local_cloud
