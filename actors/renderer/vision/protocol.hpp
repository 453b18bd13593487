#pragma once
// Asking a vision model about a picture: Ollama's own form, and the OpenAI
// chat form that other servers have. Requests out, answers in.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace render::vision {

struct server {
  /// No trailing slash.
  std::string base;
  /// A secret.
  std::string api_key;
};

struct question {
  std::string model;
  std::string prompt;
  /// JPEG, base64 without a prefix.
  std::string image_base64;
};

http_request tags_request(const server& at);
/// Streams, so that bytes show that the model is alive: loading it can take
/// minutes.
http_request generate_request(const server& at, const question& x);
http_request chat_request(const server& at, const question& x);

/// Names of the models that the server has; fails when it does not say.
result<std::vector<std::string>> read_tags(const result<http_response>& got);

/// The wanted model, else another one that is known to see; fails as
/// `rejected` with the names of what is there.
result<std::string> choose_model(const std::string& wanted,
                                 const std::vector<std::string>& models);

/// Reads Ollama's stream: one JSON object a line.
class generate_reader {
public:
  /// Borders fall anywhere.
  void add(std::string_view bytes);

  /// The last line has come, or an error.
  bool ended() const noexcept {
    return done_ || failed();
  }

  bool failed() const noexcept {
    return !error_.message.empty();
  }

  const failure& error() const noexcept {
    return error_;
  }

  /// What the model has said so far.
  const std::string& text() const noexcept {
    return text_;
  }

private:
  void read_line(std::string_view line);

  std::string rest_;
  std::string text_;
  bool done_ = false;
  failure error_{failure_kind::internal, {}};
};

/// A complete answer in the chat form.
result<std::string> read_chat(const result<http_response>& got);

/// What an answer outside 2xx means. 404 of a route, as opposed to a model,
/// means that the server does not speak this form.
failure read_error(const http_response& x);
bool is_unknown_route(const http_response& x);

/// The text without surrounding space; fails as `rejected` when none is left.
result<std::string> final_text(std::string_view text);

} // namespace render::vision
