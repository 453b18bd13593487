#include "app/local_cloud/faults.hpp"

#include "app/local_cloud/json_text.hpp"
#include "app/local_cloud/options.hpp"

#include <algorithm>
#include <charconv>

namespace render::local_cloud {

namespace {

struct entry {
  std::string_view name;
  std::string_view does;
};

constexpr std::array catalogue{
  entry{"launch_refuse", "launch answers 503 with an HTML page"},
  entry{"launch_error",
        "launch refuses in JSON: no GPU; ARG: status, else 402"},
  entry{"launch_lost_answer", "launches, then cuts the connection; ARG html: "
                              "answers 502 HTML; ARG a status: answers that "
                              "status, like a server whose handler failed"},
  entry{"boot_forever", "the launched GPU never comes up"},
  entry{"die_after", "the GPU dies and leaves the list ARG seconds after its "
                     "launch (a running GPU: from now)"},
  entry{"die_listed_after", "the same, but the GPU stays listed as running"},
  entry{"list_lag", "a launched workload is listed only after ARG seconds"},
  entry{"list_html", "workloads answers 502 HTML"},
  entry{"stop_refuse", "stop answers 403 HTML"},
  entry{"slow", "SERVICE=TIME (csm=20s) delays a job of that service; ARG "
                "milliseconds, or a time, delay any answer"},
  entry{"garbage", "random bytes with status 200; ARG: only on paths that "
                   "contain it"},
  entry{"drop_stream", "an event stream is cut after process_starts"},
  entry{"gradio_error", "a Gradio job fails with a text (ARG)"},
  entry{"gradio_null_error", "a Gradio job fails without a text"},
  entry{"gradio_queue_full", "queue/join answers 503 Queue is full"},
  entry{"heartbeat_only", "an event stream carries heartbeats only"},
  entry{"lost_root", "a Gradio app's root and the URLs of its results lack its "
                     "path, as behind a proxy that rewrites it"},
  entry{"upload_413", "an upload is refused as too large"},
  entry{"comfy_node_errors", "a prompt is accepted, but not its video node"},
  entry{"comfy_execution_error", "a prompt fails while it runs; ARG: message"},
  entry{"comfy_forget", "ComfyUI restarts: queue and history are gone"},
  entry{"comfy_no_video", "a prompt succeeds without a video"},
  entry{"comfy_no_socket", "/ws answers 404, like a proxy without WebSockets; "
                           "ARG: status"},
  entry{"comfy_drop_socket", "a prompt's WebSocket is cut in the middle of its "
                             "sampling"},
  entry{"whisper_error_text", "a transcription succeeds with text Error: ARG "
                              "and no files"},
  entry{"ollama_midstream_error", "an error line in the middle of the answer"},
  entry{"ollama_busy", "503 server busy"},
  entry{"model_missing", "404 model not found"},
};

bool known(std::string_view name) {
  for (auto& x : catalogue)
    if (x.name == name)
      return true;
  return false;
}

result<void> check_slow(const std::string& argument) {
  bool fits = argument.find('=') == std::string::npos
                ? answer_delay(argument).count() > 0
                : std::any_of(services.begin(), services.end(), [&](auto x) {
                    return job_delay(argument, x).has_value();
                  });
  if (fits)
    return {};
  return fail(failure_kind::invalid_input,
              "the argument of slow must read like 250, 2s or csm=20s, not '"
                + argument + "'");
}

failure unknown_fault(std::string_view name) {
  std::string names;
  for (auto& x : catalogue)
    names += (names.empty() ? "" : ", ") + std::string{x.name};
  return {failure_kind::invalid_input,
          "no fault is named '" + std::string{name} + "'; there are: " + names};
}

result<void> check(const fault& x) {
  if (!known(x.name))
    return fail(unknown_fault(x.name));
  return x.name == "slow" ? check_slow(x.argument) : result<void>{};
}

} // namespace

result<fault> parse_fault(std::string_view text) {
  fault out;
  if (auto star = text.rfind('*'); star != std::string_view::npos) {
    auto digits = text.substr(star + 1);
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(),
                                  out.count);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()
        || out.count < 1)
      return fail(failure_kind::invalid_input,
                  "the count after * in fault '" + std::string{text}
                    + "' must be a number from 1 up");
    text = text.substr(0, star);
  }
  auto equals = std::min(text.find('='), text.size());
  out.name = text.substr(0, equals);
  if (equals < text.size())
    out.argument = text.substr(equals + 1);
  if (auto ok = check(out); !ok)
    return fail(ok.error());
  return out;
}

std::string fault_catalogue() {
  std::string out;
  for (auto& x : catalogue)
    out += fmt::format("  {:<23} {}\n", x.name, x.does);
  return out;
}

result<void> fault_board::arm(fault what) {
  if (auto ok = check(what); !ok)
    return ok;
  std::lock_guard lock{mutex_};
  armed_.push_back(std::move(what));
  return {};
}

void fault_board::clear() {
  std::lock_guard lock{mutex_};
  armed_.clear();
}

std::optional<std::string>
fault_board::take(std::string_view name, std::string_view node,
                  const std::function<bool(std::string_view)>& fits) {
  std::lock_guard lock{mutex_};
  for (auto i = armed_.begin(); i != armed_.end(); ++i) {
    bool aimed = i->node.empty() || i->node == node;
    if (i->name != name || !aimed || (fits && !fits(i->argument)))
      continue;
    auto argument = i->argument;
    if (i->count > 0 && --i->count == 0)
      armed_.erase(i);
    return argument;
  }
  return std::nullopt;
}

std::string fault_board::to_json() const {
  std::lock_guard lock{mutex_};
  json_array list;
  for (auto& x : armed_)
    list.raw(json_object{}
               .add("fault", x.name)
               .add("arg", x.argument)
               .add("count", x.count)
               .add("node", x.node)
               .str());
  return list.str();
}

millis answer_delay(std::string_view argument) {
  auto digits = argument.find_first_not_of("0123456789") == argument.npos;
  auto span = parse_span(std::string{argument} + (digits ? "ms" : ""));
  return span.value_or(millis{0});
}

std::optional<millis> job_delay(std::string_view argument,
                                std::string_view service) {
  if (!argument.starts_with(std::string{service} + '='))
    return std::nullopt;
  auto span = parse_span(std::string{argument.substr(service.size() + 1)});
  return span ? std::optional{*span} : std::nullopt;
}

double number_or(std::string_view argument, double otherwise) {
  double x = 0;
  auto parsed = std::from_chars(argument.data(),
                                argument.data() + argument.size(), x);
  return parsed.ec == std::errc{} ? x : otherwise;
}

} // namespace render::local_cloud
