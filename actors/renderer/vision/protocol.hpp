#pragma once
// Asks a vision model about a picture, in Ollama's form or in the OpenAI chat
// form of other servers. Requests out, answers in.
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
/// The answer is a stream, whose bytes show that the model works: loading it
/// can take minutes.
http_request generate_request(const server& at, const question& x);
http_request chat_request(const server& at, const question& x);

/// Names of the server's models; fails when the server does not list them.
result<std::vector<std::string>> read_tags(const result<http_response>& got);

/// The wanted model, else another model that is known to understand pictures.
/// Fails as `rejected` with the names of the server's models.
result<std::string> choose_model(const std::string& wanted,
                                 const std::vector<std::string>& models);

/// Reads Ollama's stream: one JSON object a line.
class generate_reader {
public:
  /// Takes a piece of the stream, cut at any byte.
  void add(std::string_view bytes);

  /// The last line or an error has come.
  bool ended() const noexcept {
    return done_ || failed();
  }

  bool failed() const noexcept {
    return !error_.message.empty();
  }

  const failure& error() const noexcept {
    return error_;
  }

  /// The model's text so far.
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

/// The failure of an answer outside 2xx.
failure read_error(const http_response& x);
/// Whether a 404 means the route and not the model: the server does not speak
/// this form.
bool is_unknown_route(const http_response& x);

/// The text without surrounding space; fails as `rejected` when none is left.
result<std::string> final_text(std::string_view text);

} // namespace render::vision
