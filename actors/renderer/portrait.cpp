// A talking portrait: fetch picture and sound, prepare them, queue the
// workflow on ComfyUI, follow it, fetch its video, keep it.
#include "actors/renderer/comfyui/protocol.hpp"
#include "actors/renderer/comfyui/workflow.hpp"
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/kinds.hpp"
#include "actors/renderer/steps.hpp"
#include "messages/render_handle.hpp"
#include "messages/text/hex.hpp"

#include <random>

namespace render {

namespace {

using namespace std::chrono_literals;

constexpr auto service = "comfyui";
constexpr auto first_poll = 500ms;
// A prompt that is in neither queue nor history once may have moved between the
// two questions.
constexpr uint32_t absences_max = 3;
constexpr uint32_t poll_failures_max = 5;
constexpr uint32_t portrait_side_max = 2048;
// A socket that tells of an end that the history does not know is not believed
// for ever.
constexpr uint32_t hints_max = 3;
// The share of the workflow in a job's progress.
constexpr double render_begins = 0.1;
constexpr double render_part = 0.75;

class portrait_plan : public render_plan {
public:
  portrait_plan(const job& subject, portrait_params params,
                const render_environment& env)
    : id_(subject.id), result_(result_name(subject, ".mp4")),
      params_(std::move(params)),
      env_(env), server_{env.comfyui_url, env.api_key}, random_(env.seed) {
    prompt_id_ = make_uuid(random_);
    client_id_ = make_uuid(random_);
    video_node_ = comfyui::video_node(*env_.portrait_workflow);
    auto left = read_handle(subject.remote);
    if (left && left->service == service && left->node == env.node)
      left_prompt_ = left->id;
  }

  step start() override {
    return left_prompt_.empty() ? begin() : follow_left();
  }

  std::vector<http_request> interrupt() override {
    if (!submitted_)
      return {};
    std::vector<http_request> out{comfyui::delete_request(server_, prompt_id_)};
    // An older ComfyUI interrupts whatever runs, so it is asked only while the
    // running prompt is this job's.
    if (running_)
      out.push_back(comfyui::interrupt_request(server_, prompt_id_));
    return out;
  }

  bool may_be_followed() const override {
    return submitted_;
  }

private:
  // -- a former owner's render
  // --------------------------------------------------

  // The former owner's render is paid for, so it is followed. The job is
  // rendered again only when the server does not know that render or it failed.
  step follow_left() {
    own_prompt_ = std::exchange(prompt_id_, left_prompt_);
    submitted_ = true;
    auto out = poll();
    out.stage = "go on with the render of a former owner";
    return out;
  }

  bool following_left() const {
    return !left_prompt_.empty();
  }

  step begin_anew() {
    left_prompt_.clear();
    prompt_id_ = own_prompt_;
    submitted_ = running_ = hinted_ = false;
    absences_ = poll_failures_ = hints_ = 0;
    auto out = begin();
    out.remote.emplace();
    return out;
  }

  // -- inputs -----------------------------------------------------------------

  step begin() {
    return fetch_inputs({{"image_url", params_.image_url, "image",
                          "Failed to download image file"},
                         {"audio_url", params_.audio_url, "audio",
                          "Failed to download audio file"}},
                        env_, [this](std::vector<http_response>) {
                          return prepare();
                        });
  }

  step prepare() {
    call out;
    out.operations.emplace_back(msg::prepare_image{
      path("image"), path("picture.png"), portrait_side_max, true, {}});
    out.operations.emplace_back(msg::prepare_audio{
      path("audio"), path("sound"), msg::audio_form::widely_readable, {}});
    out.then = [this](answers got) {
      return prepared(std::move(got));
    };
    return {"prepare", -1, std::move(out)};
  }

