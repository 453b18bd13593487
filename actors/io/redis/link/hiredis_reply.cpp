#include "actors/io/redis/link/hiredis_reply.hpp"

#include <hiredis/hiredis.h>

namespace render::job_store {

namespace {

/// A parser that counts what the reply it reads has announced.
struct bounded_reader {
  bounded_reader() {
    if (!reader)
      return;
    functions = *reader->fn;
    usual = functions.createArray;
    functions.createArray = &create_array;
    reader->fn = &functions;
    reader->privdata = this;
  }

  bounded_reader(const bounded_reader&) = delete;
  bounded_reader& operator=(const bounded_reader&) = delete;

  /// Nothing is an error for hiredis.
  static void* create_array(const redisReadTask* task, int elements) {
    auto& self = *static_cast<bounded_reader*>(task->privdata);
    if (!task->parent)
      self.left = reply_elements_max;
    if (elements < 0 || static_cast<size_t>(elements) > self.left)
      return nullptr;
    self.left -= static_cast<size_t>(elements);
    return self.usual(task, elements);
  }

  size_t left = reply_elements_max;
  redisReplyObjectFunctions functions{};
  void* (*usual)(const redisReadTask*, int) = nullptr;
  /// Last: its end calls the functions.
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader{
    redisReaderCreate(), redisReaderFree};
};

} // namespace

std::shared_ptr<redisReader> make_reader() {
  auto owner = std::make_shared<bounded_reader>();
  return {owner, owner->reader.get()};
}

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
