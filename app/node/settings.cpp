#include "app/node/settings.hpp"

#include "app/node/cluster_settings.hpp"
#include "app/node/record_settings.hpp"
#include "app/node/span_settings.hpp"
#include "app/node/web_settings.hpp"

namespace render {

std::vector<setting> with_further_settings(std::vector<setting> before) {
  auto out = with_record_settings(with_cluster_settings(std::move(before)));
  return with_web_settings(with_span_settings(std::move(out)));
}

} // namespace render
