#include "messages/type_ids.hpp"

#define RENDER_MESSAGE_CODE(type)                                              \
  template class caf::detail::tuple_vals_impl<caf::detail::message_data,       \
                                              render::type>;                   \
  template class caf::detail::tuple_vals<render::type>;                        \
  template class caf::detail::type_erased_value_impl<render::type>;
RENDER_MESSAGE_TYPES(RENDER_MESSAGE_CODE)
#undef RENDER_MESSAGE_CODE

namespace render {

void add_message_types(caf::actor_system_config& cfg) {
  cfg.add_message_types<caf::id_block::render>();
}

} // namespace render
