#include "app/local_cloud/whisper_app.hpp"

#include "app/local_cloud/json_text.hpp"
#include "app/local_cloud/stand_in.hpp"

#include <array>
#include <cmath>
#include <fstream>
#include <sstream>

namespace render::local_cloud {

namespace {

constexpr std::chrono::minutes transcript_limit{20};

// The positions of the arguments that the function uses.
enum argument : rapidjson::SizeType {
  audio_file,
  model,
  task,
  language,
  device,
  compute_type,
  batch_size,
  align_model,
  no_align,
  diarize = 15,
};

// Languages that whisperx has an alignment model for.
constexpr std::array aligned{
  "en", "fr", "de", "es", "it", "ja", "zh", "nl", "uk", "pt", "ar", "cs", "ru",
  "pl", "hu", "fi", "fa", "el", "tr", "da", "he", "vi", "ko", "ur", "te", "hi",
  "ca", "ml", "no", "nn", "sk", "sl", "hr", "ro", "eu", "gl", "ka", "lv", "tl"};

// Languages that only the transcription model knows.
constexpr std::array unaligned{
  "af", "am", "as", "az",  "ba", "be", "bg", "bn", "bo", "br", "bs", "cy", "et",
  "fo", "gu", "ha", "haw", "ht", "hy", "id", "is", "jw", "kk", "km", "kn", "la",
  "lb", "ln", "lo", "lt",  "mg", "mi", "mk", "mn", "mr", "ms", "mt", "my", "ne",
  "oc", "pa", "ps", "sa",  "sd", "si", "sn", "so", "sq", "sr", "su", "sv", "sw",
  "ta", "tg", "th", "tk",  "tt", "uz", "yi", "yo", "yue"};

template <class List>
bool contains(const List& list, std::string_view x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

std::string clock_text(double seconds, char point) {
  auto ms = std::llround(seconds * 1000);
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3'600'000,
                     ms / 60'000 % 60, ms / 1000 % 60, point, ms % 1000);
}

std::string as_json(const std::vector<segment>& segments, bool with_words,
                    const std::string& spoken) {
  json_array list, all_words;
  for (auto& x : segments) {
    json_object out;
    out.add("start", x.start).add("end", x.end).add("text", x.text);
    json_array words;
    for (auto& w : x.words) {
      auto text = json_object{}
                    .add("word", w.text)
                    .add("start", w.start)
                    .add("end", w.end)
                    .add("score", w.score)
                    .str();
      words.raw(text);
      all_words.raw(text);
    }
    if (with_words)
      out.raw("words", words.str());
    list.raw(out.str());
  }
  json_object out;
  out.raw("segments", list.str());
  if (with_words)
    out.raw("word_segments", all_words.str());
  else
    out.add("language", spoken);
  return out.str();
}

std::string as_text(const std::vector<segment>& segments) {
  std::string out;
  for (auto& x : segments)
    out += x.text + "\n";
  return out.empty() ? out : out + stand_in_listener;
}

std::string as_srt(const std::vector<segment>& segments) {
  std::string out;
  for (size_t i = 0; i < segments.size(); ++i)
    out += fmt::format("{}\n{} --> {}\n{}\n\n", i + 1,
                       clock_text(segments[i].start, ','),
                       clock_text(segments[i].end, ','), segments[i].text);
  return out;
}

std::string as_vtt(const std::vector<segment>& segments) {
  std::string out = "WEBVTT\n\n";
  for (auto& x : segments)
    out += fmt::format("{} --> {}\n{}\n\n", clock_text(x.start, '.'),
                       clock_text(x.end, '.'), x.text);
  return out;
}

std::string text_at(const gradio_call& call, argument at) {
  auto& x = call.data[at];
  return x.IsString() ? x.GetString() : "";
}

bool true_at(const gradio_call& call, argument at) {
  return call.data[at].IsTrue();
}

/// Refuses arguments as the real app does after its interface has let them
/// pass.
result<void> check(const gradio_call& call) {
  auto refuse = [](std::string why) {
    return fail(failure_kind::rejected, std::move(why));
  };
  if (call.data[audio_file].IsNull())
    return refuse("No audio file provided");
  auto spoken = text_at(call, language);
  if (!spoken.empty() && !contains(aligned, spoken)
      && !contains(unaligned, spoken))
    return refuse("'" + spoken + "' is not a valid language code");
  if (!call.data[batch_size].IsInt64())
    return refuse("'float' object cannot be interpreted as an integer");
  bool aligns = !true_at(call, no_align) && text_at(call, align_model).empty();
  if (aligns && contains(unaligned, spoken))
    return refuse("No default align-model for language: " + spoken);
  if (aligns && text_at(call, task) == "translate")
    return refuse("failed to align segment: no characters of the translated "
                  "text in this model dictionary");
  if (true_at(call, diarize))
    return refuse("Could not download 'pyannote/speaker-diarization-3.1' "
                  "pipeline: a Hugging Face token is needed");
  return {};
}

result<std::vector<segment>> listen(const gradio_call& call) {
  auto sound = call.dir / "speech.wav";
  auto path = json::string_or_empty(call.data[audio_file], "path");
  auto decoded = run_checked({"ffmpeg", "-v", "error", "-y", "-i", path, "-vn",
                              "-ar", "16000", "-ac", "1", sound.string()},
                             transcript_limit, call.stop);
  if (!decoded)
    return fail(with_context("Failed to load audio", decoded.error()));
  auto printed
    = run_checked({"pocketsphinx_continuous", "-infile", sound.string(),
                   "-logfn", "/dev/null", "-time", "yes"},
                  transcript_limit, call.stop);
  std::error_code ignored;
  std::filesystem::remove(sound, ignored);
  if (!printed)
    return fail(printed.error());
  return read_segments(printed->out);
}

std::vector<std::string> error_outputs(std::string_view text) {
  return {json_text("Error: " + std::string{text}), "[]"};
}

gradio_result<std::vector<std::string>>
transcribe(const service_context& context, const gradio_call& call) {
  if (auto text = context.fault("whisper_error_text"))
    return error_outputs(text->empty() ? "CUDA failed with error out of memory"
                                       : *text);
  auto segments = check(call).and_then([&] {
    return listen(call);
  });
  if (!segments)
    return error_outputs(segments.error().message);
  double seconds = segments->empty() ? 0 : segments->back().end;
  if (!wait_unless_stopped(context.job_time("whisper", seconds, call.slowness),
                           call.stop))
    return error_outputs("stopped");
  auto spoken = text_at(call, language);
  auto transcript = as_text(*segments);
  auto stem = fmt::format("transcript_{}", static_cast<int64_t>(unix_now()));
  json_array files;
  auto write = [&](const char* ending, const std::string& text) {
    auto path = call.dir / (stem + ending);
    std::ofstream{path, std::ios::binary} << text;
    files.raw(call.file_data(path));
  };
  write(".json", as_json(*segments, !true_at(call, no_align),
                         spoken.empty() ? "en" : spoken));
  write(".txt", transcript);
  write(".srt", as_srt(*segments));
  write(".vtt", as_vtt(*segments));
  return std::vector{json_text(transcript), files.str()};
}

} // namespace

std::vector<segment> read_segments(std::string_view printed) {
  std::vector<segment> out;
  segment now;
  auto close = [&] {
    if (!now.words.empty()) {
      now.start = now.words.front().start;
      now.end = now.words.back().end;
      for (auto& w : now.words)
        now.text += (now.text.empty() ? "" : " ") + w.text;
      out.push_back(std::move(now));
    }
    now = {};
  };
  std::istringstream lines{std::string{printed}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream in{line};
    timed_word w;
    // A line of the hypothesis has words where the numbers would be.
    if (!(in >> w.text >> w.start >> w.end >> w.score))
      continue;
    if (w.text == "<s>") {
      close();
    } else if (w.text.front() != '<' && w.text.front() != '[') {
      // Other pronunciations are marked: really(2).
      w.text = w.text.substr(0, w.text.find('('));
      now.words.push_back(std::move(w));
    }
  }
  close();
  return out;
}

std::vector<gradio_endpoint> whisper_endpoints(service_context context) {
  gradio_endpoint endpoint;
  endpoint.api_name = "transcribe_audio";
  auto text = [](const char* name, const char* initial = R"("")") {
    return gradio_parameter{name, name, "Textbox", initial};
  };
  auto choice = [](const char* name, const char* initial,
                   std::vector<std::string> choices) {
    return gradio_parameter{name, name, "Dropdown", initial,
                            std::move(choices)};
  };
  auto number = [](const char* name, const char* initial) {
    return gradio_parameter{name, name, "Number", initial};
  };
  auto slider = [](const char* name, const char* initial, double least,
                   double most, double step) {
    return gradio_parameter{name, name,  "Slider", initial,
                            {},   least, most,     step};
  };
  auto check_box = [](const char* name, const char* initial) {
    return gradio_parameter{name, name, "Checkbox", initial};
  };
  endpoint.parameters = {
    {"audio_file", "Audio File", "Audio", ""},
    choice(
      "model", R"("medium")",
      {"tiny", "base", "small", "medium", "large", "large-v2", "large-v3"}),
    choice("task", R"("transcribe")", {"transcribe", "translate"}),
    text("language"),
    choice("device", R"("cuda")", {"cuda", "cpu"}),
    choice("compute_type", R"("float16")", {"float16", "float32", "int8"}),
    slider("batch_size", "16", 1, 64, 1),
    text("align_model"),
    check_box("no_align", "false"),
    choice("interpolate_method", R"("nearest")",
           {"nearest", "linear", "ignore"}),
    check_box("return_char_alignments", "false"),
    choice("vad_method", R"("pyannote")", {"pyannote", "silero"}),
    slider("vad_onset", "0.5", 0, 1, 0.001),
    slider("vad_offset", "0.363", 0, 1, 0.001),
    slider("chunk_size", "30", 1, 120, 1),
    check_box("diarize", "false"),
    text("min_speakers"),
    text("max_speakers"),
    slider("temperature", "0", 0, 1, 0.1),
    number("best_of", "5"),
    number("beam_size", "5"),
    number("patience", "1.0"),
    number("length_penalty", "1.0"),
    text("suppress_tokens", R"("-1")"),
    check_box("suppress_numerals", "false"),
    check_box("condition_on_previous_text", "true"),
    text("initial_prompt"),
    check_box("word_timestamps", "true"),
    check_box("highlight_words", "false"),
    text("max_line_width"),
    text("max_line_count"),
    choice("segment_resolution", R"("sentence")", {"sentence", "chunk"}),
    number("repetition_penalty", "1.0"),
    number("compression_ratio_threshold", "2.4"),
    number("log_prob_threshold", "-1.0"),
    number("no_speech_threshold", "0.6"),
    text("hotwords"),
  };
  endpoint.outputs = {{"Transcript", "Textbox"}, {"Files", "File"}};
  endpoint.run = [context = std::move(context)](const gradio_call& call) {
    return transcribe(context, call);
  };
  return {std::move(endpoint)};
}

} // namespace render::local_cloud
