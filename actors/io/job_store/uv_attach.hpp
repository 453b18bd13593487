#pragma once
// Ties a hiredis context to a libuv loop. hiredis 0.14 ships such an adapter,
// but that one drops the error status of uv_poll, with which libuv reports a
// refused connection: the context would never learn of it.
#include <hiredis/async.h>
#include <uv.h>

namespace render::job_store {

/// The context owns the poll handle from now on. False when libuv refuses the
/// file descriptor.
bool attach(redisAsyncContext* context, uv_loop_t* loop);

} // namespace render::job_store
