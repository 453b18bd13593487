#pragma once
// Results on their way to S3-compatible storage or a local folder.
#include <cstdint>
#include <string>

namespace render::msg {

/// Stores a finished file as `output/{name}`; answered with `stored_file`.
struct store_file {
  std::string path;
  /// File name of the object, without a folder.
  std::string name;
  std::string content_type;
  std::string group;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, store_file& x) {
  return f(x.path, x.name, x.content_type, x.group);
}

struct stored_file {
  /// Presigned https/http URL, or file://. A presigned one is a secret: it
  /// goes into the record and the webhook, never into a log.
  std::string url;
  /// 0: not known.
  uint64_t bytes = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stored_file& x) {
  return f(x.url, x.bytes);
}

/// Does the storage answer, and does it accept our keys? Answered with ok.
struct check_storage {
  bool create_bucket = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, check_storage& x) {
  return f(x.create_bucket);
}

} // namespace render::msg
