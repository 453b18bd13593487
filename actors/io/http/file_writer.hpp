#pragma once
// Writes one file on a thread of its own: a disk that is slow, or hangs, holds
// up nobody but those who wait for this file.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace render {

class file_writer {
public:
  /// `moved` is called on the writer's thread, without end: when there is room
  /// again after there was none, and when there is an outcome.
  file_writer(std::string path, std::function<void()> moved);
  file_writer(const file_writer&) = delete;
  file_writer& operator=(const file_writer&) = delete;
  /// Waits for nothing. A file that was not kept is removed, at the latest when
  /// the disk lets go of it.
  ~file_writer();

  /// Whether to write now, or to wait until `moved` is called.
  bool has_room() const;

  void write(std::string_view bytes);

  /// There is no more to come.
  void close();

  /// The file is not wanted: it is removed, and then there is an outcome.
  void abandon();

  /// 0 when all is written and closed, an errno when that has failed; nothing
  /// as long as it goes on.
  std::optional<int> outcome() const;

  /// After an outcome of 0: the file stays.
  void keep();

private:
  struct state;
  static void run(const std::shared_ptr<state>& x);

  std::shared_ptr<state> state_;
};

} // namespace render