  step prepared(answers got) {
    if (!got[0])
      return end_with(with_context("image_url", got[0].error()));
    if (!got[1])
      return end_with(begun_with("Failed to extract/convert audio file",
                                 with_context("audio_url", got[1].error())));
    if (env_.inputs_only)
      return end_with(job_outcome{});
    auto& image = std::get<msg::prepared_image>(*got[0]);
    auto& audio = std::get<msg::prepared_audio>(*got[1]);
    filled_.job_id = id_;
    filled_.size = comfyui::workflow_size(image.width, image.height);
    filled_.duration_s = comfyui::workflow_duration(audio.duration_s);
    filled_.seed = random_() >> 1;
    return upload(image.path, audio.path);
  }

  // -- the render -------------------------------------------------------------

  step upload(const std::string& image, const std::string& audio) {
    // Unique for each attempt: two jobs must never swap their inputs.
    auto name = [this](const std::string& file) {
      return id_ + "_" + prompt_id_.substr(0, 8)
             + file.substr(std::min(file.size(), file.rfind('.')));
    };
    call out;
    out.operations.emplace_back(
      comfyui::upload_request(server_, image, name(image)));
    out.operations.emplace_back(
      comfyui::upload_request(server_, audio, name(audio)));
    out.then = [this](answers got) {
      return uploaded(std::move(got));
    };
    return {"upload", -1, std::move(out)};
  }

  step uploaded(answers got) {
    auto image = comfyui::read_upload(response(std::move(got[0])));
    auto audio = comfyui::read_upload(response(std::move(got[1])));
    if (!image)
      return end_with(image.error());
    if (!audio)
      return end_with(audio.error());
    filled_.image = std::move(*image);
    filled_.audio = std::move(*audio);
    auto workflow = comfyui::fill_portrait(*env_.portrait_workflow, filled_);
    if (!workflow)
      return end_with(workflow.error());
    submitted_ = true;
    call out;
    out.operations.emplace_back(
      comfyui::prompt_request(server_, *workflow, prompt_id_, client_id_));
    out.then = [this](answers got) {
      return queued(std::move(got));
    };
    step next{"queue", -1, std::move(out), handle()};
    next.listen = side_channel{comfyui::events_request(server_, client_id_),
                               [this](std::string_view message) {
                                 return heard(message);
                               }};
    return next;
  }

  // Polling finds out the same, except for the steps of the sampler, and later.
  stream_event heard(std::string_view message) {
    auto got = comfyui::read_event(message, prompt_id_);
    stream_event out;
    if (!submitted_)
      return out;
    if (got.running)
      out.stage = "render";
    // Several nodes of the workflow count steps: the furthest one counts.
    if (got.progress >= 0)
      progress_ = std::max(progress_,
                           render_begins + got.progress * render_part);
    out.progress = progress_;
    if (got.ended && hints_ < hints_max) {
      ++hints_;
      hinted_ = out.wake = true;
    }
    return out;
  }

  std::string handle() const {
    return to_text({env_.node, service, prompt_id_});
  }

  step queued(answers got) {
    auto id = comfyui::read_prompt(response(std::move(got[0])), video_node_);
    if (!id) {
      // The prompt may be queued all the same: the polls below find out.
      if (id.error().kind == failure_kind::outcome_unknown)
        return poll_after(first_poll);
      return end_with(id.error());
    }
    auto other = prompt_id_ != *id;
    prompt_id_ = std::move(*id);
    auto out = poll_after(first_poll);
    // An older server makes its own ids.
    if (other)
      out.remote = handle();
    return out;
  }

  // What was heard while something else was asked counts as well.
  step poll_after(std::chrono::milliseconds delay) {
    if (hinted_)
      delay = 0ms;
    return {{}, -1, wait{delay, [this] {
                           return std::exchange(hinted_, false) ? look_for_end()
                                                                : poll();
                         }}};
  }

  // The server has said that it is over: its history alone decides.
  step look_for_end() {
    call out;
    out.operations.emplace_back(comfyui::history_request(server_, prompt_id_));
    out.then = [this](answers got) {
      auto seen = comfyui::read_history(response(std::move(got[0])), prompt_id_,
                                        video_node_);
      return seen && seen->ended ? polled(comfyui::queue_place{}, seen)
                                 : poll();
    };
    return {{}, -1, std::move(out)};
  }

