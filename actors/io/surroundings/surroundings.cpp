#include "actors/io/surroundings/surroundings.hpp"

#include "messages/failure_caf.hpp"

#include <chrono>

namespace render {

namespace {

using namespace std::chrono_literals;
using self_ptr = surroundings_actor::stateful_pointer<surroundings_state>;

// Longer than the OBJECT STORE's own limits.
constexpr auto storage_timeout = 40s;

caf::result<msg::surroundings_seen> look(self_ptr self, bool thorough) {
  auto seen = self->state.machine->look(thorough);
  if (!thorough || !seen.unfit.empty())
    return seen;
  auto out = self->make_response_promise<msg::surroundings_seen>();
  self->request(self->state.objects, storage_timeout, msg::check_storage{})
    .then(
      [out, seen](caf::ok_atom) mutable {
        out.deliver(seen);
      },
      [out, seen](const caf::error& err) mutable {
        seen.unfit = "storage";
        seen.text = to_failure(err).message;
        out.deliver(seen);
      });
  return out;
}

} // namespace

surroundings_actor::behavior_type
surroundings_behavior(self_ptr self,
                      std::shared_ptr<surroundings::machine> machine,
                      object_store_actor objects) {
  self->state.machine = std::move(machine);
  self->state.objects = std::move(objects);
  return {
    [self](const msg::check_surroundings& x) {
      return look(self, x.thorough);
    },
  };
}

} // namespace render
