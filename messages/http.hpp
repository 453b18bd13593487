#pragma once
// One HTTP exchange, as every client above the transport sees it.
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace render {

struct http_header {
  std::string name;
  std::string value;

  friend bool operator==(const http_header&, const http_header&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_header& x) {
  return f(x.name, x.value);
}

/// One part of a multipart/form-data body: a file when `file_path` is set,
/// else the field `value`.
struct multipart_part {
  std::string name;
  std::string value;
  std::string file_path;
  /// The filename told to the server.
  std::string file_name;
  /// Empty: chosen by the transport.
  std::string content_type;

  friend bool operator==(const multipart_part&, const multipart_part&)
    = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, multipart_part& x) {
  return f(x.name, x.value, x.file_path, x.file_name, x.content_type);
}

struct http_request {
  /// GET, HEAD, POST, PUT, DELETE.
  std::string method = "GET";
  /// http or https; anything else is refused as `invalid_input`.
  std::string url;
  std::vector<http_header> headers;
  /// At most one of `body`, `body_file`, `parts` is set.
  std::string body;
  std::string body_file;
  std::vector<multipart_part> parts;
  /// Where a 2xx body goes; empty: into `http_response::body`. The file is
  /// complete when the response arrives and removed when the request fails.
  std::string output_file;
  /// A body longer than this fails the request as `rejected`.
  uint64_t max_body_bytes = 16ull << 20;
  /// 0: a 3xx is an answer like any other. A request that carries a secret is
  /// never redirected; a method other than GET or HEAD follows only 307 and
  /// 308.
  uint32_t max_redirects = 0;
  std::chrono::milliseconds connect_timeout{10'000};
  /// Whole exchange; 0: no limit (then `stall_timeout` must be set).
  std::chrono::milliseconds total_timeout{60'000};
  /// No byte in either direction for this long fails the request; 0: off.
  std::chrono::milliseconds stall_timeout{0};
  /// `cancel_http` stops requests by prefix of this name.
  std::string group;
  /// The request reaches the server at most once, for requests that cost
  /// something. It takes a connection of its own, because libcurl repeats a
  /// request when a kept-alive connection was closed under it. An answer that
  /// is not read to its end, for whatever limit, fails it as `outcome_unknown`.
  bool once = false;
  /// The URL is a stranger's (a producer's input, a `notify_url`): only public
  /// addresses and those that the operator allows are reached, also along
  /// redirects. A failure does not tell what stood in the way.
  bool public_only = false;
  /// Bytes a second below which `stall_timeout` runs; 0 counts as 1.
  uint32_t stall_speed = 1;
  /// A body with `Content-Encoding: gzip` or `deflate` is unpacked;
  /// `max_body_bytes` limits the unpacked size.
  bool unpack = false;
  /// Only the status counts: a body longer than `max_body_bytes` is cut there
  /// and the request is a success all the same.
  bool cut_body = false;

  friend bool operator==(const http_request&, const http_request&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_request& x) {
  return f(x.method, x.url, x.headers, x.body, x.body_file, x.parts,
           x.output_file, x.max_body_bytes, x.max_redirects, x.connect_timeout,
           x.total_timeout, x.stall_timeout, x.group, x.once, x.public_only,
           x.stall_speed, x.unpack, x.cut_body);
}

/// Any complete answer, whatever its status.
struct http_response {
  int32_t status = 0;
  /// Lower-case names; the last value of a repeated header.
  std::map<std::string, std::string> headers;
  /// Empty when the body went to `output_file`, or to a stream's sink.
  std::string body;
  /// Length of the body, wherever it went.
  uint64_t body_bytes = 0;
  /// After redirects. May carry a signature: redact before logging.
  std::string effective_url;
  std::chrono::milliseconds elapsed{0};

  bool ok() const noexcept {
    return status >= 200 && status < 300;
  }

  /// The media type in lower case without parameters; empty when absent.
  std::string content_type() const;

  friend bool operator==(const http_response&, const http_response&) = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_response& x) {
  return f(x.status, x.headers, x.body, x.body_bytes, x.effective_url,
           x.elapsed);
}

/// `scheme://host/path` without user info, query and fragment: fit for a log.
std::string redacted_url(std::string_view url);

/// Is `url` an http:// or https:// URL with a host?
bool is_web_url(std::string_view url);

/// Percent-encodes everything but `A-Za-z0-9-_.~` and the characters of `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");

/// The first `limit` bytes of a body as one printable line of valid UTF-8, for
/// error texts.
std::string excerpt(std::string_view body, size_t limit = 200);

namespace msg {

/// A request whose body arrives piece by piece at the sink; the response
/// follows the last piece, with an empty body.
struct http_chunk {
  /// Group of the request that the piece belongs to.
  std::string group;
  std::string bytes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, http_chunk& x) {
  return f(x.group, x.bytes);
}

/// Aborts all requests whose group begins with `group`. Their askers get a
/// failure of kind `aborted`.
struct cancel_http {
  std::string group;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cancel_http& x) {
  return f(x.group);
}

} // namespace msg

} // namespace render
