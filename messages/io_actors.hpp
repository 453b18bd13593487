#pragma once
// The outside worlds except Redis, each behind one typed interface. The harness
// puts in-memory worlds in their place.
#include "messages/type_ids.hpp"

#include <caf/timespan.hpp>
#include <caf/typed_actor.hpp>

namespace render {

/// Receives the pieces of a streamed body, in order.
using http_sink_actor = caf::typed_actor<caf::reacts_to<msg::http_chunk>>;

/// The HTTP actor interface. A failure is an error with a `failure_kind`:
/// `unavailable` (nothing was sent, or it is safe to repeat), `outcome_unknown`
/// (sent, no complete answer), `invalid_input` (the URL), `rejected` (body over
/// its limit), `unfit` (the output file cannot be written), `aborted`.
using http_actor = caf::typed_actor<
  // One exchange.
  caf::replies_to<http_request>::with<http_response>,
  // One exchange whose 2xx body goes to the sink as it arrives. A body of
  // another status stays in the response. With a ws:// or wss:// URL each text
  // message of the server is one piece.
  caf::replies_to<http_request, http_sink_actor>::with<http_response>,
  // Aborts by group prefix. Loss is harmless: requests have timeouts.
  caf::reacts_to<msg::cancel_http>>;

/// The GPU CLOUD actor interface.
using gpu_cloud_actor = caf::typed_actor<
  // Rents a GPU. The GPU CLOUD does not retry.
  caf::replies_to<msg::launch_gpu>::with<gpu_workload>,
  // All workloads of the account, asked for after this question.
  caf::replies_to<msg::list_gpus>::with<msg::gpu_list>,
  // The same; one that was asked for less than so long before will do.
  caf::replies_to<msg::list_gpus, caf::timespan>::with<msg::gpu_list>,
  // Ends one.
  caf::replies_to<msg::stop_gpu>::with<msg::gpu_stopped>,
  // Ok when the GPU, or one of its services, answers.
  caf::replies_to<msg::probe_gpu>::with<caf::ok_atom>>;

/// The OBJECT STORE actor interface.
using object_store_actor = caf::typed_actor<
  // Stores a result. Fails as `unfit` when the storage does not take it now.
  caf::replies_to<msg::store_file>::with<msg::stored_file>,
  // For --check-config and the SURROUNDINGS.
  caf::replies_to<msg::check_storage>::with<caf::ok_atom>>;

/// The MEDIA actor interface.
using media_actor = caf::typed_actor<
  caf::replies_to<msg::identify_file>::with<msg::file_identity>,
  caf::replies_to<msg::prepare_image>::with<msg::prepared_image>,
  caf::replies_to<msg::prepare_audio>::with<msg::prepared_audio>,
  // Loss is harmless: the work ends by itself.
  caf::reacts_to<msg::cancel_media>>;

/// The SURROUNDINGS actor interface.
using surroundings_actor = caf::typed_actor<
  // Looks at the disk, the storage and the programs.
  caf::replies_to<msg::check_surroundings>::with<msg::surroundings_seen>>;

} // namespace render
