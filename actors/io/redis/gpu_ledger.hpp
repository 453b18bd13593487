#pragma once
// This worker's entries in the launch ledger, from the write or the takeover to
// the end. An entry is leased while somebody here confirms it.
#include "actors/io/redis/durable/durable.hpp"
#include "actors/io/redis/holdings.hpp"
#include "messages/confirmations.hpp"
#include "messages/fleet.hpp"
#include "messages/gpu_ledger.hpp"

namespace render::job_store {

class gpu_ledger {
public:
  explicit gpu_ledger(durable& redis) : redis_(redis) {
    // nop
  }

  const holdings& mine() const {
    return mine_;
  }

  /// `on_not_renewed` is kept as long as the entry is ours.
  void write(const gpu_entry& x, std::function<void()> on_not_renewed,
             answer_to<void> then);
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
  /// Who is told when an entry is not renewed.
  std::map<std::string, std::function<void()>> writers_;
};

} // namespace render::job_store
