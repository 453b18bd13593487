#pragma once
// Which list of the account's workloads may answer a question. A look at a
// GPU's health takes one that was asked for a moment before, so that a worker
// asks the provider once and not once a GPU. A launch takes none that was asked
// for before its own question: what it does not show may have been launched
// since. Launches that ask while a list is on its way share the next one. Pure.
#include <cstdint>
#include <optional>
#include <vector>

namespace render::gpu_cloud {

class list_sharing {
public:
  enum class way : uint8_t {
    /// A new list is asked for, under this number.
    ask,
    /// The list with this number is on its way or will be, and will do.
    wait,
    /// The latest list will do.
    take,
  };
  struct verdict {
    way how = way::ask;
    uint64_t number = 0;
  };
  /// To be asked for now.
  struct order {
    uint64_t number = 0;
    bool running_only = true;
  };

  /// A list that is on its way for longer holds up no question but those that
  /// wait already.
  static constexpr double patience_s = 2;

  /// `age_s`: a list that was asked for less than so long ago will do; 0: none
  /// but a new one.
  verdict on_question(bool running_only, double age_s, double now_s);

  struct outcome {
    /// It is the latest list now.
    bool is_latest = false;
    /// Has waited for it.
    std::optional<order> next;
  };

  outcome on_answer(uint64_t number, bool good, double now_s);

private:
  struct list {
    uint64_t number = 0;
    bool running_only = true;
    double asked_s = 0;
  };
  /// Will be asked for when the list before it has come.
  struct next_list {
    order what;
    uint64_t after = 0;
  };

  verdict ask(bool running_only, double now_s);

  uint64_t last_number_ = 0;
  /// In the order of their questions.
  std::vector<list> under_way_;
  std::vector<next_list> next_;
  std::optional<list> latest_;
};

} // namespace render::gpu_cloud
