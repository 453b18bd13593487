// The launch ledger.
#include "actors/io/redis/scripts/close_gpu.hpp"
#include "actors/io/redis/scripts/reading.hpp"
#include "actors/io/redis/scripts/renew_gpus.hpp"
#include "actors/io/redis/scripts/take_gpus.hpp"
#include "actors/io/redis/scripts/view_gpus.hpp"
#include "actors/io/redis/scripts/write_gpu.hpp"
#include "actors/io/redis/shell.hpp"

namespace render::job_store {

void shell::renew_gpus() const {
  if (st().gpus.all().empty())
    return;
  renew_gpus_args what{cfg().worker, {}};
  for (auto& [id, x] : st().gpus.all())
    what.ids.push_back(id);
  run(call_of(what), [sh = *this](answer got) {
    sh.renew_soon_if_refused(got);
    if (auto lost = std::move(got).and_then(read_ids))
      for (auto& id : *lost)
        sh.not_renewed(id);
  });
}

// Whoever slept for long learns it now, and offers nothing of it to anybody.
void shell::not_renewed(const std::string& id) const {
  if (!st().gpus.has(id))
    return; // Its end was on the way.
  out().warn("ledger: entry {} was not renewed, it is another worker's now or "
             "gone",
             id);
  if (auto at = st().gpu_writers.find(id); at != st().gpu_writers.end())
    if (auto writer = caf::actor_cast<caf::actor>(at->second))
      caf::anon_send(writer, msg::check_gpu{ledger_id{id}});
}

void shell::confirm(const msg::confirm_gpus& x) const {
  for (auto& id : x.ids)
    st().gpus.confirm(id, 0, self->clock().now());
}

// What the SUPERVISOR has never heard of, because it got no answer, or what its
// GPU INSTANCE has died with, would run until its end while we renew it.
void shell::leave_unconfirmed() const {
  for (auto& [id, x] :
       st().gpus.unconfirmed(self->clock().now(), cfg().worker.lease)) {
    if (st().writes.has(ledger_write(id)))
      continue;
    out().error("ledger: nobody here looks after entry {}; it is left to "
                "others",
                id);
    drop_gpu(id);
  }
}

promise<caf::ok_atom> shell::write_gpu(const msg::write_gpu& x) const {
  auto& id = x.entry.id;
  // Before the promise, which takes the sender away.
  st().gpus.take(id, 0, self->clock().now());
  st().gpu_writers[id]
    = caf::actor_cast<caf::actor_addr>(self->current_sender());
  auto to = self->make_response_promise<caf::ok_atom>();
  held_gpu entry{id, cfg().worker.id, st().durable.session, gpu_fields(x.entry),
                 0};
  overwrite(
    ledger_write(id),
    [sh = *this, entry](write_number number) {
      return make_command(sh.gpu_command(entry, number));
    },
    [sh = *this, entry, id, to](const answer& got,
                                write_number number) mutable {
      auto ok = read_as_owner(id, got);
      if (ok && sh.st().gpus.has(id))
        sh.hold(entry, number);
      else if (ok)
        sh.redis_has(number); // Left meanwhile: nobody here looks after it.
      else if (ok.error().kind == failure_kind::not_owner)
        sh.drop_gpu(id);
      deliver(to, ok.map([] {
        return caf::ok_atom{};
      }));
    });
  return to;
}

script_call shell::gpu_command(const held_gpu& x, write_number number) const {
  write_gpu_args out;
  out.worker = cfg().worker;
  out.worker.id = x.owner;
  // What a dead worker left is nobody's when its lease has run out.
  if (!st().gpus.has(x.id))
    out.worker.lease = milliseconds{0};
  out.mark = {x.session, st().durable.confirmed, number};
  out.id = x.id;
  out.fields = x.fields;
  return call_of(out);
}

promise<caf::ok_atom> shell::close_gpu(const msg::close_gpu& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto& id = x.entry.id;
  overwrite(
    ledger_write(id),
    [sh = *this, x](write_number number) {
      return make_command(
        call_of(close_gpu_args{sh.cfg().worker, sh.mark(number), x, sh.now_s(),
                               sh.cfg().closed_gpus_max}));
    },
    [sh = *this, id, to](const answer& got, write_number) mutable {
      sh.drop_gpu(id);
      if (is_left_to_others(got))
        sh.out().warn("ledger: entry {} is left to others: its workload is "
                      "another launch's, whose own may still run",
                      id);
      deliver(to, read_as_owner(id, got).map([] {
        return caf::ok_atom{};
      }));
    });
  return to;
}

promise<msg::gpus_taken> shell::take_gpus(const msg::take_gpus& x) const {
  auto to = self->make_response_promise<msg::gpus_taken>();
  if (!may_take_over()) {
    to.deliver(msg::gpus_taken{});
    return to;
  }
  auto number = ++st().durable.last_number;
  run(call_of(take_gpus_args{cfg().worker, mark(number), x.limit}),
      [sh = *this, to, number](answer got) mutable {
        auto taken = std::move(got).and_then(read_take_gpus);
        if (taken) {
          taken->next_due_ms = sh.next_look(taken->next_due_ms).count();
          for (auto& entry : taken->entries) {
            sh.st().gpus.take(entry.id, 0, sh.self->clock().now());
            sh.hold({entry.id, sh.cfg().worker.id, sh.st().durable.session,
                     gpu_fields(entry), 0},
                    number);
          }
        }
        deliver(to, std::move(taken));
      });
  return to;
}

promise<msg::gpus_seen> shell::view_gpus(const msg::view_gpus& x) const {
  auto to = self->make_response_promise<msg::gpus_seen>();
  auto ended_max = x.ended_too ? cfg().closed_gpus_max : 0;
  run(call_of(view_gpus_args{cfg().worker.prefix, x.type, ended_max}),
      [to](answer got) mutable {
        deliver(to, std::move(got).and_then(read_view_gpus));
      });
  return to;
}

} // namespace render::job_store
