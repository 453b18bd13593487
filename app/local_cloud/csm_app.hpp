#pragma once
// The speech app: monologues spoken by espeak-ng, as one MP3.
#include "app/local_cloud/gradio_app.hpp"

namespace render::local_cloud {

std::vector<gradio_endpoint> csm_endpoints(service_context context);

} // namespace render::local_cloud
