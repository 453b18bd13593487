#pragma once
// Workers, GPUs, webhooks and spend as clients of the HTTP service see them.
// Pure.
#include "app/records/bulk.hpp"
#include "app/records/gantt.hpp"
#include "app/records/picture.hpp"
#include "app/records/spend.hpp"
#include "app/records/webhooks.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace render::web {

/// `details`: settings, errors and addresses for operators are told too.
std::string fleet_json(const records::fleet_picture& x, bool details);

std::string worker_json(const records::worker_view& x, bool details);

std::string gpus_json(const std::vector<records::open_gpu>& open,
                      const std::vector<records::closed_gpu>& closed,
                      const std::vector<records::leased_job>& running,
                      const std::optional<records::provider_sight>& provider);

std::string gantt_json(const std::vector<records::gantt_row>& rows,
                       double from_s, double to_s);

std::string webhooks_json(const std::vector<records::webhook_entry>& pending,
                          const std::vector<records::webhook_entry>& dead,
                          bool details);

/// By the first hour of each day. Days without spending are there too: `days`
/// of them until the one with the hour `now_hour` (whole hours since 1970).
std::string usage_json(const std::map<int64_t, records::spent_span>& spent,
                       uint32_t days, int64_t now_hour);

std::string bulk_json(const records::bulk_done& x, bool dry_run);

} // namespace render::web
