#include "app/ctl/submit_options.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace render::ctl {

namespace {

void add_common(CLI::App& cmd, submit_options& opts) {
  cmd.add_option("--notify-url", opts.notify_url,
                 "URL of the webhook that tells the job's end");
  cmd.add_option("--max-time", opts.max_time_s, "Limit of processing, seconds")
    ->capture_default_str();
  cmd
    .add_option("--complete-by", opts.complete_by,
                "Deadline: +SECONDS from now, or Unix seconds")
    ->capture_default_str();
  cmd.add_option("--id", opts.id, "Job id; a new UUID when not given");
  cmd.add_flag("--wait", opts.wait, "Show progress until the job has ended");
  cmd.add_option("--output", opts.output_file,
                 "With --wait: save the result here");
  cmd
    .add_option("--serve-address", opts.serve_address,
                "With --wait: address of this machine on which local input "
                "files are served")
    ->capture_default_str();
  cmd.add_option("--traceparent", opts.traceparent,
                 "Span that the job's first attempt belongs to (W3C Trace "
                 "Context); $TRACEPARENT when not given");
}

void add_kind(CLI::App& cmd, job_kind kind, submit_options& opts) {
  switch (kind) {
  case job_kind::csm:
    cmd.add_option("--text", opts.text, "Text to speak");
    cmd.add_option("--monologue", opts.monologue,
                   "One sentence; repeat for more, instead of --text");
    cmd.add_option("--voice", opts.voice,
                   "random, conversational_a, conversational_b or clone");
    cmd.add_option("--reference-audio", opts.reference_audio,
                   "With --voice clone: URL or file of the recording");
    cmd.add_option("--reference-text", opts.reference_text,
                   "With --voice clone: the words of the recording");
    cmd.add_option("--temperature", opts.temperature, "0 to 2 (0.9)");
    cmd.add_option("--topk", opts.topk, "1 to 100 (50)");
    cmd.add_option("--max-audio-length", opts.max_audio_length,
                   "Longest sentence, 1000 to 30000 ms (10000)");
    cmd.add_option("--pause-duration", opts.pause_duration,
                   "Pause between sentences, 0 to 500 ms (150)");
    return;
  case job_kind::whisper:
    cmd.add_option("--audio", opts.audio, "URL or file")->required();
    cmd.add_option("--model", opts.model, "tiny … large-v3 (medium)");
    cmd.add_option("--task", opts.task, "transcribe or translate");
    cmd.add_option("--language", opts.language, "ISO code; default: detect it");
    return;
  case job_kind::portrait:
    cmd.add_option("--image", opts.image, "URL or file")->required();
    cmd.add_option("--audio", opts.audio, "URL or file")->required();
    return;
  case job_kind::analyze:
    cmd.add_option("--image", opts.image, "URL or file")->required();
    cmd.add_option("--prompt", opts.prompt, "Question about the picture");
    return;
  }
}

} // namespace

void add_submit_options(CLI::App& cmd, job_kind kind, submit_options& opts) {
  add_kind(cmd, kind, opts);
  add_common(cmd, opts);
}

std::string submit_description(job_kind kind) {
  switch (kind) {
  case job_kind::csm:
    return "Speak a text";
  case job_kind::whisper:
    return "Transcribe speech";
  case job_kind::portrait:
    return "Make a picture speak";
  case job_kind::analyze:
    return "Describe a picture";
  }
  return {};
}

std::string submit_example(job_kind kind) {
  switch (kind) {
  case job_kind::csm:
    return "  c3ctl submit csm --text \"Hello there\" --wait --output "
           "hello.mp3\n"
           "  c3ctl submit csm --monologue \"One.\" --monologue \"Two.\" "
           "--pause-duration 300\n"
           "  c3ctl submit csm --text Hi --voice clone --reference-audio "
           "me.mp3 "
           "\\\n    --reference-text \"What I say there\" --wait";
  case job_kind::whisper:
    return "  c3ctl submit whisper --audio talk.mp3 --wait\n"
           "  c3ctl submit whisper --audio https://example.com/talk.mp3 "
           "--task translate";
  case job_kind::portrait:
    return "  c3ctl submit portrait --image me.png --audio hello.mp3 --wait "
           "--output me.mp4";
  case job_kind::analyze:
    return "  c3ctl submit analyze --image me.png --prompt \"How many "
           "people?\" "
           "--wait";
  }
  return {};
}

std::string in_options(const std::string& failure_text) {
  // Fields whose option is more than their name with hyphens.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> others{
    {{"audio_url", "--audio"},
     {"image_url", "--image"},
     {"reference_audio_url", "--reference-audio"}}};
  constexpr std::array<std::string_view, 14> fields{"text",
                                                    "monologue",
                                                    "voice",
                                                    "reference_text",
                                                    "temperature",
                                                    "topk",
                                                    "max_audio_length",
                                                    "pause_duration",
                                                    "model",
                                                    "task",
                                                    "language",
                                                    "prompt",
                                                    "notify_url",
                                                    "max_time"};
  auto end = failure_text.find_first_of(": ");
  if (end == std::string::npos)
    return failure_text;
  auto field = failure_text.substr(0, end);
  for (auto& [name, option] : others)
    if (field == name)
      return std::string{option} + failure_text.substr(end);
  if (std::find(fields.begin(), fields.end(), field) == fields.end())
    return failure_text;
  std::replace(field.begin(), field.end(), '_', '-');
  return "--" + field + failure_text.substr(end);
}

} // namespace render::ctl
