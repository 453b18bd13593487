// Text to speech: describe the app, upload the reference voice if there is
// one, run, fetch the sound, keep it.
#include "actors/renderer/gradio/client.hpp"
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/kinds.hpp"
#include "actors/renderer/steps.hpp"

#include <charconv>

namespace render {

namespace {

constexpr auto csm_route = "/generate_monologue_audio";

std::vector<gradio::parameter> csm_parameters() {
  return {{"speaker_voice", R"("random_voice")"},
          {"speaker_text", R"("")"},
          {"speaker_audio", "null"},
          {"monologue_json", {}},
          {"temperature", "0.9", {0.1, 2.0}},
          {"topk", "50", {1, 100}},
          {"max_audio_length", "10000", {1000, 30'000}},
          {"pause_duration", "150", {0, 1000}}};
}

std::string service_voice(const std::string& voice) {
  if (voice == "random")
    return "random_voice";
  if (voice == "clone")
    return "upload_voice";
  return voice;
}

/// The sentences as a JSON array, and that as a JSON string.
std::string monologue_json(const std::vector<std::string>& sentences) {
  std::string out;
  for (auto& x : sentences)
    out += (out.empty() ? "[" : ",") + json::quote(x);
  return json::quote(out + "]");
}

std::string number_json(double x) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), x).ptr;
  return {buffer, end};
}

class csm_plan : public render_plan {
public:
  csm_plan(const job& subject, csm_params params, const render_environment& env)
    : id_(subject.id), result_(result_name(subject, ".mp3")),
      params_(std::move(params)), env_(env),
      app_({"csm", env.csm_url, env.api_key}, csm_route, csm_parameters(),
           env.seed) {
    // nop
  }

  step start() override {
    if (!clones())
      return describe();
    return fetch_inputs({{"reference_audio_url", params_.reference_audio_url,
                          "reference", "Failed to download reference audio"}},
                        env_, [this](std::vector<http_response>) {
                          return prepare();
                        });
  }

  std::vector<http_request> interrupt() override {
    return app_.interrupt();
  }

private:
  bool clones() const {
    return params_.voice == "clone";
  }

  step prepare() {
    return call_one(
      "prepare", -1,
      msg::prepare_audio{
        path("reference"), path("voice"), msg::audio_form::mono_wav, {}},
      [this](result<answer> got) {
        if (!got)
          return end_with(with_context("reference_audio_url", got.error()));
        voice_path_ = std::get<msg::prepared_audio>(*got).path;
        return describe();
      });
  }

  step describe() {
    if (env_.inputs_only)
      return end_with(job_outcome{});
    return app_.describe([this] {
      if (!clones())
        return run("null");
      return app_.upload("reference_audio_url", voice_path_, id_ + ".wav",
                         [this](const std::string& file) {
                           return run(file);
                         });
    });
  }

  step run(const std::string& voice_file) {
    return app_.run(
      {{"speaker_voice", json::quote(service_voice(params_.voice)), true},
       {"speaker_text", json::quote(params_.reference_text), clones()},
       {"speaker_audio", voice_file, clones()},
       {"monologue_json", monologue_json(params_.monologue), true},
       {"temperature", number_json(params_.temperature)},
       {"topk", std::to_string(params_.topk)},
       {"max_audio_length", std::to_string(params_.max_audio_length_ms)},
       {"pause_duration", std::to_string(params_.pause_duration_ms)}},
      [this](const json::value& outputs) {
        return collect(outputs);
      });
  }

  step collect(const json::value& outputs) {
    json::value none;
    return app_.collect("sound", outputs.Empty() ? none : outputs[0],
                        path(result_), env_.max_result_bytes, [this] {
                          return finish_with_file(path(result_), result_,
                                                  "audio", "csm");
                        });
  }

  std::string path(const std::string& name) const {
    return work_file(env_, name);
  }

  std::string id_;
  std::string result_;
  csm_params params_;
  render_environment env_;
  gradio::client app_;
  std::string voice_path_;
};

} // namespace

std::unique_ptr<render_plan> make_csm_plan(const job& subject,
                                           const csm_params& params,
                                           const render_environment& env) {
  return std::make_unique<csm_plan>(subject, params, env);
}

} // namespace render
