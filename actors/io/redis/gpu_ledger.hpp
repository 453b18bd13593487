#pragma once
// This worker's entries in the launch ledger, from the write or the takeover to
// the end. An entry is leased while somebody here confirms it.
#include "actors/io/redis/durable/durable.hpp"
#include "actors/io/redis/holdings.hpp"
#include "messages/confirmations.hpp"
#include "messages/fleet.hpp"
#include "messages/gpu_ledger.hpp"

#include <functional>
#include <map>
#include <string>
#include <variant>

namespace render::job_store {

/// What the writer of an entry is told: it was not renewed, or what an operator
/// wishes of its GPU.
using word_to_writer
  = std::variant<msg::check_gpu, msg::drain_gpu, msg::halt_gpu>;
using entry_writer = std::function<void(const word_to_writer&)>;

class gpu_ledger {
public:
  explicit gpu_ledger(durable& redis) : redis_(redis) {
    // nop
  }

  const holdings& mine() const {
    return mine_;
  }

  /// `writer` is kept as long as the entry is ours.
  void write(const gpu_entry& x, entry_writer writer, answer_to<void> then);
  /// Nothing where the entry is not ours, or nobody has written it here yet.
  void tell(const ledger_id& id, const word_to_writer& what) const;
  void close(const msg::close_gpu& x, answer_to<void> then);
  /// Leaves the entry to others.
  void leave(const msg::leave_gpu& x);
  /// Asked until Redis has answered.
  void hand_over(const msg::hand_over_gpus& x,
                 answer_to<msg::gpus_handed_over> then);
  void confirm(const msg::confirm_gpus& x);
  /// What others have given to this worker, and `orphans` too if so.
  void take_over(const msg::take_gpus& x, bool orphans,
                 answer_to<msg::gpus_taken> then);
  void view(const msg::view_gpus& x, answer_to<msg::gpus_seen> then);

  // -- for `leases`

  void leave_unconfirmed();
  void renew();

private:
  void let_go(const std::string& id, write_number number);
  void on_not_renewed(const std::string& id);

  durable& redis_;
  holdings mine_;
  std::map<std::string, entry_writer> writers_;
};

} // namespace render::job_store
