#pragma once
// An Ollama server with a vision model: its own API and the OpenAI-compatible
// one. The model answers every question with OpenCV's measurements of the
// picture.
#include "app/local_cloud/http_text.hpp"
#include "app/local_cloud/service.hpp"
#include "messages/text/json.hpp"

#include <memory>

namespace render::local_cloud {

class vision_server {
public:
  explicit vision_server(service_context context)
    : context_(std::move(context)) {}

  /// False when the server has no such route. `self` keeps the server's owner
  /// alive while an answer is streamed.
  bool handle(const httplib::Request& in, httplib::Response& out,
              std::string_view path, std::shared_ptr<void> self);

private:
  /// The form of an answer.
  enum class dialect { generate, chat, openai };
  struct question {
    std::string model;
    bool has_text = false;
    /// As sent: base64, or a URL for OpenAI.
    std::vector<std::string> images;
    bool stream = false;
  };
  struct refusal {
    int status = 0;
    std::string text;
  };
  template <class T>
  using answer_or = tl::expected<T, refusal>;

  answer_or<question> read(dialect form, const std::string& body) const;
  answer_or<std::string> see(dialect form, const question& x) const;
  void ask(dialect form, const httplib::Request& in, httplib::Response& out,
           std::shared_ptr<void> self);
  void answer_streamed(dialect form, const question& x,
                       const std::string& answer, httplib::Response& out,
                       std::shared_ptr<void> self) const;
  /// `last`: OpenAI's last chunk, which tells why the answer ends.
  std::string piece(dialect form, const std::string& model,
                    std::string_view text, bool last = false) const;
  std::string last_piece(dialect form, const std::string& model,
                         std::string_view whole, size_t tokens,
                         std::string_view reason) const;
  std::string openai_answer(const std::string& model, std::string_view text,
                            size_t tokens) const;
  void refuse(dialect form, const refusal& why, httplib::Response& out) const;
  bool has_model(std::string_view name) const;
  std::string models_json() const;
  void show(const httplib::Request& in, httplib::Response& out) const;

  service_context context_;
};

} // namespace render::local_cloud
