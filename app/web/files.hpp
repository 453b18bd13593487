#pragma once
// Uploaded inputs, in a folder, by the digest of their bytes. Workers get them
// by links that are signed and end; whoever has a link needs no key.
#include "app/web/message.hpp"
#include "messages/failure.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace render::web {

/// Lower-case SHA-256?
bool is_file_id(std::string_view x);

/// "expires=N&signature=HEX" for this file under the folder's secret.
std::string signed_query(std::string_view id, int64_t expires_s,
                         std::string_view secret);

class file_store {
public:
  /// `folder` is made when it is missing, with a secret that outlives the
  /// process. `url`: how workers reach the service, without a slash at its end.
  static result<file_store> open(std::filesystem::path folder, std::string url,
                                 double ttl_s);

  struct entry {
    std::string path;
    uint64_t bytes = 0;
    std::string content_type;
    /// As the client named it; empty: it did not.
    std::string name;
    /// Unix seconds; 0: it stays.
    double expires_s = 0;
  };

  struct kept {
    entry file;
    /// The same bytes were there already.
    bool known = false;
  };

  /// Moves the part's file here. Its life begins anew if it was here already.
  result<kept> keep(const upload& x);

  std::optional<entry> find(std::string_view id) const;

  /// For a worker: it holds as long as the file, at least `for_s` from `now_s`.
  /// nullopt: there is no such file.
  std::optional<std::string> link(std::string_view id, double now_s) const;

  bool is_signed(std::string_view id, std::string_view expires,
                 std::string_view signature, double now_s) const;

  /// Deletes what is over; for a timer. Returns how many.
  size_t sweep(double now_s) const;

  const std::filesystem::path& folder() const noexcept {
    return folder_;
  }

private:
  /// Seconds after its last change; 0: it stays.
  double life_of(const std::string& name) const;

  file_store(std::filesystem::path folder, std::string url, std::string secret,
             double ttl_s);

  std::filesystem::path folder_;
  std::string url_;
  std::string secret_;
  double ttl_s_ = 0;
};

} // namespace render::web
