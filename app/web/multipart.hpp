#pragma once
// Reads multipart/form-data piece by piece as it arrives (RFC 7578, RFC 2046
// section 5.1.1), so that a large file is never in memory. Pure: the sink gets
// the bytes.
#include "messages/failure.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace render::web {

/// The boundary of a Content-Type of multipart/form-data; nullopt: it is
/// another type, or has no boundary of 1 to 70 characters.
std::optional<std::string> boundary_of(std::string_view content_type);

class multipart_reader {
public:
  struct part {
    std::string name;
    /// Its last component; empty: the part is no file.
    std::string file_name;
    std::string content_type;
    bool is_file = false;
  };

  struct sink {
    std::function<result<void>(const part&)> begin;
    std::function<result<void>(std::string_view)> bytes;
    std::function<result<void>()> end;
  };

  static constexpr size_t parts_max = 32;
  static constexpr size_t head_max = 4096;

  multipart_reader(const std::string& boundary, sink to);

  /// Fails as `invalid_input`, or with what the sink says. Takes nothing more
  /// after a failure.
  result<void> take(std::string_view bytes);

  /// Whether the last boundary was there; call it after all bytes.
  bool complete() const noexcept {
    return at_ == state::over;
  }

private:
  enum class state { preamble, head, body, after, over };

  result<void> step(bool& more);
  result<void> begin_part(std::string_view head);

  std::string delimiter_;
  sink to_;
  std::string held_;
  state at_ = state::preamble;
  size_t parts_ = 0;
};

} // namespace render::web
