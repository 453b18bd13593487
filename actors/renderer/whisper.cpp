// Speech to text: fetch the sound, upload it, run the WhisperX app, keep its
// text.
#include "actors/renderer/gradio/client.hpp"
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/kinds.hpp"
#include "actors/renderer/service_answer.hpp"
#include "actors/renderer/steps.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>

namespace render {

namespace {

constexpr auto whisper_route = "/transcribe_audio";

std::vector<gradio::parameter> whisper_parameters() {
  return {{"audio_file", {}},
          {"model", R"("medium")"},
          {"task", R"("transcribe")"},
          {"language", R"("")"},
          {"device", R"("cuda")"},
          {"compute_type", R"("float16")"},
          {"batch_size", "16"},
          {"align_model", R"("")"},
          {"no_align", "false"},
          {"interpolate_method", R"("nearest")"},
          {"return_char_alignments", "false"},
          {"vad_method", R"("pyannote")"},
          {"vad_onset", "0.5"},
          {"vad_offset", "0.363"},
          {"chunk_size", "30"},
          {"diarize", "false"},
          {"min_speakers", R"("")"},
          {"max_speakers", R"("")"},
          {"temperature", "0"},
          {"best_of", "5"},
          {"beam_size", "5"},
          {"patience", "1.0"},
          {"length_penalty", "1.0"},
          {"suppress_tokens", R"("-1")"},
          {"suppress_numerals", "false"},
          {"condition_on_previous_text", "true"},
          {"initial_prompt", R"("")"},
          {"word_timestamps", "true"},
          {"highlight_words", "false"},
          {"max_line_width", R"("")"},
          {"max_line_count", R"("")"},
          {"segment_resolution", R"("sentence")"},
          {"repetition_penalty", "1.0"},
          {"compression_ratio_threshold", "2.4"},
          {"log_prob_threshold", "-1.0"},
          {"no_speech_threshold", "0.6"},
          {"hotwords", R"("")"}};
}

/// "en-US" and "EN" are both "en" to the service.
std::string service_language(const std::string& language) {
  return lower(language.substr(0, language.find_first_of("-_")));
}

/// Only such files are sent to a rented GPU.
bool may_hold_sound(const std::string& content_type) {
  return content_type.starts_with("audio/")
         || content_type.starts_with("video/");
}

/// The output's files: an array, or one file alone.
std::vector<const json::value*> files_of(const json::value& outputs) {
  std::vector<const json::value*> out;
  if (outputs.Size() < 2)
    return out;
  auto& files = outputs[1];
  if (files.IsArray())
    for (auto& x : files.GetArray())
      out.push_back(&x);
  else if (files.IsObject())
    out.push_back(&files);
  return out;
}

const json::value* text_file(const std::vector<const json::value*>& files) {
  for (auto* x : files)
    if (gradio::file_path(*x).ends_with(".txt"))
      return x;
  return nullptr;
}

/// The app reports failures in place of the transcript.
failure read_refusal(std::string text) {
  static constexpr std::string_view mark = "Error: ";
  if (text.starts_with(mark))
    text.erase(0, mark.size());
  auto kind = is_gpu_trouble(text) ? failure_kind::unavailable
                                   : failure_kind::rejected;
  return {kind, "whisper: "
                  + (text.empty() ? std::string{"the app gave no transcript, "
                                                "and does not say why"}
                                  : excerpt(text, 300))};
}

bool is_alignment_trouble(const std::string& text) {
  return lower(text).find("align") != std::string::npos;
}

class whisper_plan : public render_plan {
public:
  whisper_plan(const job& subject, whisper_params params,
               const render_environment& env)
    : id_(subject.id), result_(result_name(subject, ".txt")),
      params_(std::move(params)), env_(env),
      app_({"whisper", env.whisper_url, env.api_key}, whisper_route,
           whisper_parameters(), env.seed) {
    // The alignment model is the source language's, the text is English.
    no_align_ = params_.task == "translate";
  }

  step start() override {
    return fetch_inputs({{"audio_url", params_.audio_url, "audio",
                          "Failed to download audio from URL"}},
                        env_, [this](const std::vector<http_response>& got) {
                          return look(got[0].content_type());
                        });
  }

  std::vector<http_request> interrupt() override {
    return app_.interrupt();
  }

private:
  step look(const std::string& told_type) {
    return call_one(
      {}, -1, msg::identify_file{path("audio"), {}},
      [this, told_type](result<answer> got) {
        if (!got)
          return end_with(with_context("audio_url", got.error()));
        auto& seen = std::get<msg::file_identity>(*got);
        if (!may_hold_sound(seen.content_type))
          return end_with(
            failure{failure_kind::invalid_input,
                    "audio_url: " + redacted_url(params_.audio_url)
                      + " is no sound but " + seen.content_type});
        if (env_.inputs_only)
          return end_with(job_outcome{});
        // The service chooses its decoder by the extension.
        return send(
          id_ + choose_extension(params_.audio_url, told_type, seen.extension));
      });
  }

  step send(const std::string& name) {
    return app_.describe([this, name] {
      return app_.upload("audio_url", path("audio"), name,
                         [this](std::string file) {
                           file_ = std::move(file);
                           return run();
                         });
    });
  }

  step run() {
    auto language = service_language(params_.language);
    return app_.run(
      {{"audio_file", file_, true},
       {"model", json::quote(params_.model)},
       {"task", json::quote(params_.task), params_.task == "translate"},
       {"language", json::quote(language), !language.empty()},
       {"device", R"("cuda")"},
       {"compute_type", R"("float16")"},
       {"batch_size", "16"},
       {"no_align", no_align_ ? "true" : "false"},
       {"vad_method", R"("pyannote")"},
       {"word_timestamps", "true"},
       {"segment_resolution", R"("sentence")"}},
      [this](const json::value& outputs) {
        return judge(outputs);
      });
  }

  step judge(const json::value& outputs) {
    if (outputs.Empty() || !outputs[0].IsString())
      return end_with(failure{failure_kind::unavailable,
                              "whisper: no transcript in the outputs: "
                                + excerpt(json::to_text(outputs), 120)});
    std::string text{outputs[0].GetString(), outputs[0].GetStringLength()};
    auto files = files_of(outputs);
    if (!files.empty())
      return collect(std::move(text), text_file(files));
    if (no_align_ || !is_alignment_trouble(text))
      return end_with(read_refusal(std::move(text)));
    no_align_ = true;
    auto again = run();
    again.stage = "again without alignment";
    return again;
  }

  step collect(std::string text, const json::value* file) {
    // Silence makes an empty file, and some versions make none.
    if (!file || text.empty())
      return end_with_text(std::move(text));
    auto name = result_;
    return app_.collect("transcript", *file, path(name), env_.max_result_bytes,
                        [this, name, text = std::move(text)] {
                          return store_result(
                            {path(name), name, "text/plain; charset=utf-8", {}},
                            [text](const std::string&) {
                              return end_with_text(text);
                            });
                        });
  }

  static step end_with_text(std::string text) {
    job_outcome done;
    done.text = std::move(text);
    return end_with(std::move(done));
  }

  std::string path(const std::string& name) const {
    return work_file(env_, name);
  }

  std::string id_;
  std::string result_;
  whisper_params params_;
  render_environment env_;
  gradio::client app_;
  std::string file_;
  bool no_align_ = false;
};

} // namespace

std::unique_ptr<render_plan> make_whisper_plan(const job& subject,
                                               const whisper_params& params,
                                               const render_environment& env) {
  return std::make_unique<whisper_plan>(subject, params, env);
}

} // namespace render
