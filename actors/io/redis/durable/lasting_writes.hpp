#pragma once
// Writes that are repeated until Redis has answered. Each has a name: what is
// asked for twice is written once, and answered twice. Pure: who sends them is
// the shell.
#include "actors/io/redis/durable/journal.hpp"
#include "actors/io/redis/link/command.hpp"
#include "actors/io/redis/link/reply.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render::job_store {

/// Redis is away, or not willing: that passes.
inline bool is_outage(const failure& x) {
  return x.kind == failure_kind::unavailable
         || x.kind == failure_kind::outcome_unknown;
}

class lasting_writes {
public:
  /// The command of a try with this number.
  using maker = std::function<command(write_number)>;
  /// Hears the number of the try that was answered.
  using asker = std::function<void(const result<reply>&, write_number)>;

  struct pace {
    milliseconds least{100};
    milliseconds most{5'000};
  };

  /// True: it is to `begin`; false: it was asked for before.
  bool ask(const std::string& name, maker make, asker then);
  /// In the place of an older write of that name, which is not tried again:
  /// Redis must not hear of it after the newer one. Whoever asked for it hears
  /// what came of the newest. Then it is to `begin`.
  void overwrite(const std::string& name, maker make, asker then);

  /// What to send now, under this number; nothing while a try is under way.
  std::optional<command> begin(const std::string& name, write_number number);

  struct answered {
    /// It was overwritten meanwhile: `begin` it again.
    bool is_old = false;
    /// The first failure of a row of them.
    bool begins_to_fail = false;
    /// When to `take_failed`, if nobody waits for that yet.
    std::optional<milliseconds> retry_in;
    /// To be told, of the write that is done.
    std::vector<asker> askers;
    write_number number = 0;
  };

  /// An error of Redis comes as a failure.
  answered on_answer(const std::string& name, const result<reply>& got,
                     const pace& retries);

  /// Names to `begin` again, in the order in which they failed.
  std::vector<std::string> take_failed();

  bool has(const std::string& name) const {
    return all_.contains(name);
  }

private:
  struct one {
    maker make;
    std::vector<asker> askers;
    /// Of the latest try.
    write_number number = 0;
    bool under_way = false;
    /// `make` is newer than the try under way.
    bool changed = false;
  };

  std::map<std::string, one> all_;
  std::vector<std::string> failed_;
  /// 0: the latest answer was none of an outage.
  milliseconds delay_{0};
  bool retry_armed_ = false;
};

} // namespace render::job_store
