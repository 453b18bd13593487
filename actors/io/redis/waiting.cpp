// The blocking look at the queue.
#include "actors/io/redis/scripts/head.hpp"
#include "actors/io/redis/scripts/keys.hpp"
#include "actors/io/redis/shell.hpp"
#include "messages/moment.hpp"

#include <algorithm>
#include <utility>

namespace render::job_store {

promise<msg::queue_head> shell::await_work(const msg::await_work& x) const {
  auto out = self->make_response_promise<msg::queue_head>();
  st().waiting.askers.push_back(out);
  if (!st().waiting.under_way) {
    st().waiting.until_s = steady_seconds(self->clock().now())
                           + std::chrono::duration<double>(x.patience).count();
    wait_for_work();
  }
  return out;
}

namespace {

double seconds_left(const shell& sh) {
  return std::max(0.0, sh.st().waiting.until_s
                         - steady_seconds(sh.self->clock().now()));
}

// Brings whatever is pushed meanwhile along, so the link has a limit.
void block_on_queue(const shell& sh) {
  auto left = seconds_left(sh);
  command x;
  std::string queue{keys::queue};
  // 0 would wait for ever.
  x.args = {"BLMOVE", queue,  queue,
            "LEFT",   "LEFT", number_text(std::max(left, 0.001))};
  x.timeout = sh.cfg().command_timeout
              + milliseconds{static_cast<int64_t>(left * 1000)};
  sh.run(channel::waiting, std::move(x), [sh](answer got) {
    sh.waited(std::move(got));
  });
}

} // namespace

// Whoever may push to the queue may push anything: of what is there already,
// no more than an id may have comes along.
void shell::wait_for_work() const {
  st().waiting.under_way = true;
  auto x = make_command(call_of(head_args{}));
  x.timeout = cfg().command_timeout;
  run(channel::waiting, std::move(x), [sh = *this](answer got) {
    auto empty = got && got->type == reply::kind::nil;
    if (empty && sh.st().waiting.has_blmove && seconds_left(sh) > 0)
      return block_on_queue(sh);
    sh.waited(std::move(got));
  });
}

void shell::waited(answer got) const {
  if (!got)
    return answer_waiting(fail(got.error()));
  if (got->type == reply::kind::error) {
    if (!st().waiting.has_blmove
        || !got->text.starts_with("ERR unknown command"))
      return answer_waiting(fail(failure_of(got->text)));
    out().info("Redis has no BLMOVE: the queue is looked at every {} ms",
               cfg().poll_interval.count());
    st().waiting.has_blmove = false;
    return wait_for_work();
  }
  auto present = got->type == reply::kind::text;
  auto late = seconds_left(*this) == 0;
  if (!present && !st().waiting.has_blmove && !late)
    return arm(poll_queue, cfg().poll_interval);
  answer_waiting(msg::queue_head{present, job_id{got->text}});
}

void shell::answer_waiting(const result<msg::queue_head>& x) const {
  st().waiting.under_way = false;
  for (auto& to : std::exchange(st().waiting.askers, {}))
    deliver(to, x);
}

} // namespace render::job_store
