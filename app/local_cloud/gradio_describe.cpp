// A Gradio app's description of itself: /config and /info.
#include "app/local_cloud/gradio_app.hpp"
#include "app/local_cloud/json_text.hpp"
#include "messages/text/lower.hpp"

#include <algorithm>

namespace render::local_cloud {

namespace {

std::string props(const gradio_parameter& x) {
  json_object out;
  out.add("label", x.label).add("show_label", true).add("visible", true);
  out.raw("value", x.initial.empty() ? "null" : x.initial);
  if (x.component == "Slider")
    out.add("minimum", x.minimum).add("maximum", x.maximum).add("step", x.step);
  if (!x.choices.empty()) {
    json_array choices;
    for (auto& c : x.choices)
      choices.raw(json_array{}.add(c).add(c).str());
    out.raw("choices", choices.str());
  }
  return out.str();
}

std::string component(size_t id, const std::string& type,
                      const std::string& props_json) {
  return json_object{}
    .add("id", id)
    .add("type", lower(type))
    .raw("props", props_json)
    .add("skip_api", false)
    .str();
}

std::string schema(const std::string& type,
                   const std::vector<std::string>& choices) {
  if (type == "Slider" || type == "Number")
    return R"({"type":"number"})";
  if (type == "Checkbox")
    return R"({"type":"boolean"})";
  if (type == "Audio")
    return R"({"title":"FileData","type":"object","properties":{"path":)"
           R"({"title":"Path","type":"string"}},"required":["path"]})";
  if (type == "File")
    return R"({"type":"array","items":{"title":"FileData","type":"object"}})";
  if (choices.empty())
    return R"({"type":"string"})";
  json_array list;
  for (auto& c : choices)
    list.add(c);
  return json_object{}.raw("enum", list.str()).add("type", "string").str();
}

const char* python_type(const std::string& type) {
  if (type == "Slider" || type == "Number")
    return R"({"type":"float","description":""})";
  if (type == "Checkbox")
    return R"({"type":"bool","description":""})";
  if (type == "Audio" || type == "File")
    return R"({"type":"filepath","description":""})";
  return R"({"type":"str","description":""})";
}

void add_visibility(json_object& out, const gradio_release& release) {
  if (release.at_least(6, 0))
    out.add("api_visibility", "public");
  else
    out.add("show_api", true);
}

} // namespace

std::string gradio_config(const gradio_release& release,
                          const std::vector<gradio_endpoint>& endpoints,
                          std::string_view app_id, std::string_view root) {
  json_array components, dependencies;
  size_t id = 1;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    json_array inputs, outputs;
    for (auto& x : endpoints[i].parameters) {
      components.raw(component(id, x.component, props(x)));
      inputs.add(id++);
    }
    for (auto& x : endpoints[i].outputs) {
      components.raw(
        component(id, x.component, json_object{}.add("label", x.label).str()));
      outputs.add(id++);
    }
    json_object dependency;
    dependency.add("id", i)
      .add("api_name", endpoints[i].api_name)
      .raw("inputs", inputs.str())
      .raw("outputs", outputs.str())
      .add("backend_fn", true)
      .add("queue", true)
      .raw("types", R"({"generator":false,"cancel":false})")
      .raw("cancels", "[]");
    add_visibility(dependency, release);
    dependencies.raw(dependency.str());
  }
  json_object out;
  out.add("version", release.text())
    .add("protocol", "sse_v3")
    .add("mode", "blocks")
    .add("app_id", app_id)
    .add("root", root)
    .add("enable_queue", true)
    .add("show_error", false)
    .raw("space_id", "null")
    .raw("username", "null")
    .raw("max_file_size", "null")
    .add("connect_heartbeat", false);
  if (release.major >= 5)
    out.add("api_prefix", release.prefix());
  return out.raw("components", components.str())
    .raw("dependencies", dependencies.str())
    .str();
}

std::string gradio_info(const gradio_release& release,
                        const std::vector<gradio_endpoint>& endpoints) {
  json_object named;
  for (auto& endpoint : endpoints) {
    json_array parameters, returns;
    for (auto& x : endpoint.parameters)
      parameters.raw(
        json_object{}
          .add("label", x.label)
          .add("parameter_name", x.name)
          .add("parameter_has_default", !x.initial.empty())
          .raw("parameter_default", x.initial.empty() ? "null" : x.initial)
          .raw("type", schema(x.component, x.choices))
          .raw("python_type", python_type(x.component))
          .add("component", x.component)
          .str());
    for (auto& x : endpoint.outputs)
      returns.raw(json_object{}
                    .add("label", x.label)
                    .raw("type", schema(x.component, {}))
                    .raw("python_type", python_type(x.component))
                    .add("component", x.component)
                    .str());
    json_object described;
    described.raw("parameters", parameters.str()).raw("returns", returns.str());
    add_visibility(described, release);
    named.raw('/' + endpoint.api_name, described.str());
  }
  return json_object{}
    .raw("named_endpoints", named.str())
    .raw("unnamed_endpoints", "{}")
    .str();
}

} // namespace render::local_cloud
