// A description of a picture: fetch it, make it small, ask the node's vision
// model.
#include "actors/renderer/inputs.hpp"
#include "actors/renderer/kinds.hpp"
#include "actors/renderer/steps.hpp"
#include "actors/renderer/vision/protocol.hpp"

namespace render {

namespace {

using namespace std::chrono_literals;

constexpr uint32_t busy_tries = 5;
constexpr auto busy_delay = 2s;
// Vision models look at four tiles of 560 pixels at most. More pixels are
// wasted.
constexpr uint32_t analyzed_side_max = 1120;

step end_with_text(result<std::string> text) {
  if (!text)
    return end_with(text.error());
  job_outcome done;
  done.text = std::move(*text);
  return end_with(std::move(done));
}

class analyze_plan : public render_plan {
public:
  analyze_plan(analyze_params params, const render_environment& env)
    : params_(std::move(params)),
      env_(env), server_{env.vision_url, env.api_key} {
    // nop
  }

  step start() override {
    return fetch_inputs({{"image_url", params_.image_url, "image"}}, env_,
                        [this](std::vector<http_response>) {
                          return prepare();
                        });
  }

  std::vector<http_request> interrupt() override {
    // The model stops when its listener hangs up.
    return {};
  }

private:
  step prepare() {
    call out;
    out.operations.emplace_back(
      msg::prepare_image{work_file(env_, "image"),
                         work_file(env_, "picture.jpg"),
                         analyzed_side_max,
                         true,
                         {},
                         true});
    out.then = [this](answers got) {
      return prepared(got[0]);
    };
    return {"prepare", -1, std::move(out)};
  }

  step prepared(result<answer>& got) {
    if (!got)
      return end_with(with_context("image_url", got.error()));
    if (env_.inputs_only)
      return end_with(job_outcome{});
    question_.prompt = params_.prompt;
    question_.image_base64
      = std::move(std::get<msg::prepared_image>(*got).base64);
    call out;
    out.operations.emplace_back(vision::tags_request(server_));
    out.then = [this](answers got) {
      return tagged(got[0]);
    };
    return {"choose model", 0.1, std::move(out)};
  }

  step tagged(result<answer>& got) {
    question_.model = env_.vision_model;
    // A server without a list of models may still have the model.
    if (auto models = vision::read_tags(response(std::move(got)))) {
      auto model = vision::choose_model(env_.vision_model, *models);
      if (!model)
        return end_with(model.error());
      question_.model = std::move(*model);
    }
    return generate();
  }

  step generate() {
    reader_ = {};
    stream out;
    out.request = vision::generate_request(server_, question_);
    out.on_bytes = [this](std::string_view bytes) {
      return heard(bytes);
    };
    out.on_end = [this](const result<http_response>& got) {
      return generated(got);
    };
    return {"ask " + excerpt(question_.model, 300), 0.2, std::move(out)};
  }

  stream_event heard(std::string_view bytes) {
    reader_.add(bytes);
    stream_event out;
    if (reader_.failed())
      out.next = [this] {
        return end_with(reader_.error());
      };
    else if (reader_.ended())
      out.next = [this] {
        return end_with_text(vision::final_text(reader_.text()));
      };
    else if (!reader_.text().empty())
      out.stage = "answer";
    return out;
  }

  // The stream has ended before the model did.
  step generated(const result<http_response>& got) {
    if (!got)
      return end_with(failure{failure_kind::unavailable, got.error().message});
    if (vision::is_unknown_route(*got))
      return chat();
    if (got->status == 503 && ++busy_ < busy_tries)
      return {"model is busy", -1, wait{busy_delay, [this] {
                                          return generate();
                                        }}};
    if (!got->ok())
      return end_with(vision::read_error(*got));
    return end_with(
      failure{failure_kind::unavailable, "vision: the answer was cut off"});
  }

  step chat() {
    call out;
    out.operations.emplace_back(vision::chat_request(server_, question_));
    out.then = [](answers got) {
      return end_with_text(vision::read_chat(response(std::move(got[0]))));
    };
    return {"ask " + question_.model + " (chat)", 0.2, std::move(out)};
  }

  analyze_params params_;
  render_environment env_;
  vision::server server_;
  vision::question question_;
  vision::generate_reader reader_;
  uint32_t busy_ = 0;
};

} // namespace

std::unique_ptr<render_plan> make_analyze_plan(const job&,
                                               const analyze_params& params,
                                               const render_environment& env) {
  return std::make_unique<analyze_plan>(params, env);
}

} // namespace render
