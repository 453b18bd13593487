#pragma once
// The speech app: espeak-ng speaks monologues into one MP3.
#include "app/local_cloud/gradio_app.hpp"

namespace render::local_cloud {

std::vector<gradio_endpoint> csm_endpoints(service_context context);

} // namespace render::local_cloud
