// Sends the writes that are repeated until Redis has answered.
#include "actors/io/redis/shell.hpp"

#include <utility>

namespace render::job_store {

void shell::write(const std::string& name, lasting_writes::maker make,
                  lasting_writes::asker asker) const {
  if (st().writes.ask(name, std::move(make), std::move(asker)))
    try_write(name);
}

void shell::overwrite(const std::string& name, lasting_writes::maker make,
                      lasting_writes::asker asker) const {
  st().writes.overwrite(name, std::move(make), std::move(asker));
  try_write(name);
}

void shell::try_write(const std::string& name) const {
  auto number = st().durable.last_number + 1;
  auto what = st().writes.begin(name, number);
  if (!what)
    return;
  st().durable.last_number = number;
  run(std::move(*what), [sh = *this, name](answer got) {
    sh.wrote(name, std::move(got));
  });
}

void shell::wrote(const std::string& name, answer got) const {
  if (got && got->type == reply::kind::error)
    got = fail(failure_of(got->text));
  auto next = st().writes.on_answer(name, got, cfg().retries);
  if (next.is_old)
    return try_write(name);
  if (next.begins_to_fail)
    out().warn("{}: not confirmed, trying again ({})", name,
               got.error().message);
  if (next.retry_in)
    arm(retry_writes, *next.retry_in);
  for (auto& asker : next.askers)
    asker(got, next.number);
}

void shell::retry_failed_writes() const {
  for (auto& name : st().writes.take_failed())
    try_write(name);
}

} // namespace render::job_store
