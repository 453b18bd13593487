#pragma once
// Ledger entries ↔ Redis. Pure, and as wary as codec.hpp.
#include "actors/io/redis/link/reply.hpp"
#include "messages/gpu_ledger.hpp"

#include <string>
#include <vector>

namespace render::job_store {

/// Field, value, ... of the entry's hash.
std::vector<std::string> gpu_fields(const gpu_entry& x);

result<msg::gpus_taken> decode_gpus(reply x);

result<msg::gpus_seen> decode_gpu_entries(reply x);

/// What is kept of an ended GPU, a line of JSON: id, type, workload, node,
/// worker, launched_at, stopped_at, seconds, refund_amount, reason.
std::string closed_gpu_json(const msg::close_gpu& x, std::string_view worker,
                            double now_s);

/// The parts of such a line that tell whose it is.
std::string closed_id_text(std::string_view id);
std::string closed_workload_text(std::string_view workload);

/// Empty when it never had one, or when this is no such line.
std::string workload_of_closed(std::string_view line);

} // namespace render::job_store
