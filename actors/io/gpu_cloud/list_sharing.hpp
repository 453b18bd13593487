#pragma once
// Which list of the account's workloads may answer a question. A look at a
// GPU's health takes one that was asked for a moment before, so that a worker
// asks the provider once and not once a GPU. A launch takes none that was asked
// for before its own question: what it does not show may have been launched
// since. Pure.
#include <cstdint>
#include <optional>
#include <vector>

namespace render::gpu_cloud {

class list_sharing {
public:
  enum class way : uint8_t {
    /// A new list is asked for, under this number.
    ask,
    /// The list with this number is on its way, and will do.
    wait,
    /// The latest list will do.
    take,
  };
  struct verdict {
    way how = way::ask;
    uint64_t number = 0;
  };

  /// `age_s`: a list that was asked for less than so long ago will do; 0: none
  /// but a new one.
  verdict on_question(bool running_only, double age_s, double now_s);

  /// True: it is the latest list now.
  bool on_answer(uint64_t number, bool good);

private:
  struct list {
    uint64_t number = 0;
    bool running_only = true;
    double asked_s = 0;
  };

  uint64_t last_number_ = 0;
  /// In the order of their questions.
  std::vector<list> under_way_;
  std::optional<list> latest_;
};

} // namespace render::gpu_cloud
