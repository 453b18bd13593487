#pragma once
// How one kind of job is rendered, as pure code: a plan says what to do next,
// gets the answer, and says what to do then. It knows no actor, no socket and
// no clock, so a test plays the outside world by hand. The RENDERER runs it.
#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/media.hpp"
#include "messages/object_store.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace render {

/// Everything a plan may ask of the outside, answered once.
using operation
  = std::variant<http_request, msg::identify_file, msg::prepare_image,
                 msg::prepare_audio, msg::store_file>;

/// The answer to an `operation`, at the same index of the variant.
using answer
  = std::variant<http_response, msg::file_identity, msg::prepared_image,
                 msg::prepared_audio, msg::stored_file>;

using answers = std::vector<result<answer>>;

struct step;

/// Starts all operations at once; goes on when every one has been answered.
struct call {
  std::vector<operation> operations;
  std::function<step(answers)> then;
};

/// What a piece of a stream brought about.
struct stream_event {
  /// Non-empty: the new stage.
  std::string stage;
  /// 0 to 1; negative: unknown.
  double progress = -1;
  /// Set: the stream has served its purpose and is closed.
  std::function<step()> next;
  /// Of a side channel: a wait that is under way is over now.
  bool wake = false;
};

/// One exchange whose body is read as it arrives.
struct stream {
  http_request request;
  /// Called for every piece of the body; borders fall anywhere.
  std::function<stream_event(std::string_view bytes)> on_bytes;
  /// Called when the exchange has ended and no event set `next`.
  std::function<step(result<http_response>)> on_end;
};

struct wait {
  std::chrono::milliseconds duration{0};
  std::function<step()> then;
};

struct finish {
  job_outcome outcome;
};

/// What a service tells while the plan goes on. It is a help only: a plan works
/// without it, and its end is no failure.
struct side_channel {
  /// To a ws:// or wss:// URL.
  http_request request;
  /// Called for every message; `next` is not looked at.
  std::function<stream_event(std::string_view message)> on_message;
};

/// What to do next.
struct step {
  /// Non-empty: the new stage, for the record and the log.
  std::string stage;
  /// 0 to 1; negative: unknown.
  double progress = -1;
  std::variant<call, stream, wait, finish> next;
  /// Set: where the render runs from now on, for a later owner of the job;
  /// empty: the render runs nowhere. Comes back as `job::remote`.
  std::optional<std::string> remote{};
  /// Set: what the RENDERER listens to from now on, until the plan ends or sets
  /// another.
  std::optional<side_channel> listen{};
};

/// Where and how a job is to be rendered.
struct render_environment {
  /// No trailing slash: "https://NODE/csm", "https://NODE/whisper",
  /// "https://ui-NODE" (ComfyUI), "https://NODE" (vision).
  std::string csm_url;
  std::string whisper_url;
  std::string comfyui_url;
  std::string vision_url;
  gpu_host node;
  /// Sent as X-C3-API-KEY to the node, and to nobody else. A secret.
  std::string api_key;
  /// Existing folder of this attempt alone; the RENDERER removes it.
  std::string work_dir;
  /// How often a running render is polled where the service cannot push.
  std::chrono::milliseconds polling_interval{5'000};
  /// Vision model, for example "llama3.2-vision:11b".
  std::string vision_model = "llama3.2-vision:11b";
  /// Text of the ComfyUI workflow template (JSON), which all attempts share.
  /// Only portraits need it.
  std::shared_ptr<const std::string> portrait_workflow;
  /// Drawn by the RENDERER from its seeded engine, new for each attempt:
  /// session hashes, sampler seeds, client-chosen ids.
  uint64_t seed = 0;
  /// Asked when an input's host or the GPU does not answer, to tell a host that
  /// is away from a worker without network: the provider's API. Empty: nobody
  /// is asked.
  std::string control_url;
  /// What URLs of uploads to our own service begin with, before the id of the
  /// file; they may be private addresses. Empty: there is no such service.
  std::string uploads_url;
  /// Largest input that is downloaded, bytes.
  uint64_t max_input_bytes = 512ull << 20;
  /// Largest result that is fetched, bytes.
  uint64_t max_result_bytes = 2048ull << 20;
  /// The plan ends well once the inputs are fetched and checked, and asks
  /// nothing of a GPU. A passing failure (503, no connection) is not tried
  /// again: it ends as `unavailable`.
  bool inputs_only = false;
};

class render_plan {
public:
  virtual ~render_plan() = default;

  virtual step start() = 0;

  /// Requests that stop the remote work, in order. Their answers are not looked
  /// at. Called at most once, at any moment; no continuation is called after
  /// it.
  virtual std::vector<http_request> interrupt() = 0;

  /// Whether a later owner of the job can go on with the remote work. Then this
  /// attempt does not stop that work when it has lost the job or the GPU.
  virtual bool may_be_followed() const {
    return false;
  }

protected:
  render_plan() = default;
  render_plan(const render_plan&) = default;
  render_plan& operator=(const render_plan&) = default;
};

/// The plan for a job whose parameters are known to be good.
std::unique_ptr<render_plan> make_plan(const job& subject,
                                       const job_params& params,
                                       const render_environment& env);

} // namespace render
