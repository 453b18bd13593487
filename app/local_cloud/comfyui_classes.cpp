#include "app/local_cloud/comfyui_classes.hpp"

#include <utility>

namespace render::local_cloud {

namespace {

using names = std::vector<std::string>;

input_rule link(const char* name, const char* type) {
  return {name, want::link, type};
}
input_rule integer(const char* name, double least, double most) {
  return {name, want::integer, "INT", least, most};
}
input_rule number(const char* name, double least, double most) {
  return {name, want::number, "FLOAT", least, most};
}
input_rule one_of(const char* name, names choices) {
  return {name, want::one_of, "COMBO", 0, 0, std::move(choices)};
}

} // namespace

const std::map<std::string, class_rule, std::less<>>& node_classes() {
  static const std::map<std::string, class_rule, std::less<>> table{
    {"LoadImage", {{{"image", want::file}}, {"IMAGE", "MASK"}}},
    {"LoadAudio", {{{"audio", want::file}}, {"AUDIO"}}},
    {"ImageResize+",
     {{link("image", "IMAGE"), integer("width", 0, 16384),
       integer("height", 0, 16384),
       one_of("interpolation", {"nearest", "bilinear", "bicubic", "area",
                                "nearest-exact", "lanczos"}),
       one_of("method", {"stretch", "keep proportion", "fill / crop", "pad"}),
       one_of("condition",
              {"always", "downscale if bigger", "upscale if smaller",
               "if bigger area", "if smaller area"}),
       integer("multiple_of", 0, 512)},
      {"IMAGE", "INT", "INT"}}},
    {"Image Resize",
     {{link("image", "IMAGE"), one_of("mode", {"rescale", "resize"}),
       one_of("supersample", {"true", "false"}),
       one_of("resampling", {"lanczos", "nearest", "bilinear", "bicubic"}),
       number("rescale_factor", 0.01, 16), integer("resize_width", 1, 48000),
       integer("resize_height", 1, 48000)},
      {"IMAGE"}}},
    // Returns its input.
    {std::string{passing_class}, {{link("anything", "*")}, {"*"}}},
    {"PreviewImage", {{link("images", "IMAGE")}, {}, true}},
    {"SaveImage",
     {{link("images", "IMAGE"), {"filename_prefix", want::text}}, {}, true}},
    {"ImageOnlyCheckpointLoader",
     {{one_of("ckpt_name", {"svd_xt.safetensors", "svd_xt_1_1.safetensors"})},
      {"MODEL", "CLIP_VISION", "VAE"}}},
    {"SONICTLoader",
     {{link("model", "MODEL"),
       one_of("sonic_unet", {"unet.pth"}),
       number("ip_audio_scale", 0.5, 2),
       {"use_interframe", want::boolean},
       one_of("dtype", {"fp16", "fp32", "bf16"})},
      {"MODEL_SONIC", "DTYPE"}}},
    {"SONIC_PreData",
     {{link("clip_vision", "CLIP_VISION"), link("vae", "VAE"),
       link("audio", "AUDIO"), link("image", "IMAGE"),
       link("weight_dtype", "DTYPE"), integer("min_resolution", 128, 2048),
       number("duration", 1, 1e8), number("expand_ratio", 0, 1)},
      {"SONIC_PREDATA"}}},
    {"SONICSampler",
     {{link("model", "MODEL_SONIC"), link("data_dict", "SONIC_PREDATA"),
       integer("seed", 0, 1.8446744073709552e19),
       integer("inference_steps", 1, 1024), number("dynamic_scale", 0, 2),
       number("fps", 5, 120)},
      {"IMAGE", "FLOAT"}}},
    {"VHS_VideoCombine",
     {{link("images", "IMAGE"),
       number("frame_rate", 1, 240),
       integer("loop_count", 0, 100),
       {"filename_prefix", want::text},
       one_of("format", {"video/h264-mp4"}),
       {"pingpong", want::boolean},
       {"save_output", want::boolean},
       {"audio", want::link, "AUDIO", 0, 0, {}, true}},
      {"VHS_FILENAMES"},
      true}},
  };
  return table;
}

} // namespace render::local_cloud
