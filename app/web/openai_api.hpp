#pragma once
// The audio routes of OpenAI, for programs that speak them. They wait for the
// job, so they are for warm fleets.
#include "app/web/job_api.hpp"

namespace render::web {

std::vector<route>
openai_routes(const std::shared_ptr<const service_facts>& of);

} // namespace render::web
