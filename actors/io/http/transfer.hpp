#pragma once
// One exchange on libcurl: options in, what arrived out.
#include "actors/io/http/curl_loop.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <memory>

namespace render {

struct curl_closer {
  void operator()(CURL* x) const {
    curl_easy_cleanup(x);
  }
  void operator()(curl_slist* x) const {
    curl_slist_free_all(x);
  }
  void operator()(curl_mime* x) const {
    curl_mime_free(x);
  }
  void operator()(FILE* x) const {
    std::fclose(x);
  }
};

template <class T>
using curl_ptr = std::unique_ptr<T, curl_closer>;

class transfer {
public:
  transfer(uint64_t id, http_request request, curl_loop::on_bytes bytes,
           const http_config& cfg, CURLSH* share);
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  /// Removes an output file that is not complete.
  ~transfer();

  uint64_t id() const noexcept {
    return id_;
  }

  const std::string& group() const noexcept {
    return request_.group;
  }

  CURL* easy() const noexcept {
    return easy_.get();
  }

  /// Why it cannot even begin, such as a file that cannot be read.
  const failure& refusal() const noexcept {
    return refusal_;
  }

  /// After curl is done with it.
  result<http_response> finish(CURLcode code);

private:
  enum class body_target { undecided, memory, file, stream, error_text };

  void set_options(CURLSH* share);
  void set_headers();
  void set_body();
  void set_parts();
  void refuse(failure_kind kind, std::string why);
  body_target choose_target();
  bool keep(std::string_view bytes);
  bool open_output();
  /// By errno.
  void refuse_to_write();

  static size_t on_write(char* data, size_t size, size_t count, void* self);
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_read(char* data, size_t size, size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);

  uint64_t id_;
  http_request request_;
  curl_loop::on_bytes bytes_;
  const http_config& cfg_;
  http_response response_;
  failure refusal_{failure_kind::internal, {}};
  body_target target_ = body_target::undecided;
  bool error_text_cut_ = false;
  bool complete_ = false;
  char error_text_[CURL_ERROR_SIZE] = {};
  curl_ptr<FILE> output_;
  curl_ptr<FILE> input_;
  curl_ptr<curl_slist> headers_;
  curl_ptr<CURL> easy_;
  // Freed before the handle that it was made for.
  curl_ptr<curl_mime> parts_;
};

} // namespace render
