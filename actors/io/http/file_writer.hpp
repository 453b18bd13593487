#pragma once
// Writes one file on a thread of its own: a slow or hanging disk holds up only
// the request of this file.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace render {

class file_writer {
public:
  /// `moved` is called on the writer's thread: each time when there is room
  /// again after there was none, and when there is an outcome.
  file_writer(std::string path, std::function<void()> moved);
  file_writer(const file_writer&) = delete;
  file_writer& operator=(const file_writer&) = delete;
  /// Waits for nothing. A file that was not kept is removed, at the latest when
  /// a hanging write returns.
  ~file_writer();

  /// Whether the caller may write now, or waits until `moved` is called.
  bool has_room() const;

  void write(std::string_view bytes);

  /// The file is complete with what was written so far.
  void close();

  /// Removes the file. The outcome comes after that.
  void abandon();

  /// 0 when all is written and closed, an errno when that has failed; nothing
  /// while the writer works.
  std::optional<int> outcome() const;

  /// Lets the file stay. Called after an outcome of 0.
  void keep();

private:
  struct state;
  static void run(const std::shared_ptr<state>& x);

  std::shared_ptr<state> state_;
};

} // namespace render
