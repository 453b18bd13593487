// The launch ledger.
#include "actors/io/redis/shell.hpp"

namespace render::job_store {

namespace {

result<void> as_owner(const std::string& id, const answer& got) {
  if (!got)
    return fail(got.error());
  if (got->type == reply::kind::error)
    return fail(failure_of(got->text));
  if (got->integer == 0)
    return fail(failure_kind::not_owner,
                "ledger entry " + id + " is another worker's now");
  if (got->integer < 0)
    return fail(failure_kind::rejected,
                "another entry of the ledger has the workload of " + id);
  return {};
}

} // namespace

void shell::renew_gpus() const {
  if (st().gpus.empty())
    return;
  std::vector<std::string> argv{cfg().worker_id,
                                std::to_string(cfg().lease.count()),
                                keys::gpu_prefix(cfg().prefix)};
  for (auto& [id, holder] : st().gpus)
    argv.push_back(id);
  run(make_command(renew_gpus_script(), {keys::gpus(cfg().prefix)},
                   std::move(argv)),
      [sh = *this](answer got) {
        sh.renew_soon_if_refused(got);
        if (got && got->type == reply::kind::array)
          for (auto& id : got->elements)
            sh.not_renewed(id.text);
      });
}

// Whoever slept for long learns it now, and offers nothing of it to anybody.
void shell::not_renewed(const std::string& id) const {
  auto at = st().gpus.find(id);
  if (at == st().gpus.end())
    return; // Its end was on the way.
  out().warn("ledger: entry {} was not renewed, it is another worker's now or "
             "gone",
             id);
  if (auto holder = caf::actor_cast<caf::actor>(at->second.holder))
    caf::anon_send(holder, msg::check_gpu{id});
}

void shell::held_by(const std::string& id,
                    const caf::strong_actor_ptr& holder) const {
  st().gpus[id] = {caf::actor_cast<caf::actor_addr>(holder),
                   self->clock().now()};
}

// What the SUPERVISOR has never heard of, because it got no answer, would run
// until its end while we renew it.
void shell::leave_unheld() const {
  auto since = self->clock().now() - cfg().unheld_max;
  std::vector<std::string> left;
  for (auto& [id, x] : st().gpus)
    if (!x.holder && x.since <= since)
      left.push_back(id);
  for (auto& id : left) {
    out().error("ledger: nobody holds entry {}; it is left to others", id);
    drop_gpu(id);
  }
}

promise<caf::ok_atom> shell::write_gpu(const msg::write_gpu& x) const {
  auto& id = x.entry.id;
  // Before the promise, which takes the sender away.
  held_by(id, self->current_sender());
  auto to = self->make_response_promise<caf::ok_atom>();
  held_gpu entry{id, cfg().worker_id, st().session, gpu_fields(x.entry), 0};
  overwrite(
    ledger_write(id),
    [sh = *this, entry](write_number number) {
      return sh.gpu_command(entry, number);
    },
    [sh = *this, entry, id, to](const answer& got,
                                write_number number) mutable {
      auto ok = as_owner(id, got);
      if (ok && sh.st().gpus.contains(id))
        sh.hold(entry, number);
      else if (ok)
        sh.confirm(number); // Left meanwhile: nobody here looks after it.
      else if (ok.error().kind == failure_kind::not_owner)
        sh.drop_gpu(id);
      deliver(to, ok.map([] {
        return caf::ok_atom{};
      }));
    });
  return to;
}

command shell::gpu_command(const held_gpu& x, write_number number) const {
  auto& prefix = cfg().prefix;
  // What a dead worker left is nobody's when its lease has run out.
  auto lease = st().gpus.contains(x.id) ? cfg().lease : milliseconds{0};
  std::vector<std::string> argv{x.owner,
                                std::to_string(lease.count()),
                                x.id,
                                keys::gpu_prefix(prefix),
                                std::to_string(st().confirmed),
                                std::to_string(number)};
  argv.insert(argv.end(), x.fields.begin(), x.fields.end());
  return make_command(
    write_gpu_script(),
    {keys::gpus(prefix), keys::gpu(prefix, x.id), mark_key(x.session)},
    std::move(argv));
}

promise<caf::ok_atom> shell::close_gpu(const msg::close_gpu& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto& id = x.entry.id;
  overwrite(
    ledger_write(id),
    [sh = *this, x](write_number number) {
      auto& prefix = sh.cfg().prefix;
      auto& worker = sh.cfg().worker_id;
      return make_command(
        close_gpu_script(),
        {keys::gpus(prefix), keys::gpu(prefix, x.entry.id),
         keys::closed_gpus(prefix), sh.mark_key(sh.st().session)},
        {worker, x.entry.id, closed_gpu_json(x, worker, sh.st().deps.now()),
         std::to_string(sh.cfg().closed_gpus_max), keys::gpu_prefix(prefix),
         x.entry.workload, closed_workload_text(x.entry.workload),
         closed_id_text(x.entry.id), std::to_string(sh.st().confirmed),
         std::to_string(number)});
    },
    [sh = *this, id, to](const answer& got, write_number) mutable {
      sh.drop_gpu(id);
      if (got && got->integer == 2)
        sh.out().warn("ledger: entry {} is left to others: its workload is "
                      "another launch's, whose own may still run",
                      id);
      deliver(to, as_owner(id, got).map([] {
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
  auto number = ++st().last_number;
  run(make_command(take_gpus_script(),
                   {keys::gpus(cfg().prefix), mark_key(st().session)},
                   {cfg().worker_id, std::to_string(cfg().lease.count()),
                    keys::gpu_prefix(cfg().prefix), std::to_string(x.limit),
                    std::to_string(st().confirmed), std::to_string(number)}),
      [sh = *this, to, number](answer got) mutable {
        auto taken = std::move(got).and_then(decode_gpus);
        if (taken) {
          taken->next_due_ms = sh.next_look(taken->next_due_ms).count();
          for (auto& entry : taken->entries) {
            sh.st().gpus.try_emplace(entry.id, job_store_state::held_entry{
                                                 {}, sh.self->clock().now()});
            sh.hold({entry.id, sh.cfg().worker_id, sh.st().session,
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
  run(make_command(
        view_gpus_script(),
        {keys::gpus(cfg().prefix), keys::closed_gpus(cfg().prefix)},
        {keys::gpu_prefix(cfg().prefix), x.type, std::to_string(ended_max)}),
      [to](answer got) mutable {
        deliver(to, std::move(got).and_then(decode_gpu_entries));
      });
  return to;
}

} // namespace render::job_store
