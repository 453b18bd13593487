#pragma once
// hiredis' parser, bounded, and what it has read as a value.
#include "actors/io/redis/link/reply.hpp"

#include <cstddef>
#include <memory>

struct redisReader;
struct redisReply;

namespace render::job_store {

/// Elements of one reply, those of inner arrays too. Our scripts answer with
/// some ten thousand at most.
inline constexpr size_t reply_elements_max = 1'000'000;

/// Of RESP2. A reply that announces more elements is an error at once: hiredis
/// takes the memory for them before the first one has come.
std::shared_ptr<redisReader> make_reader();

/// Kinds that RESP2 does not have are nil.
reply to_reply(const redisReply& x);

} // namespace render::job_store
