#pragma once
// The one CAF type-id block. Append only: type names travel on the wire in CAF
// 0.17.6, and an unregistered type serializes to nothing without an error.
#include "messages/fleet.hpp"
#include "messages/gpu.hpp"
#include "messages/gpu_ledger.hpp"
#include "messages/http.hpp"
#include "messages/input_look.hpp"
#include "messages/job.hpp"
#include "messages/media.hpp"
#include "messages/node.hpp"
#include "messages/object_store.hpp"
#include "messages/queue.hpp"
#include "messages/render.hpp"
#include "messages/surroundings.hpp"
#include "messages/timer.hpp"
#include "messages/webhook.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/make_message.hpp>
#include <caf/type_id.hpp>

// clang-format off
#define RENDER_MESSAGE_TYPES(X)                                                \
  X(failure)                                                                   \
  X(job)                                                                       \
  X(job_outcome)                                                               \
  X(webhook)                                                                   \
  X(gpu_workload)                                                              \
  X(http_request)                                                              \
  X(http_response)                                                             \
  X(msg::await_work)                                                           \
  X(msg::queue_head)                                                           \
  X(msg::peek_queue)                                                           \
  X(msg::queue_snapshot)                                                       \
  X(msg::claim_quota)                                                          \
  X(msg::claim_jobs)                                                           \
  X(msg::claim_unfit)                                                          \
  X(msg::unfit_job)                                                            \
  X(msg::claimed_jobs)                                                         \
  X(msg::release_job)                                                          \
  X(msg::report_progress)                                                      \
  X(msg::ownership)                                                            \
  X(msg::settle_job)                                                           \
  X(msg::job_settled)                                                          \
  X(msg::capacity)                                                             \
  X(msg::look_now)                                                             \
  X(msg::jobs_claimed)                                                         \
  X(msg::backlog)                                                              \
  X(msg::deliver_webhook)                                                      \
  X(msg::take_webhooks)                                                        \
  X(msg::webhooks_taken)                                                       \
  X(msg::record_delivery)                                                      \
  X(msg::flush_webhooks)                                                       \
  X(msg::http_chunk)                                                           \
  X(msg::cancel_http)                                                          \
  X(msg::launch_gpu)                                                           \
  X(msg::list_gpus)                                                            \
  X(msg::gpu_list)                                                             \
  X(msg::stop_gpu)                                                             \
  X(msg::gpu_stopped)                                                          \
  X(msg::probe_gpu)                                                            \
  X(msg::run_job)                                                              \
  X(msg::drain_gpu)                                                            \
  X(msg::halt_gpu)                                                             \
  X(msg::gpu_update)                                                           \
  X(msg::job_ended)                                                            \
  X(msg::stop_render)                                                          \
  X(msg::render_ended)                                                         \
  X(msg::identify_file)                                                        \
  X(msg::file_identity)                                                        \
  X(msg::prepare_image)                                                        \
  X(msg::prepared_image)                                                       \
  X(msg::prepare_audio)                                                        \
  X(msg::prepared_audio)                                                       \
  X(msg::cancel_media)                                                         \
  X(msg::store_file)                                                           \
  X(msg::stored_file)                                                          \
  X(msg::check_storage)                                                        \
  X(msg::timer_due)                                                            \
  X(msg::drain_node)                                                           \
  X(msg::get_status)                                                           \
  X(msg::node_status)                                                          \
  X(msg::fleet_orders)                                                         \
  X(msg::node_drained)                                                         \
  X(msg::note_attempt)                                                         \
  X(gpu_entry)                                                                 \
  X(msg::write_gpu)                                                            \
  X(msg::close_gpu)                                                            \
  X(msg::leave_gpu)                                                            \
  X(msg::take_gpus)                                                            \
  X(msg::gpus_taken)                                                           \
  X(msg::note_remote)                                                          \
  X(msg::view_gpus)                                                            \
  X(msg::gpus_seen)                                                            \
  X(msg::check_gpu)                                                            \
  X(msg::render_parked)                                                        \
  X(msg::check_surroundings)                                                   \
  X(msg::surroundings_seen)                                                    \
  X(msg::look_at_inputs)                                                       \
  X(msg::inputs_seen)                                                          \
  X(measured)                                                                  \
  X(type_facts)                                                                \
  X(worker_facts)                                                              \
  X(fleet_member)                                                              \
  X(msg::tell_fleet)                                                           \
  X(msg::fleet_view)                                                           \
  X(msg::hand_over_gpus)                                                       \
  X(msg::gpus_handed_over)                                                     \
  X(msg::gpus_given)                                                           \
  X(msg::get_peers)                                                            \
  X(msg::peer_link)                                                            \
  X(msg::peers_report)
// clang-format on

CAF_BEGIN_TYPE_ID_BLOCK(render, caf::first_custom_type_id)

#define RENDER_ADD_TYPE_ID(type) CAF_ADD_TYPE_ID(render, (render::type))
  RENDER_MESSAGE_TYPES(RENDER_ADD_TYPE_ID)
#undef RENDER_ADD_TYPE_ID

CAF_END_TYPE_ID_BLOCK(render)

// CAF would make the code that reads, writes and prints a message anew in each
// file that sends one: a third of the time of a build.
#define RENDER_EXTERN_MESSAGE(type)                                            \
  extern template class caf::detail::tuple_vals_impl<                          \
    caf::detail::message_data, render::type>;                                  \
  extern template class caf::detail::tuple_vals<render::type>;                 \
  extern template class caf::detail::type_erased_value_impl<render::type>;
RENDER_MESSAGE_TYPES(RENDER_EXTERN_MESSAGE)
#undef RENDER_EXTERN_MESSAGE

namespace render {

/// Tells CAF the types of all messages; before a system is made of `cfg`.
void add_message_types(caf::actor_system_config& cfg);

} // namespace render
