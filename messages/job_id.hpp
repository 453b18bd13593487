#pragma once
// A job's id that may become part of a file name, a folder, an object's name or
// a request group. Producers may write anything as an id. A function that makes
// a name of an id takes a `job_id`, and `from` is the only way to get one.
#include "messages/failure.hpp"

#include <string>
#include <string_view>

namespace render {

class job_id {
public:
  /// 1 to 64 letters, digits and `. _ -` (ASCII), not beginning with `.` or
  /// `-`. Fails as `invalid_input`; the error shows the id escaped.
  static result<job_id> from(std::string_view text);

  const std::string& text() const noexcept {
    return text_;
  }

  /// The norm: 8-4-4-4-12 hexadecimal digits, of either case.
  bool is_uuid() const noexcept;

private:
  explicit job_id(std::string_view text) : text_(text) {
    // nop
  }

  std::string text_;
};

} // namespace render
