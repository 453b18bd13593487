#include "actors/io/redis/gpu_ledger.hpp"

#include "actors/io/redis/calls.hpp"
#include "actors/io/redis/scripts/close_gpu.hpp"
#include "actors/io/redis/scripts/hand_over.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/renew_gpus.hpp"
#include "actors/io/redis/scripts/take_gpus.hpp"
#include "actors/io/redis/scripts/view_gpus.hpp"

namespace render::job_store {

void gpu_ledger::write(const gpu_entry& x, entry_writer writer,
                       answer_to<void> then) {
  mine_.take(x.id, 0, redis_.now());
  writers_[x.id] = std::move(writer);
  auto asked = x.state == gpu_entry_state::intent && x.workload.empty()
               && x.expires_s > 0;
  held_gpu entry{x.id, redis_.cfg.worker.id, redis_.session, gpu_fields(x), 0};
  redis_.overwrite(
    durable::ledger_write(x.id),
    [this, entry, asked](write_number number) {
      return write_gpu_call(redis_, entry, mine_.has(entry.id), number, asked);
    },
    [this, entry, then = std::move(then)](const answer& got,
                                          write_number number) {
      auto& id = entry.id;
      auto ok = read_as_owner(id, got);
      if (ok && mine_.has(id))
        redis_.keep(entry, number);
      else if (ok)
        redis_.confirm(number); // Left meanwhile: nobody looks after it.
      else if (ok.error().kind == failure_kind::not_owner)
        leave({ledger_id{id}});
      then(std::move(ok));
    });
}

void gpu_ledger::close(const msg::close_gpu& x, answer_to<void> then) {
  redis_.overwrite(
    durable::ledger_write(x.entry.id),
    [this, x](write_number number) {
      return make_command(
        call_of(close_gpu_args{redis_.cfg.worker, redis_.mark(number), x,
                               redis_.now_s(), redis_.cfg.closed_gpus_max}));
    },
    [this, id = x.entry.id, then = std::move(then)](const answer& got,
                                                    write_number) {
      leave({ledger_id{id}});
      if (is_left_to_others(got))
        redis_.log->warn("ledger: entry {} is left to others: its workload is "
                         "another launch's, whose own may still run",
                         id);
      then(read_as_owner(id, got));
    });
}

void gpu_ledger::leave(const msg::leave_gpu& x) {
  auto& id = x.id;
  mine_.forget(id, 0);
  writers_.erase(id);
  // What is kept for another worker stays until that one has it.
  auto known = redis_.gpus().find(id);
  if (known != redis_.gpus().end()
      && known->second.owner == redis_.cfg.worker.id)
    redis_.drop_gpu(id);
}

void gpu_ledger::hand_over(const msg::hand_over_gpus& x,
                           answer_to<msg::gpus_handed_over> then) {
  std::string name = "hand-over to worker " + x.to + " of ledger entries";
  for (auto& id : x.entries)
    name += " " + id;
  redis_.write(
    name,
    [this, x](write_number number) {
      return make_command(
        call_of(hand_over_args{redis_.cfg.worker, redis_.mark(number), x}));
    },
    [this, then = std::move(then)](const answer& got, write_number number) {
      auto handed = answer{got}.and_then(read_hand_over);
      if (handed)
        for (auto& id : handed->entries)
          let_go(id, number);
      then(std::move(handed));
    });
}

// Redis could lose it until the other worker has it. As what a dead worker left
// it belongs to nobody then, and is looked at until it has an owner.
void gpu_ledger::let_go(const std::string& id, write_number number) {
  mine_.forget(id, 0);
  writers_.erase(id);
  auto known = redis_.gpus().find(id);
  if (known == redis_.gpus().end())
    return redis_.confirm(number);
  auto left = known->second;
  left.owner = {};
  redis_.keep(std::move(left), number);
  redis_.arm(look_at_left_gpus_again, redis_.cfg.worker.lease);
}

void gpu_ledger::confirm(const msg::confirm_gpus& x) {
  for (auto& id : x.ids)
    mine_.confirm(id, 0, redis_.now());
}

void gpu_ledger::take_over(const msg::take_gpus& x, bool orphans,
                           answer_to<msg::gpus_taken> then) {
  auto number = redis_.next_number();
  redis_.run(call_of(take_gpus_args{redis_.cfg.worker, redis_.mark(number),
                                    x.limit, orphans}),
             [this, number, then = std::move(then)](answer got) {
               auto taken = std::move(got).and_then(read_take_gpus);
               if (taken)
                 for (auto& entry : taken->entries) {
                   mine_.take(entry.id, 0, redis_.now());
                   redis_.keep({entry.id, redis_.cfg.worker.id, redis_.session,
                                gpu_fields(entry), 0},
                               number);
                 }
               then(std::move(taken));
             });
}

void gpu_ledger::view(const msg::view_gpus& x, answer_to<msg::gpus_seen> then) {
  auto ended_max = x.ended_too ? redis_.cfg.closed_gpus_max : 0;
  redis_.run(
    call_of(view_gpus_args{redis_.cfg.worker.prefix, x.type, ended_max}),
    [then = std::move(then)](answer got) {
      then(std::move(got).and_then(read_view_gpus));
    });
}

// What the SUPERVISOR has never heard of, because it got no answer, or what its
// GPU INSTANCE has died with, would run until its end while we renew it.
void gpu_ledger::leave_unconfirmed() {
  for (auto& [id, x] :
       mine_.unconfirmed(redis_.now(), redis_.cfg.worker.lease)) {
    if (redis_.is_writing(durable::ledger_write(id)))
      continue;
    redis_.log->error("ledger: nobody here looks after entry {}; it is left to "
                      "others",
                      id);
    leave({ledger_id{id}});
  }
}

void gpu_ledger::renew() {
  if (mine_.all().empty())
    return;
  renew_gpus_args what{redis_.cfg.worker, {}};
  for (auto& [id, x] : mine_.all())
    what.ids.push_back(id);
  redis_.run(call_of(what), [this](answer got) {
    if (is_refusal(got))
      redis_.arm(renew_leases, redis_.cfg.renew_after_refusal());
    if (auto lost = std::move(got).and_then(read_ids))
      for (auto& id : *lost)
        on_not_renewed(id);
  });
}

// A GPU INSTANCE whose process was stopped for long learns here that the GPU
// may be another worker's, and offers it to nobody until it has looked.
void gpu_ledger::on_not_renewed(const std::string& id) {
  if (!mine_.has(id))
    return; // Its end was on the way.
  redis_.log->warn(
    "ledger: entry {} was not renewed, it is another worker's now "
    "or gone",
    id);
  tell(ledger_id{id}, msg::check_gpu{ledger_id{id}});
}

void gpu_ledger::tell(const ledger_id& id, const word_to_writer& what) const {
  if (auto at = writers_.find(id); at != writers_.end() && mine_.has(id))
    at->second(what);
}

} // namespace render::job_store
