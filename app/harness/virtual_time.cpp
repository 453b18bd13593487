#include "app/harness/virtual_time.hpp"

namespace render::harness {

namespace {

template <class Duration>
virtual_duration since(Duration d) {
  return std::chrono::duration_cast<virtual_duration>(d);
}

} // namespace

virtual_time::virtual_time(uint64_t seed) : order_(seed), hash_(seed) {
  add_message_types(cfg_);
  cfg_.set("scheduler.policy", caf::atom("testing"));
  system_ = std::make_unique<caf::actor_system>(cfg_);
  scheduler_
    = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  start_ = scheduler_->clock().now();
}

virtual_time::~virtual_time() {
  settle_actors();
  // Only timers of dead actors are left, which the teardown would fire one by
  // one.
  scheduler_->clock().cancel_all();
  system_.reset();
}

void virtual_time::before(caf::scheduled_actor& actor) {
  hash_ = mix(hash_, actor.id());
  auto* element = actor.mailbox().peek();
  if (!element)
    return;
  hash_ = mix(hash_, element->mid.integer_value());
  hash_ = mix(hash_, element->content().type_token());
  if (recording())
    keep({events_.now(), actor.id(), actor.name(),
          element->content().stringify()});
  // The actor would drop the timeout of a request that has its answer.
  // Cancelling these timeouts saves a seventh of a run's messages.
  if (element->mid.is_response())
    scheduler_->clock().cancel_request_timeout(&actor, element->mid);
}

void virtual_time::keep(trace_entry x) {
  if (kept_ && !kept_(x))
    return;
  recorded_.push_back(std::move(x));
  if (recorded_.size() > record_limit_)
    recorded_.pop_front();
}

void virtual_time::add_record(std::string name, std::string text) {
  if (recording())
    keep({events_.now(), 0, std::move(name), std::move(text)});
}

void virtual_time::step() {
  auto& jobs = scheduler_->jobs;
  if (jobs.size() > 1)
    if (auto chosen = order_.below(jobs.size()); chosen > 0)
      std::swap(jobs.front(), jobs[chosen]);
  if (auto* job = jobs.front();
      job->subtype() == caf::resumable::scheduled_actor)
    before(static_cast<caf::scheduled_actor&>(*job));
  ++messages_;
  // Keeps CAF's logger, which writes nothing here, from noting the actor of
  // each message. Repeated, because each spawned actor sets the logger again.
  caf::logger::set_current_actor_system(nullptr);
  scheduler_->run_once();
}

void virtual_time::settle_actors() {
  while (!scheduler_->jobs.empty())
    step();
}

void virtual_time::settle() {
  do {
    settle_actors();
  } while (events_.run_one());
}

std::optional<virtual_duration> virtual_time::next_timer() const {
  auto& schedule = scheduler_->clock().schedule();
  if (schedule.empty())
    return std::nullopt;
  return since(schedule.begin()->first - start_);
}

// Moves to the next event that is due; false when that is after `end`.
bool virtual_time::advance(virtual_duration end) {
  auto timer = next_timer();
  auto event = events_.next();
  if (!timer && !event)
    return false;
  auto when = std::min(timer.value_or(virtual_duration::max()),
                       event.value_or(virtual_duration::max()));
  if (when > end)
    return false;
  auto& clock = scheduler_->clock();
  events_.move_to(when);
  clock.current_time = start_ + events_.now();
  hash_ = mix(hash_, static_cast<uint64_t>(events_.now().count()));
  if (timer && *timer <= events_.now())
    clock.trigger_expired_timeouts();
  else
    events_.run_one();
  return true;
}

void virtual_time::run_until(virtual_duration end) {
  while (!stopped_) {
    if (!scheduler_->jobs.empty())
      step();
    else if (!advance(end))
      break;
  }
  if (stopped_ || events_.now() >= end)
    return;
  events_.move_to(end);
  scheduler_->clock().current_time = start_ + end;
}

void virtual_time::kill(const std::vector<caf::actor>& whom) {
  for (auto& x : whom)
    if (x)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

} // namespace render::harness
