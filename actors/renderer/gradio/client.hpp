#pragma once
// The steps of calling one function of a Gradio app, for plans to build on:
// describe, upload, run, collect. A failed step ends the job; a successful one
// goes on with the caller's next step. The client must outlive its steps.
#include "actors/renderer/gradio/app.hpp"
#include "actors/renderer/gradio/requests.hpp"
#include "actors/renderer/gradio/run_reader.hpp"
#include "actors/renderer/plan.hpp"

#include <functional>
#include <string>
#include <vector>

namespace render::gradio {

class client {
public:
  /// `api_name` begins with a slash. `known`: the function's parameters when
  /// this code was written, for apps that do not describe them. Its ranges are
  /// used where the app has none.
  client(server at, std::string api_name, std::vector<parameter> known,
         uint64_t seed)
    : at_(std::move(at)), api_name_(std::move(api_name)),
      parameters_(std::move(known)), seed_(seed) {
    // nop
  }

  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Learns where the function is and how it is called. Must be the first step.
  step describe(std::function<step()> then);

  /// Sends the file at `path` as `name`; `then` gets the file as an argument.
  /// `field` of the job's data is blamed when the file is too large.
  step upload(std::string field, const std::string& path,
              const std::string& name, std::function<step(std::string)> then);

  /// One run, in a session of its own. `then` gets the outputs (an array),
  /// which live until the next run.
  step run(const std::vector<argument>& wanted,
           std::function<step(const json::value&)> then);

  /// Fetches a file among the outputs into `target`. `what` is for error
  /// texts.
  step collect(std::string what, const json::value& output,
               const std::string& target, uint64_t max_bytes,
               std::function<step()> then);

  /// Requests that stop the run; empty when there is none.
  std::vector<http_request> interrupt() const;

private:
  step described(result<http_response> got, std::function<step()> then);
  step join(std::string stage);
  step heard_of_join(const result<http_response>& got);
  step follow();
  stream_event heard(std::string_view bytes);
  step completed();

  server at_;
  std::string api_name_;
  std::vector<parameter> parameters_;
  /// Of the next run's session.
  uint64_t seed_;
  endpoint endpoint_;
  std::string data_json_;
  session session_;
  std::function<step(const json::value&)> then_;
  run_reader reader_;
  bool submitted_ = false;
  uint32_t joins_ = 0;
};

} // namespace render::gradio
