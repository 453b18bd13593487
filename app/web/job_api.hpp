#pragma once
// The routes of /v1/jobs.
#include "app/web/job_view.hpp"
#include "app/web/router.hpp"

#include <memory>
#include <vector>

namespace render::web {

std::vector<route> job_routes(const std::shared_ptr<const service_facts>& of);

/// Sends `job` on its way; its answer is 202, or that of `Prefer: wait`.
response create_job(const request& x, records::redis& db,
                    const std::shared_ptr<const service_facts>& facts);

} // namespace render::web
