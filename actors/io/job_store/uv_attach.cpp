#include "actors/io/job_store/uv_attach.hpp"

#include <memory>

namespace render::job_store {

namespace {

struct poller {
  redisAsyncContext* context = nullptr;
  uv_poll_t handle{};
  int events = 0;
};

// Any of the two calls may free the context; `cleanup` then forgets it.
void on_events(uv_poll_t* handle, int status, int events) {
  auto* p = static_cast<poller*>(handle->data);
  // hiredis finds the socket's error when it reads.
  if (p->context && (status != 0 || (events & UV_READABLE) != 0))
    redisAsyncHandleRead(p->context);
  if (p->context && status == 0 && (events & UV_WRITABLE) != 0)
    redisAsyncHandleWrite(p->context);
}

void watch(poller* p, int events) {
  if (events == p->events)
    return;
  p->events = events;
  if (events != 0)
    uv_poll_start(&p->handle, events, on_events);
  else
    uv_poll_stop(&p->handle);
}

template <int Add, int Remove>
void change(void* raw) {
  auto* p = static_cast<poller*>(raw);
  watch(p, (p->events | Add) & ~Remove);
}

void cleanup(void* raw) {
  auto* p = static_cast<poller*>(raw);
  p->context = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&p->handle), [](uv_handle_t* h) {
    std::unique_ptr<poller> owned{static_cast<poller*>(h->data)};
  });
}

} // namespace

bool attach(redisAsyncContext* context, uv_loop_t* loop) {
  auto p = std::make_unique<poller>();
  if (uv_poll_init(loop, &p->handle, context->c.fd) != 0)
    return false;
  p->context = context;
  p->handle.data = p.get();
  context->ev.addRead = change<UV_READABLE, 0>;
  context->ev.delRead = change<0, UV_READABLE>;
  context->ev.addWrite = change<UV_WRITABLE, 0>;
  context->ev.delWrite = change<0, UV_WRITABLE>;
  context->ev.cleanup = cleanup;
  context->ev.data = p.release();
  return true;
}

} // namespace render::job_store
