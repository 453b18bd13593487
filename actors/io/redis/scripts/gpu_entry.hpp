#pragma once
// Ledger entries as Redis has them, and back; what the scripts of the launch
// ledger share. Pure.
#include "actors/io/redis/link/reply.hpp"
#include "messages/gpu_ledger.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace render::job_store {

/// Field, value, ... of the entry's hash.
std::vector<std::string> gpu_fields(const gpu_entry& x);

/// Of entries {id, type, state, expires, intent_at, workload, node,
/// launched_at, known_before}.
std::vector<gpu_entry> read_gpu_entries(reply& x);

/// What came of a write of an owner: 0, another worker owns the entry; -1,
/// another entry has its workload; -2 and -3, what may be spent in an hour, or
/// in a day, does not allow it.
result<void> read_as_owner(const std::string& id, const result<reply>& got);

/// read_entry(prefix, id): an entry, or false.
extern const std::string_view gpu_entry_lua;

/// named_elsewhere(ledger, prefix, id, workload): two launches whose answers
/// were lost may find the same workload: the first to write it down has it.
extern const std::string_view named_elsewhere_lua;

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
