#include "actors/renderer/gradio/run_reader.hpp"

#include "actors/renderer/service_answer.hpp"
#include "messages/http.hpp"

#include <algorithm>
#include <utility>

namespace render::gradio {

namespace {

// About two minutes of heartbeats without a place in the queue mean that the
// server has lost the session (Gradio 5.23.0 did so behind some proxies).
constexpr uint32_t heartbeats_max = 8;

// Guards against nonsense: no queue is longer.
constexpr int64_t ranks_max = 1'000'000;

const json::value& unwrapped(const json::value& x) {
  auto* value = json::find(x, "value");
  return value && json::string_or_empty(x, "__type__") == "update" ? *value : x;
}

} // namespace

void run_reader::add(std::string_view bytes) {
  parser_.add(bytes, [this](std::string_view data) {
    if (!ended_)
      read(data);
  });
  if (parser_.overflowed() && !ended_)
    fail_with(failure_kind::unavailable, "an event is larger than any result");
}

std::string run_reader::take_stage() {
  return std::exchange(stage_, {});
}

void run_reader::read(std::string_view data) {
  auto doc = json::parse(data);
  if (!doc || !doc->IsObject())
    return fail_with(failure_kind::unavailable,
                     "an event that is not JSON: " + excerpt(data, 120));
  auto msg = json::string_or_empty(*doc, "msg");
  if (msg == "heartbeat")
    return read_heartbeat();
  if (msg == "unexpected_error" || msg == "server_stopped")
    return fail_with(failure_kind::unavailable,
                     msg + ": "
                       + excerpt(json::string_or_empty(*doc, "message")));
  if (msg == "close_stream")
    return fail_with(failure_kind::unavailable,
                     "the app closed the stream before the run had ended");
  if (!is_ours(*doc))
    return;
  alive_ = true;
  if (msg == "estimation") {
    if (auto rank = json::integer(*doc, "rank"); rank && !started_)
      stage_ = "queued, position "
               + std::to_string(std::clamp<int64_t>(*rank, 0, ranks_max) + 1);
  } else if (msg == "process_starts") {
    started_ = true;
    stage_ = "render";
  } else if (msg == "progress") {
    read_progress(*doc);
  } else if (msg == "process_completed") {
    read_completed(*doc);
  }
}

bool run_reader::is_ours(const json::value& x) {
  auto event = json::string_or_empty(x, "event_id");
  if (event_.empty())
    event_ = event;
  return event.empty() || event == event_;
}

void run_reader::read_heartbeat() {
  // A run that is queued or running is limited by the job's own times only.
  if (!alive_ && ++heartbeats_ >= heartbeats_max)
    fail_with(failure_kind::unavailable,
              "the app sends heartbeats, but no word of the run");
}

void run_reader::read_progress(const json::value& x) {
  auto* list = json::find(x, "progress_data");
  if (!list || !list->IsArray() || list->Empty())
    return;
  auto& last = (*list)[list->Size() - 1];
  auto part = json::number(last, "progress");
  auto length = json::number(last, "length").value_or(0);
  if (!part && length > 0)
    part = json::number(last, "index").value_or(0) / length;
  if (part)
    progress_ = std::clamp(*part, 0.0, 1.0);
}

void run_reader::read_completed(json::document& x) {
  auto* output = json::find(x, "output");
  if (json::boolean(x, "success").value_or(false)) {
    auto* data = output ? json::find(*output, "data") : nullptr;
    if (data && data->IsArray())
      return read_outputs(x);
    return fail_with(failure_kind::unavailable,
                     "the run was cancelled on the node");
  }
  auto* error = output ? json::find(*output, "error") : nullptr;
  if (!error || error->IsNull())
    return fail_with(failure_kind::rejected,
                     "the run failed, and the app does not say why (an "
                     "exception inside it)");
  auto text = error->IsString() ? std::string{error->GetString()}
                                : json::to_text(*error);
  fail_with(is_gpu_trouble(text) ? failure_kind::unavailable
                                 : failure_kind::rejected,
            text.empty() ? "the run failed with an empty error text"
                         : excerpt(text, 300));
}

void run_reader::read_outputs(json::document& x) {
  ended_ = true;
  outputs_.SetArray();
  for (auto& one : x["output"]["data"].GetArray())
    outputs_.PushBack(json::value{unwrapped(one), outputs_.GetAllocator()},
                      outputs_.GetAllocator());
}

void run_reader::fail_with(failure_kind kind, const std::string& text) {
  ended_ = true;
  error_ = {kind, who_ + ": " + text};
}

} // namespace render::gradio
