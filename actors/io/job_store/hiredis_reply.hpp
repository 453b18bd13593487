#pragma once
// What hiredis' parser has read, as a value.
#include "actors/io/job_store/reply.hpp"

struct redisReply;

namespace render::job_store {

/// Kinds that RESP2 does not have are nil.
reply to_reply(const redisReply& x);

} // namespace render::job_store
