#include "actors/renderer/work_folders.hpp"

#include "actors/io/files/disk_thread.hpp"
#include "actors/io/files/files.hpp"
#include "messages/text/path_below.hpp"

#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <system_error>

namespace render {

namespace {

const std::string work = ".work";
const std::string lock_name = ".lock";
constexpr double lockless_for_s = 86'400;
// A disk that hangs must not keep the end of the process waiting.
constexpr std::chrono::seconds end_limit{3};

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

// The lock goes last: a place without one counts as an earlier version's, whose
// rest would stay for a day.
void remove_place(const descriptor& all, const std::string& name) {
  if (auto folder = files::open_folder(all, name, files::missing::is_an_error))
    for (auto& x : files::names_in(*folder))
      if (x != lock_name)
        files::remove_tree(*folder, x);
  files::remove_tree(all, name);
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
    remove_place(all, name);
}

/// The place of this worker, for the thread that makes folders.
class own_place {
public:
  own_place(std::string output_dir, std::string name, place_on_disk own)
    : output_dir_(std::move(output_dir)), name_(std::move(name)),
      own_(std::make_shared<const place_on_disk>(std::move(own))) {
    // nop
  }

  result<std::string> make(const std::string& name) {
    // A person may have tidied up OUTPUT_DIR.
    if (!is_still_there(own_->lock))
      if (auto again = take_again(); !again)
        return fail(again.error());
    return files::open_folder(own_->folder, name, files::missing::is_made)
      .and_then([&](const descriptor&) {
        return path_below(output_dir_ + "/" + work + "/" + name_, name);
      });
  }

  /// Takes the folder out of the way, so that its name is free at once, and
  /// returns the work that is left.
  std::function<void()> set_aside(const std::string& name) {
    // No attempt has such a name: theirs have a dash.
    auto aside = ".gone." + std::to_string(++gone_);
    // A full disk may have no room for a new name.
    if (!files::rename(own_->folder, name, aside)) {
      files::remove_tree(own_->folder, name);
      return [] {};
    }
    return [own = own_, aside] {
      files::remove_tree(own->folder, aside);
    };
  }

  void remove() {
    if (auto all = open_work(output_dir_))
      remove_place(*all, name_);
  }

private:
  result<void> take_again() {
    auto all = open_work(output_dir_);
    if (!all)
      return fail(all.error());
    auto own = take_place(*all, name_);
    if (!own)
      return fail(own.error());
    own_ = std::make_shared<const place_on_disk>(std::move(*own));
    return {};
  }

  const std::string output_dir_;
  const std::string name_;
  /// Shared with removals, which may be slow.
  std::shared_ptr<const place_on_disk> own_;
  uint64_t gone_ = 0;
};

using disk_task = std::function<void()>;
/// Has tasks done in order.
using carrier = std::function<void(disk_task)>;

carrier new_carrier(disk_work how) {
  if (how == disk_work::at_once)
    return [](const disk_task& task) {
      task();
    };
  return [thread = std::make_shared<disk_thread>()](disk_task task) {
    thread->post(std::move(task));
  };
}

class work_folders : public folder_keeper {
public:
  work_folders(own_place where, disk_work how)
    : where_(std::make_shared<own_place>(std::move(where))),
      quick_(new_carrier(how)), slow_(new_carrier(how)) {
    // nop
  }

  ~work_folders() override {
    auto gone = std::make_shared<std::promise<void>>();
    auto end = gone->get_future();
    quick_([where = where_, gone] {
      where->remove();
      gone->set_value();
    });
    end.wait_for(end_limit);
  }

  void make(const std::string& name, receiver then) override {
    quick_([where = where_, name, then = std::move(then)] {
      then(where->make(name));
    });
  }

  void remove(const std::string& name) override {
    quick_([where = where_, slow = slow_, name] {
      slow(where->set_aside(name));
    });
  }

private:
  std::shared_ptr<own_place> where_;
  carrier quick_;
  /// Removals: a large folder keeps nobody from a new one.
  carrier slow_;
};

} // namespace

result<std::shared_ptr<folder_keeper>>
open_work_folders(const std::string& output_dir, const std::string& place,
                  double now_s, disk_work how) {
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
  try {
    return std::make_shared<work_folders>(
      own_place{output_dir, place, std::move(*own)}, how);
  } catch (const std::system_error& err) {
    return fail(failure_kind::unfit,
                std::string{"no thread for the disk: "} + err.what());
  }
}

} // namespace render
