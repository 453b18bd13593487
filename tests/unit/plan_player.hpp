#pragma once
// The outside world of a render plan, played by hand: a test reads the plan's
// request, answers it, and reads the next one.
#include "actors/renderer/plan.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace render::test {

inline http_response http_answer(int32_t status, std::string body = {},
                                 std::string type = "application/json") {
  http_response out;
  out.status = status;
  out.headers["content-type"] = std::move(type);
  out.body_bytes = body.size();
  out.body = std::move(body);
  return out;
}

class player {
public:
  explicit player(render_plan& plan) {
    take(plan.start());
  }

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(now_.next);
  }

  size_t operations() const {
    return is<call>() ? std::get<call>(now_.next).operations.size() : 0;
  }

  template <class T>
  const T& asked(size_t index = 0) const {
    BOOST_REQUIRE(index < operations());
    auto* x = std::get_if<T>(&std::get<call>(now_.next).operations[index]);
    BOOST_REQUIRE(x != nullptr);
    return *x;
  }

  /// The current HTTP request, of a call or of a stream.
  const http_request& request(size_t index = 0) const {
    if (is<stream>())
      return std::get<stream>(now_.next).request;
    return asked<http_request>(index);
  }

  void answer_all(answers xs) {
    BOOST_REQUIRE(is<call>());
    BOOST_REQUIRE(xs.size() == operations());
    auto then = std::move(std::get<call>(now_.next).then);
    take(then(std::move(xs)));
  }

  template <class T>
  void answer_with(T x) {
    answer_all({result<answer>{answer{std::move(x)}}});
  }

  void reply(int32_t status, std::string body = {},
             std::string type = "application/json") {
    answer_with(http_answer(status, std::move(body), std::move(type)));
  }

  /// Answers with a file at the path of the request.
  void deliver(uint64_t bytes, std::string type = "application/octet-stream") {
    auto x = http_answer(200, {}, std::move(type));
    x.body_bytes = bytes;
    answer_with(std::move(x));
  }

  void refuse(failure_kind kind, std::string text = "no connection") {
    answer_all({fail(kind, std::move(text))});
  }

  void feed(std::string_view bytes) {
    BOOST_REQUIRE(is<stream>());
    auto event = std::get<stream>(now_.next).on_bytes(bytes);
    note(event.stage);
    if (event.progress >= 0)
      progress_ = event.progress;
    if (event.next)
      take(event.next());
  }

  void end_stream(result<http_response> got) {
    BOOST_REQUIRE(is<stream>());
    auto on_end = std::move(std::get<stream>(now_.next).on_end);
    take(on_end(std::move(got)));
  }

  /// Gives the plan a message of the side channel.
  void hear(std::string_view message) {
    BOOST_REQUIRE(listening_.has_value());
    auto event = listening_->on_message(message);
    note(event.stage);
    if (event.progress >= 0)
      progress_ = event.progress;
    if (event.wake && is<wait>())
      elapse();
  }

  const http_request& listening() const {
    BOOST_REQUIRE(listening_.has_value());
    return listening_->request;
  }

  /// Ends the plan's wait, and returns its length.
  std::chrono::milliseconds elapse() {
    BOOST_REQUIRE(is<wait>());
    auto x = std::move(std::get<wait>(now_.next));
    take(x.then());
    return x.duration;
  }

  const job_outcome& outcome() const {
    BOOST_REQUIRE(is<finish>());
    return std::get<finish>(now_.next).outcome;
  }

  const failure& error() const {
    return outcome().error;
  }

  bool said(const std::string& stage) const {
    return std::find(stages_.begin(), stages_.end(), stage) != stages_.end();
  }

  const std::string& stage() const {
    return stages_.back();
  }

  double progress() const {
    return progress_;
  }

private:
  void take(step next) {
    note(next.stage);
    if (next.progress >= 0)
      progress_ = next.progress;
    if (next.listen)
      listening_ = std::move(next.listen);
    now_ = std::move(next);
  }

  void note(const std::string& stage) {
    if (!stage.empty())
      stages_.push_back(stage);
  }

  step now_;
  std::optional<side_channel> listening_;
  std::vector<std::string> stages_;
  double progress_ = -1;
};

inline std::string header(const http_request& x, const std::string& name) {
  for (auto& h : x.headers)
    if (h.name == name)
      return h.value;
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline render_environment test_environment() {
  render_environment out;
  out.csm_url = "https://node.example/csm";
  out.whisper_url = "https://node.example/whisper";
  out.comfyui_url = "https://ui-node.example";
  out.vision_url = "https://node.example";
  out.api_key = "secret-key";
  out.work_dir = "/work/7";
  out.seed = 42;
  out.portrait_workflow = std::make_shared<const std::string>("{}");
  return out;
}

/// A record as the producer writes it.
inline job test_job(std::string type) {
  job out;
  out.id = "0b0e7c3a-0000-4000-8000-000000000007";
  out.type = std::move(type);
  return out;
}

} // namespace render::test

BOOST_TEST_DONT_PRINT_LOG_VALUE(render::failure_kind)
