// The blocking look at the queue.
#include "actors/io/job_store/shell.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

promise<msg::queue_head> shell::await_work(const msg::await_work& x) const {
  auto out = self->make_response_promise<msg::queue_head>();
  st().awaiting.push_back(out);
  if (!st().wait_under_way) {
    st().awaiting_until_s = st().deps.now()
                            + std::chrono::duration<double>(x.patience).count();
    wait_for_work();
  }
  return out;
}

void shell::wait_for_work() const {
  auto left = std::max(0.0, st().awaiting_until_s - st().deps.now());
  command x;
  std::string queue{keys::queue};
  // 0 would wait for ever.
  if (st().has_blmove)
    x.args = {"BLMOVE", queue,  queue,
              "LEFT",   "LEFT", number_text(std::max(left, 0.001))};
  else
    x.args = {"LINDEX", queue, "0"};
  x.timeout = cfg().command_timeout
              + milliseconds{static_cast<int64_t>(left * 1000)};
  st().wait_under_way = true;
  run(channel::waiting, std::move(x), [sh = *this](answer got) {
    sh.waited(std::move(got));
  });
}

void shell::waited(answer got) const {
  if (!got)
    return answer_waiting(fail(got.error()));
  if (got->type == reply::kind::error) {
    if (!st().has_blmove || !got->text.starts_with("ERR unknown command"))
      return answer_waiting(fail(failure_of(got->text)));
    out().info("Redis has no BLMOVE: the queue is looked at every {} ms",
               cfg().poll_interval.count());
    st().has_blmove = false;
    return wait_for_work();
  }
  auto present = got->type == reply::kind::text;
  auto late = st().deps.now() >= st().awaiting_until_s;
  if (!present && !st().has_blmove && !late)
    return arm(poll_queue, cfg().poll_interval);
  answer_waiting(msg::queue_head{present, got->text});
}

void shell::answer_waiting(const result<msg::queue_head>& x) const {
  st().wait_under_way = false;
  for (auto& to : std::exchange(st().awaiting, {}))
    deliver(to, x);
}

} // namespace render::job_store
