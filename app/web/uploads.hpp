#pragma once
// Receives the parts of a form: files go to a folder as they arrive, fields
// stay in memory.
#include "app/web/message.hpp"
#include "app/web/multipart.hpp"
#include "messages/failure.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace render::web {

class upload_receiver {
public:
  /// Bytes of a field that is no file.
  static constexpr size_t field_max = 64u << 10;
  /// Space that stays free on the disk.
  static constexpr uint64_t spare = 64u << 20;

  /// `folder` exists. `most`: bytes of all parts together.
  upload_receiver(const std::string& boundary, std::filesystem::path folder,
                  uint64_t most);

  upload_receiver(const upload_receiver&) = delete;
  upload_receiver& operator=(const upload_receiver&) = delete;
  /// Deletes the files that nobody took.
  ~upload_receiver();

  /// Fails as `invalid_input` for what is no form or is too long, and as
  /// `unfit` when the disk does not take it.
  result<void> take(std::string_view bytes);

  /// All parts, once the form is whole; the files stay this object's until
  /// whoever wants one moves it away.
  result<std::vector<upload>> finish();

  /// Whether the failure was one of length.
  bool too_large() const noexcept {
    return too_large_;
  }

private:
  class digest;

  result<void> begin(const multipart_reader::part& x);
  result<void> bytes(std::string_view x);
  result<void> end();
  result<void> disk_failure() const;

  std::filesystem::path folder_;
  uint64_t left_;
  bool too_large_ = false;
  std::vector<upload> parts_;
  int file_ = -1;
  std::unique_ptr<digest> digest_;
  multipart_reader reader_;
};

} // namespace render::web
