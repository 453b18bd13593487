// The launch ledger.
#include "actors/io/job_store/shell.hpp"

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
  return {};
}

} // namespace

void shell::renew_gpus() const {
  if (st().gpus.empty())
    return;
  std::vector<std::string> argv{cfg().worker_id,
                                std::to_string(cfg().lease.count()),
                                keys::gpu_prefix(cfg().prefix)};
  argv.insert(argv.end(), st().gpus.begin(), st().gpus.end());
  run(make_command(renew_gpus_script(), {keys::gpus(cfg().prefix)},
                   std::move(argv)),
      [sh = *this](answer got) {
        if (got && got->type == reply::kind::array)
          for (auto& id : got->elements)
            sh.out().warn("ledger: entry {} is another worker's now", id.text);
      });
}

promise<caf::ok_atom> shell::write_gpu(const msg::write_gpu& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto& id = x.entry.id;
  st().gpus.insert(id);
  write(
    // A number, so that no write waits for an older one of the same entry.
    "ledger entry " + id + " (" + std::string{to_string(x.entry.state)} + ", "
      + std::to_string(st().last_id) + ")",
    [sh = *this, entry = x.entry] {
      std::vector<std::string> argv{
        sh.cfg().worker_id, std::to_string(sh.cfg().lease.count()), entry.id};
      auto fields = gpu_fields(entry);
      argv.insert(argv.end(), fields.begin(), fields.end());
      return make_command(
        write_gpu_script(),
        {keys::gpus(sh.cfg().prefix), keys::gpu(sh.cfg().prefix, entry.id)},
        std::move(argv));
    },
    [sh = *this, id, to](const answer& got) mutable {
      auto ok = as_owner(id, got);
      if (!ok && ok.error().kind == failure_kind::not_owner)
        sh.st().gpus.erase(id);
      deliver(to, ok.map([] {
        return caf::ok_atom{};
      }));
    });
  return to;
}

promise<caf::ok_atom> shell::close_gpu(const msg::close_gpu& x) const {
  auto to = self->make_response_promise<caf::ok_atom>();
  auto& id = x.entry.id;
  write(
    "end of ledger entry " + id,
    [sh = *this, x] {
      auto& prefix = sh.cfg().prefix;
      auto& worker = sh.cfg().worker_id;
      return make_command(close_gpu_script(),
                          {keys::gpus(prefix), keys::gpu(prefix, x.entry.id),
                           keys::closed_gpus(prefix)},
                          {worker, x.entry.id,
                           closed_gpu_json(x, worker, sh.st().deps.now()),
                           std::to_string(sh.cfg().closed_gpus_max)});
    },
    [sh = *this, id, to](const answer& got) mutable {
      sh.st().gpus.erase(id);
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
  run(make_command(take_gpus_script(), {keys::gpus(cfg().prefix)},
                   {cfg().worker_id, std::to_string(cfg().lease.count()),
                    keys::gpu_prefix(cfg().prefix), std::to_string(x.limit)}),
      [sh = *this, to](answer got) mutable {
        auto taken = std::move(got).and_then(decode_gpus);
        if (taken)
          for (auto& entry : taken->entries)
            sh.st().gpus.insert(entry.id);
        deliver(to, std::move(taken));
      });
  return to;
}

} // namespace render::job_store
