#include "app/local_cloud/csm_app.hpp"

#include "app/local_cloud/stand_in.hpp"
#include "app/local_cloud/voice_pitch.hpp"

#include <fstream>

namespace render::local_cloud {

namespace {

constexpr std::chrono::minutes speech_limit{10};

// The voice of espeak-ng and the pace that pocketsphinx understands best.
// Slower speech falls apart into wrong words.
constexpr auto clear_voice = "en-us+klatt";
constexpr int words_per_minute = 185;

struct voice {
  std::string name;
  /// 0 to 99.
  int pitch = 50;
};

gradio_result<voice> choose_voice(const gradio_call& call,
                                  random_source& random) {
  std::string wanted = call.data[0].GetString();
  if (wanted == "conversational_a")
    return voice{clear_voice, 35};
  if (wanted == "conversational_b")
    return voice{clear_voice, 65};
  // As in the real app, a clone without a recording gets any voice.
  if (wanted == "upload_voice" && !call.data[2].IsNull()) {
    auto hertz = measure_pitch(json::string_or_empty(call.data[2], "path"),
                               call.dir, call.stop);
    if (!hertz)
      return gradio_error("Generation failed: " + hertz.error().message);
    // espeak's default voice speaks near 100 Hz at 50 and moves about one
    // hertz a step; a high voice starts from the female variant.
    bool high = *hertz > 165;
    double step = 50 + (*hertz - (high ? 210 : 110)) / 1.5;
    return voice{high ? "en-us+f3" : clear_voice,
                 static_cast<int>(std::clamp(step, 0.0, 99.0))};
  }
  return voice{clear_voice, static_cast<int>(35 + random.next() % 31)};
}

gradio_result<std::vector<std::string>>
read_sentences(const json::value& text) {
  auto doc = json::parse(text.IsString() ? text.GetString() : "");
  if (!doc || !doc->IsArray() || doc->Empty())
    return gradio_error("Generation failed: Expecting value: line 1 column 1 "
                        "(char 0)");
  std::vector<std::string> out;
  for (auto& x : doc->GetArray()) {
    if (!x.IsString())
      return gradio_error("Generation failed: expected string, got "
                          + json::to_text(x));
    out.emplace_back(x.GetString(), x.GetStringLength());
  }
  return out;
}

/// Speaks each sentence into a file of its own.
result<std::vector<std::string>>
speak(const std::vector<std::string>& sentences, const voice& with,
      const gradio_call& call) {
  std::vector<std::string> files;
  for (size_t i = 0; i < sentences.size(); ++i) {
    // The sentence goes into a file, since it may begin with a dash.
    auto text = call.dir / fmt::format("{}.txt", i);
    auto sound = call.dir / fmt::format("{}.wav", i);
    std::ofstream{text} << sentences[i] << '\n';
    auto done = run_checked({"espeak-ng", "-v", with.name, "-p",
                             std::to_string(with.pitch), "-s",
                             std::to_string(words_per_minute), "-w",
                             sound.string(), "-f", text.string()},
                            speech_limit, call.stop);
    if (!done)
      return fail(done.error());
    files.push_back(sound.string());
  }
  return files;
}

/// One MP3 of all sentences, each cut at `most` and with a pause between.
result<std::filesystem::path> join(const std::vector<std::string>& files,
                                   double most, double pause,
                                   const gradio_call& call) {
  std::vector<std::string> argv{"ffmpeg", "-v", "error", "-y"};
  std::string filter, labels;
  for (size_t i = 0; i < files.size(); ++i) {
    argv.insert(argv.end(), {"-i", files[i]});
    bool last = i + 1 == files.size();
    filter
      += fmt::format("[{0}:a]atrim=end={1:.3f},apad=pad_dur={2:.3f}[a{0}];", i,
                     most, last ? 0.0 : pause);
    labels += fmt::format("[a{}]", i);
  }
  filter += fmt::format("{}concat=n={}:v=0:a=1", labels, files.size());
  auto target = call.dir / "monologue.mp3";
  argv.insert(argv.end(),
              {"-filter_complex", filter, "-ar", "24000", "-ac", "1", "-c:a",
               "libmp3lame", "-b:a", "64k", "-metadata",
               "title=Stand-in speech", "-metadata",
               fmt::format("comment={}, by espeak-ng", stand_in_words),
               target.string()});
  auto done = run_checked(argv, speech_limit, call.stop);
  if (!done)
    return fail(done.error());
  return target;
}

gradio_result<std::vector<std::string>>
monologue(const service_context& context, const gradio_call& call) {
  auto sentences = read_sentences(call.data[3]);
  if (!sentences)
    return tl::unexpected{sentences.error()};
  if (!call.data[5].IsInt64())
    return gradio_error(
      "Generation failed: topk(): argument 'k' (position 2) "
      "must be int, not "
      + std::string{call.data[5].IsDouble() ? "float" : "str"});
  if (!call.data[6].IsNumber() || !call.data[7].IsNumber())
    return tl::unexpected{gradio_failure{}};
  auto with = choose_voice(call, *context.random);
  if (!with)
    return tl::unexpected{with.error()};
  auto file = speak(*sentences, *with, call).and_then([&](const auto& files) {
    return join(files, call.data[6].GetDouble() / 1000,
                call.data[7].GetDouble() / 1000, call);
  });
  if (!file)
    return gradio_error("Generation failed: " + file.error().message);
  auto seconds = media_seconds(file->string(), call.stop).value_or(0);
  if (!wait_unless_stopped(context.job_time("csm", seconds, call.slowness),
                           call.stop))
    return tl::unexpected{gradio_failure{}};
  return std::vector{call.file_data(*file)};
}

} // namespace

std::vector<gradio_endpoint> csm_endpoints(service_context context) {
  gradio_endpoint endpoint;
  endpoint.api_name = "generate_monologue_audio";
  endpoint.parameters = {
    {"speaker_voice",
     "Speaker Voice",
     "Dropdown",
     R"("random_voice")",
     {"random_voice", "conversational_a", "conversational_b", "upload_voice"}},
    {"speaker_text", "Speaker Text", "Textbox", R"("")"},
    {"speaker_audio", "Speaker Audio", "Audio", ""},
    {"monologue_json", "Monologue", "Textbox", ""},
    {"temperature", "Temperature", "Slider", "0.9", {}, 0.1, 2.0, 0.1},
    {"topk", "Top-k", "Slider", "50", {}, 1, 100, 1},
    {"max_audio_length",
     "Max Audio Length (ms)",
     "Slider",
     "10000",
     {},
     1000,
     30000,
     1000},
    {"pause_duration", "Pause (ms)", "Slider", "150", {}, 0, 1000, 10},
  };
  endpoint.outputs = {{"Generated Audio", "Audio"}};
  endpoint.run = [context = std::move(context)](const gradio_call& call) {
    return monologue(context, call);
  };
  return {std::move(endpoint)};
}

} // namespace render::local_cloud
