#pragma once
// The routes of /v1/files.
#include "app/web/job_api.hpp"

namespace render::web {

std::vector<route> file_routes(const std::shared_ptr<const service_facts>& of);

/// The one file of a form; nullptr: there is none, or more than one.
const upload* only_file(const request& x);

} // namespace render::web
