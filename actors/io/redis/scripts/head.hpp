#pragma once
// The head of the queue, as far as it may be an id. Changes nothing.
#include "actors/io/redis/scripts/script.hpp"

namespace render::job_store {

struct head_args {};

script_call call_of(const head_args& x);

// Its answer: a text; nil when the queue is empty.

} // namespace render::job_store
