#include "actors/renderer/work_folders.hpp"

#include "actors/io/files/files.hpp"
#include "messages/text/path_below.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <mutex>

namespace render {

namespace {

const std::string work = ".work";
const std::string lock_name = ".lock";
constexpr double lockless_for_s = 86'400;

bool lock_now(const descriptor& lock) {
  return flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

// Another worker that sweeps may have removed the file before it was locked.
bool is_still_there(const descriptor& lock) {
  struct stat found {};
  return fstat(lock.get(), &found) == 0 && found.st_nlink > 0;
}

struct place_on_disk {
  descriptor folder;
  descriptor lock;
};

result<descriptor> open_work(const std::string& output_dir) {
  auto root = files::open_root(output_dir);
  if (!root)
    return root;
  auto out = files::open_folder(*root, work, files::missing::is_made);
  // An earlier version made this folder readable for all.
  if (out)
    fchmod(out->get(), 0700);
  return out;
}

result<place_on_disk> take_place(const descriptor& all,
                                 const std::string& name) {
  constexpr int tries = 5;
  for (auto i = 0; i < tries; ++i) {
    auto folder = files::open_folder(all, name, files::missing::is_made);
    if (!folder)
      return fail(folder.error());
    auto lock = files::open_file(*folder, lock_name);
    if (!lock)
      return fail(lock.error());
    // Another worker holds the lock: it is sweeping, and will remove the file.
    if (flock(lock->get(), LOCK_EX) == 0 && is_still_there(*lock))
      return place_on_disk{std::move(*folder), std::move(*lock)};
  }
  return fail(failure_kind::unfit,
              "the place " + name + " is removed again and again");
}

void sweep(const descriptor& all, const std::string& name, double now_s) {
  auto folder = files::open_folder(all, name, files::missing::is_an_error);
  if (!folder || files::changed_s(*folder, lock_name) < 0) {
    // The place is an earlier version's, or will be locked in a moment.
    if (files::changed_s(all, name) < now_s - lockless_for_s)
      files::remove_tree(all, name);
    return;
  }
  // Held while the place is removed: see take_place.
  auto lock = files::open_file(*folder, lock_name);
  if (lock && lock_now(*lock))
    files::remove_tree(all, name);
}

class work_folders : public folder_keeper {
public:
  work_folders(std::string output_dir, std::string place, place_on_disk own)
    : output_dir_(std::move(output_dir)), place_(std::move(place)),
      own_(std::move(own)) {
    // nop
  }

  ~work_folders() override {
    if (auto all = open_work(output_dir_))
      files::remove_tree(*all, place_);
  }

  result<std::string> make(const std::string& name) override {
    std::lock_guard guard{mutex_};
    // A person may have tidied up OUTPUT_DIR.
    if (!is_still_there(own_.lock))
      if (auto again = take_again(); !again)
        return fail(again.error());
    return files::open_folder(own_.folder, name, files::missing::is_made)
      .and_then([&](const descriptor&) {
        return path_below(output_dir_ + "/" + work + "/" + place_, name);
      });
  }

  void remove(const std::string& name) override {
    std::lock_guard guard{mutex_};
    files::remove_tree(own_.folder, name);
  }

private:
  result<void> take_again() {
    auto all = open_work(output_dir_);
    if (!all)
      return fail(all.error());
    auto own = take_place(*all, place_);
    if (!own)
      return fail(own.error());
    own_ = std::move(*own);
    return {};
  }

  std::string output_dir_;
  std::string place_;
  std::mutex mutex_;
  place_on_disk own_;
};

} // namespace

result<std::shared_ptr<folder_keeper>>
open_work_folders(const std::string& output_dir, const std::string& place,
                  double now_s) {
  auto wrong = [](failure why) {
    return fail(failure_kind::invalid_input,
                "OUTPUT_DIR: the folder for work in progress: " + why.message);
  };
  auto all = open_work(output_dir);
  if (!all)
    return wrong(all.error());
  for (auto& name : files::names_in(*all))
    sweep(*all, name, now_s);
  auto own = take_place(*all, place);
  if (!own)
    return wrong(own.error());
  return std::make_shared<work_folders>(output_dir, place, std::move(*own));
}

} // namespace render
