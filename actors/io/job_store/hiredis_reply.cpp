#include "actors/io/job_store/hiredis_reply.hpp"

#include <hiredis/hiredis.h>

namespace render::job_store {

reply to_reply(const redisReply& x) {
  switch (x.type) {
  case REDIS_REPLY_INTEGER:
    return reply::of(int64_t{x.integer});
  case REDIS_REPLY_STRING:
  case REDIS_REPLY_STATUS:
    return reply::of(std::string{x.str, x.len});
  case REDIS_REPLY_ERROR:
    return reply::error({x.str, x.len});
  case REDIS_REPLY_ARRAY: {
    std::vector<reply> xs;
    xs.reserve(x.elements);
    for (size_t i = 0; i < x.elements; ++i)
      xs.push_back(to_reply(*x.element[i]));
    return reply::of(std::move(xs));
  }
  default:
    return {};
  }
}

} // namespace render::job_store
