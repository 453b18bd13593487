#include "messages/render_handle.hpp"

#include "messages/text/json.hpp"

namespace render {

std::string to_text(const render_handle& x) {
  return "{\"node\":" + json::quote(x.node) + ",\"service\":"
         + json::quote(x.service) + ",\"id\":" + json::quote(x.id) + "}";
}

std::optional<render_handle> read_handle(std::string_view text) {
  if (text.empty())
    return std::nullopt;
  auto doc = json::parse(text);
  if (!doc || !doc->IsObject())
    return std::nullopt;
  render_handle out{gpu_host{json::string_or_empty(*doc, "node")},
                    json::string_or_empty(*doc, "service"),
                    json::string_or_empty(*doc, "id")};
  if (out.node.empty() || out.service.empty() || out.id.empty())
    return std::nullopt;
  return out;
}

} // namespace render
