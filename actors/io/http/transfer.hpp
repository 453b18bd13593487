#pragma once
// One exchange with one server by libcurl: options in, answer out. A redirect
// is an answer; the caller follows it with another transfer.
#include "actors/io/http/cookie_jars.hpp"
#include "actors/io/http/dialling.hpp"
#include "actors/io/http/file_writer.hpp"

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

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
  /// `request` and `cfg` must outlive the transfer. `limit`: of the whole
  /// exchange, 0: none. `moved`: see `file_writer`; the caller then calls
  /// `resume`, or `is_written` once curl is done.
  transfer(uint64_t id, const http_request& request, dialling way,
           std::chrono::milliseconds limit, curl_loop::on_bytes bytes,
           const http_config& cfg, cookie_jar jar, std::function<void()> moved);
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  /// Removes an output file that is not complete.
  ~transfer() = default;

  uint64_t id() const noexcept {
    return id_;
  }

  CURL* easy() const noexcept {
    return easy_.get();
  }

  /// Why the transfer cannot begin, such as a file that cannot be read.
  const failure& refusal() const noexcept {
    return refusal_;
  }

  /// Where the answer redirects to, when the request may follow; else empty.
  /// Called after curl is done with the transfer.
  std::string next_url() const;

  /// Reads on if the transfer has stopped because the writer had no room.
  void resume();

  /// Whether nothing is on its way to the disk any more. Called after curl is
  /// done with the transfer.
  bool is_written(CURLcode code);

  /// Called when `is_written` is true, or when the time is up.
  result<http_response> finish(CURLcode code);

private:
  enum class body_target { undecided, memory, file, stream, error_text };

  /// How far the answer is read.
  struct reading {
    uint64_t header_bytes = 0;
    bool headers_ended = false;
    body_target target = body_target::undecided;
    /// The body was longer than was asked for.
    bool cut = false;
    /// Until the writer has room.
    bool paused = false;
  };

  void set_options(std::chrono::milliseconds limit);
  void set_way();
  void set_certificates();
  void set_headers();
  void set_body();
  void set_parts();
  /// Error texts do not tell the file's folder.
  static std::string file_name(const std::string& path);
  void refuse(failure_kind kind, std::string why);
  body_target choose_target();
  bool keep(std::string_view bytes);
  bool keep_some(std::string_view bytes, uint64_t most);
  bool keep_header(std::string_view line);
  bool may_reach(const ip_address& x) const;
  static std::optional<ip_address> ip_of(const curl_sockaddr* address);
  void open_output();
  void refuse_to_write(int code);

  static size_t on_write(char* data, size_t size, size_t count, void* self);
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_read(char* data, size_t size, size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose,
                                 curl_sockaddr* address);
  static int on_connected(void* self, char* peer, char* own, int peer_port,
                          int own_port);
  static int on_seek(void* self, curl_off_t offset, int origin);

  /// Outlives the handle that uses it.
  cookie_jar jar_;
  uint64_t id_;
  const http_request& request_;
  dialling way_;
  curl_loop::on_bytes bytes_;
  const http_config& cfg_;
  http_response response_;
  failure refusal_{failure_kind::internal, {}};
  reading read_;
  char error_text_[CURL_ERROR_SIZE] = {};
  /// See `transfer_error`.
  int lacks_ = 0;
  std::function<void()> moved_;
  std::unique_ptr<file_writer> output_;
  curl_ptr<FILE> input_;
  curl_ptr<curl_slist> headers_;
  curl_ptr<curl_slist> names_;
  curl_ptr<CURL> easy_;
  // Must be freed before the handle that it was made for.
  curl_ptr<curl_mime> parts_;
};

} // namespace render