  step poll() {
    call out;
    // The queue first: a prompt moves from there into the history, never back.
    out.operations.emplace_back(comfyui::queue_request(server_));
    out.then = [this](answers got) {
      auto place = comfyui::read_queue(response(std::move(got[0])), prompt_id_);
      return ask_history(std::move(place));
    };
    return {{}, -1, std::move(out)};
  }

  step ask_history(result<comfyui::queue_place> place) {
    call out;
    out.operations.emplace_back(comfyui::history_request(server_, prompt_id_));
    out.then = [this, place = std::move(place)](answers got) {
      return polled(place, comfyui::read_history(response(std::move(got[0])),
                                                 prompt_id_, video_node_));
    };
    return {{}, -1, std::move(out)};
  }

  step polled(const result<comfyui::queue_place>& place,
              const result<comfyui::history>& got) {
    if (!place || !got) {
      auto& why = place ? got.error() : place.error();
      if (++poll_failures_ >= poll_failures_max)
        return following_left() ? begin_anew() : end_with(why);
      return poll_after(env_.polling_interval);
    }
    poll_failures_ = 0;
    if (got->ended && !got->video.filename.empty())
      return collect(got->video);
    // The render may have failed because its owner ended.
    if (got->ended)
      return following_left() ? begin_anew() : end_with(got->error);
    running_ = place->running;
    if (!place->ahead) {
      // "Not queued" is not "done": a restarted server has forgotten it.
      if (++absences_ >= absences_max && following_left())
        return begin_anew();
      if (absences_ >= absences_max)
        return end_with(
          failure{failure_kind::unavailable,
                  "ComfyUI has lost the render: it is neither queued "
                  "nor in the history"});
      return poll_after(first_poll);
    }
    absences_ = 0;
    auto next = poll_after(env_.polling_interval);
    next.stage = running_
                   ? "render"
                   : "queued, position " + std::to_string(*place->ahead + 1);
    return next;
  }

  // -- the result -------------------------------------------------------------

  step collect(const comfyui::output_file& video) {
    call out;
    out.operations.emplace_back(comfyui::view_request(
      server_, video, path(result_), env_.max_result_bytes));
    out.then = [this](answers got) {
      return collected(std::move(got));
    };
    submitted_ = false;
    return {"collect", 0.9, std::move(out)};
  }

  step collected(answers got) {
    auto video = response(std::move(got[0]));
    if (!video)
      return end_with(with_context("ComfyUI video", video.error()));
    if (!video->ok() || video->body_bytes == 0)
      return end_with(
        failure{failure_kind::unavailable,
                "ComfyUI video: HTTP " + std::to_string(video->status) + ", "
                  + std::to_string(video->body_bytes) + " bytes"});
    return finish_with_file(path(result_), result_, "video", "ComfyUI");
  }

  std::string path(const std::string& name) const {
    return work_file(env_, name);
  }

  std::string id_;
  std::string result_;
  portrait_params params_;
  render_environment env_;
  comfyui::server server_;
  std::mt19937_64 random_;
  std::string prompt_id_;
  std::string client_id_;
  /// While a former owner's render is followed: its prompt, and the id that a
  /// render of our own would have.
  std::string left_prompt_;
  std::string own_prompt_;
  std::string video_node_;
  comfyui::portrait_inputs filled_;
  bool submitted_ = false;
  bool running_ = false;
  double progress_ = -1;
  /// It was heard that the render is over; how often.
  bool hinted_ = false;
  uint32_t hints_ = 0;
  uint32_t absences_ = 0;
  uint32_t poll_failures_ = 0;
};

} // namespace

std::unique_ptr<render_plan> make_portrait_plan(const job& subject,
                                                const portrait_params& params,
                                                const render_environment& env) {
  return std::make_unique<portrait_plan>(subject, params, env);
}

} // namespace render
