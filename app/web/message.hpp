#pragma once
// Requests and answers of the HTTP service, as its handlers see them. Pure.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace render::records {

class redis;

} // namespace render::records

namespace render::web {

/// What a key allows; each one all that those before it allow. `nobody` is who
/// gave no key.
enum class role : uint8_t { nobody, view, submit, operate };

std::string_view to_string(role x) noexcept;

/// Who asks.
struct identity {
  /// As the key file names the key; "local" without one.
  std::string name;
  role may = role::nobody;
};

/// A whole file that was received with a request, or a part of a form.
struct upload {
  /// The part's name, and the file's name as the client gave it.
  std::string field;
  std::string file_name;
  std::string content_type;
  /// Of a part that is no file.
  std::string text;
  /// Where its bytes lie; empty: `text` has them. The request's owner deletes
  /// it.
  std::string path;
  uint64_t bytes = 0;
  /// Lower-case hex; empty for a part that is no file.
  std::string sha256;
};

struct request {
  /// "GET", "POST", "HEAD".
  std::string method;
  /// Decoded, without the base path and the query.
  std::string path;
  /// Decoded `{name}`s of the route.
  std::map<std::string, std::string> vars;
  /// Decoded; of a name that comes twice the last one.
  std::map<std::string, std::string> query;
  /// By lower-case names.
  std::map<std::string, std::string> headers;
  std::string body;
  /// Of multipart/form-data.
  std::vector<upload> parts;
  identity who;
  /// The client's address, for the audit.
  std::string peer;

  /// Empty when absent.
  const std::string& header(const std::string& name) const;
  /// Absent: nullopt.
  std::optional<std::string> param(const std::string& name) const;
};

/// A file to be sent in place of a body.
struct file_body {
  std::string path;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

struct response;

/// May take its time: it runs on a thread of the pool, with a connection to
/// Redis of its own.
using handler = std::function<response(const request&, records::redis&)>;

/// The answer is made by `then` once this job has ended, or when the time is
/// over.
struct wait_for_job {
  std::string job;
  double seconds = 0;
  handler then;
};

/// The answer is a stream of events that ends when the client goes, or with the
/// job's end.
struct event_stream {
  /// Empty: the fleet's.
  std::string job;
  /// Of the last event that the client saw; empty: from now on.
  std::string last_id;
  /// The job as it is now, JSON; empty: the stream begins with nothing.
  std::string now;
  /// `now` is all: the job has ended.
  bool ended = false;
};

struct response {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<file_body> file;
  std::optional<wait_for_job> wait;
  std::optional<event_stream> stream;
};

/// A field that was not accepted.
struct field_error {
  std::string field;
  /// As it came; it is cut when it is told.
  std::string got;
  std::string accepted;
};

/// `text` is JSON.
response answer(unsigned status, std::string text);

/// RFC 9457. `detail` may be empty.
response problem(unsigned status, std::string_view detail,
                 const std::vector<field_error>& errors = {},
                 std::string_view job = {});

/// The standard words for a status: "Not Found".
std::string_view title_of(unsigned status) noexcept;

} // namespace render::web
