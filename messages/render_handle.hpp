#pragma once
// Where a render runs on a GPU, so that a later owner of the job can follow it
// instead of paying for it twice. Only for services that keep a render when its
// client goes: ComfyUI does, Gradio does not.
#include "messages/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace render {

struct render_handle {
  gpu_host node;
  /// "comfyui".
  std::string service;
  /// The service's own id of the render: a prompt id.
  std::string id;

  friend bool operator==(const render_handle&, const render_handle&) = default;
};

/// The text for `job::remote`.
std::string to_text(const render_handle& x);

/// Nothing when the text is no handle.
std::optional<render_handle> read_handle(std::string_view text);

} // namespace render
