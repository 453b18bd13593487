#pragma once
// Records one try to deliver a webhook.
//
// Changes: the outbox, its entry, and unless it is tried again the mark; with a
// dead letter also the dead letters, and the entries of those that are too
// many.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct record_delivery_args {
  /// In front of every key of our own.
  std::string prefix = "c3:";
  mark_move mark;
  std::string job_id;
  /// delivered|retry_later|dead.
  std::string state;
  /// Tries made.
  uint32_t attempts = 0;
  std::string error;
  /// When to try again.
  milliseconds delay{0};
  uint32_t dead_letters_max = 10'000;
};

script_call call_of(const record_delivery_args& x);

// Its answer: how many dead letters were trimmed.

} // namespace render::job_store
