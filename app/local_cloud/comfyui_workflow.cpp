#include "app/local_cloud/comfyui_workflow.hpp"

#include "app/local_cloud/comfyui_classes.hpp"
#include "app/local_cloud/json_text.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

namespace render::local_cloud {

namespace {

using names = std::vector<std::string>;

const json::value* input_of(const json::value& prompt, const std::string& node,
                            std::string_view name) {
  auto* found = json::find(prompt, node);
  return found ? json::find(*found, "inputs", name) : nullptr;
}

struct target {
  std::string node;
  size_t output = 0;
};

/// Reads a link: an array of a node's id and the number of its output.
std::optional<target> link_of(const json::value& x) {
  if (!x.IsArray() || x.Size() != 2 || !x[0].IsString() || !x[1].IsUint())
    return std::nullopt;
  return target{x[0].GetString(), x[1].GetUint()};
}

std::optional<target> linked(const json::value& prompt, const std::string& node,
                             std::string_view name) {
  auto* x = input_of(prompt, node, name);
  return x ? link_of(*x) : std::nullopt;
}

double number_in(const json::value& prompt, const std::string& node,
                 std::string_view name, double otherwise) {
  auto* x = input_of(prompt, node, name);
  return x && x->IsNumber() ? x->GetDouble() : otherwise;
}

std::string text_in(const json::value& prompt, const std::string& node,
                    std::string_view name) {
  auto* x = input_of(prompt, node, name);
  return x && x->IsString() ? x->GetString() : "";
}

class checker {
public:
  checker(const json::value& prompt,
          const std::function<bool(const std::string&)>& has_input)
    : prompt_(prompt), has_input_(has_input) {}

  /// All nodes at fault at or above `node`.
  std::set<std::string> faulty_above(const std::string& node) {
    seen_.clear();
    std::set<std::string> out;
    visit(node, out);
    return out;
  }

  std::map<std::string, std::vector<node_fault>> faults;

private:
  void visit(const std::string& node, std::set<std::string>& out) {
    if (!seen_.insert(node).second)
      return;
    if (!checked_.count(node)) {
      checked_.insert(node);
      check(node);
    }
    if (faults.count(node))
      out.insert(node);
    for (auto& rule :
         node_classes().find(class_of(prompt_, node))->second.inputs)
      if (auto up = linked(prompt_, node, rule.name);
          up && json::find(prompt_, up->node))
        visit(up->node, out);
  }

  void check(const std::string& node) {
    for (auto& rule :
         node_classes().find(class_of(prompt_, node))->second.inputs) {
      auto* x = input_of(prompt_, node, rule.name);
      if (!x && rule.optional)
        continue;
      if (!x)
        add(node, "required_input_missing", "Required input is missing",
            rule.name);
      else if (x->IsArray())
        check_link(node, rule, *x);
      else
        check_value(node, rule, *x);
    }
  }

  void check_link(const std::string& node, const input_rule& rule,
                  const json::value& x) {
    auto to = link_of(x);
    auto found = to ? node_classes().find(class_of(prompt_, to->node))
                    : node_classes().end();
    if (found == node_classes().end()
        || to->output >= found->second.outputs.size())
      return add(node, "bad_linked_input",
                 "Bad linked input, must be a length-2 list of [node_id, "
                 "slot_index]",
                 rule.name);
    auto& given = found->second.outputs[to->output];
    auto& wanted = rule.type;
    bool fits = given == wanted || given == "*" || wanted == "*"
                || (wanted == "FLOAT" && given == "INT");
    if (!fits)
      add(node, "return_type_mismatch",
          "Return type mismatch between linked nodes",
          rule.name + ", received_type(" + given + ") mismatch input_type("
            + wanted + ")");
  }

  void check_value(const std::string& node, const input_rule& rule,
                   const json::value& x) {
    auto text = x.IsString() ? std::string{x.GetString()} : json::to_text(x);
    switch (rule.kind) {
    case want::link:
      return add(node, "bad_linked_input",
                 "Bad linked input, must be a length-2 list of [node_id, "
                 "slot_index]",
                 rule.name);
    case want::integer:
    case want::number:
      if (!x.IsNumber())
        add(node, "invalid_input_type",
            "Failed to convert an input value to a " + rule.type + " value",
            rule.name + ", " + text);
      else if (x.GetDouble() < rule.least)
        add(node, "value_smaller_than_min",
            fmt::format("Value {} smaller than min of {}", text, rule.least),
            rule.name);
      else if (x.GetDouble() > rule.most)
        add(node, "value_bigger_than_max",
            fmt::format("Value {} bigger than max of {}", text, rule.most),
            rule.name);
      return;
    case want::one_of:
      if (std::find(rule.choices.begin(), rule.choices.end(), text)
          == rule.choices.end())
        add(node, "value_not_in_list", "Value not in list",
            rule.name + ": '" + text + "' not in list");
      return;
    case want::file:
      if (!has_input_(text))
        add(node, "custom_validation_failed",
            "Custom validation failed for node",
            rule.name + " - Invalid " + rule.name + " file: " + text);
      return;
    case want::boolean:
    case want::text:
      return;
    }
  }

  void add(const std::string& node, std::string type, std::string message,
           std::string details) {
    faults[node].push_back(
      {std::move(type), std::move(message), std::move(details)});
  }

  const json::value& prompt_;
  const std::function<bool(const std::string&)>& has_input_;
  std::set<std::string> checked_;
  std::set<std::string> seen_;
};

} // namespace

std::string class_of(const json::value& prompt, const std::string& node) {
  auto* found = json::find(prompt, node);
  return found ? json::string_or_empty(*found, "class_type") : "";
}

validation
validate_prompt(const json::value& prompt,
                const std::function<bool(const std::string&)>& has_input) {
  validation out;
  names output_nodes;
  for (auto& member : prompt.GetObject()) {
    std::string id = member.name.GetString();
    auto type = class_of(prompt, id);
    auto found = node_classes().find(type);
    if (found == node_classes().end()) {
      out.error
        = {"invalid_prompt",
           type.empty()
             ? "Cannot execute because a node is missing the "
               "class_type property."
             : "Cannot execute because node " + type + " does not exist.",
           "Node ID '#" + id + "'"};
      return out;
    }
    if (found->second.is_output)
      output_nodes.push_back(id);
  }
  if (output_nodes.empty()) {
    out.error = {"prompt_no_outputs", "Prompt has no outputs", ""};
    return out;
  }
  checker check{prompt, has_input};
  for (auto& id : output_nodes) {
    auto faulty = check.faulty_above(id);
    if (faulty.empty())
      out.outputs.push_back(id);
    for (auto& node : faulty)
      out.dependent_outputs[node].push_back(id);
  }
  out.nodes = std::move(check.faults);
  if (out.outputs.empty())
    out.error = {"prompt_outputs_failed_validation",
                 "Prompt outputs failed validation", ""};
  return out;
}

std::string node_errors_json(const validation& x, const json::value& prompt) {
  json_object out;
  for (auto& [id, faults] : x.nodes) {
    json_array errors, dependent;
    for (auto& f : faults)
      errors.raw(json_object{}
                   .add("type", f.type)
                   .add("message", f.message)
                   .add("details", f.details)
                   .raw("extra_info", "{}")
                   .str());
    if (auto found = x.dependent_outputs.find(id);
        found != x.dependent_outputs.end())
      for (auto& d : found->second)
        dependent.add(d);
    out.raw(id, json_object{}
                  .raw("errors", errors.str())
                  .raw("dependent_outputs", dependent.str())
                  .add("class_type", class_of(prompt, id))
                  .str());
  }
  return out.str();
}

namespace {

/// The source of an input, past nodes that only return their input.
std::optional<target> source_of(const json::value& prompt,
                                const std::string& node,
                                std::string_view name) {
  auto up = linked(prompt, node, name);
  // Links can form a ring.
  for (int depth = 0; up && depth < 64; ++depth) {
    if (class_of(prompt, up->node) != passing_class)
      return up;
    up = linked(prompt, up->node, "anything");
  }
  return std::nullopt;
}

} // namespace

std::string image_above(const json::value& prompt, const std::string& node) {
  auto at = node;
  // Links can form a ring; no useful workflow is this deep.
  for (int depth = 0; depth < 64; ++depth) {
    if (class_of(prompt, at) == "LoadImage")
      return text_in(prompt, at, "image");
    auto up = source_of(prompt, at, "images");
    for (auto name : {"image", "data_dict"})
      if (!up)
        up = source_of(prompt, at, name);
    if (!up)
      return {};
    at = up->node;
  }
  return {};
}

namespace {

void collect_above(const json::value& prompt, const std::string& node,
                   std::set<std::string>& seen, names& out) {
  auto found = node_classes().find(class_of(prompt, node));
  if (found == node_classes().end())
    return;
  for (auto& rule : found->second.inputs)
    if (auto up = linked(prompt, node, rule.name);
        up && seen.insert(up->node).second) {
      collect_above(prompt, up->node, seen, out);
      out.push_back(up->node);
    }
}

} // namespace

names nodes_above(const json::value& prompt, const std::string& node) {
  // A ring of links must not include the node itself.
  std::set<std::string> seen{node};
  names out;
  collect_above(prompt, node, seen, out);
  return out;
}

int sampler_steps(const json::value& prompt, const std::string& node) {
  if (class_of(prompt, node) != "SONICSampler")
    return 0;
  return static_cast<int>(number_in(prompt, node, "inference_steps", 25));
}

result<video_plan> plan_video(const json::value& prompt,
                              const std::string& node) {
  video_plan out;
  out.image = image_above(prompt, node);
  if (out.image.empty())
    return fail(failure_kind::rejected, "no image is linked to node " + node);
  auto at = node;
  while (auto up = source_of(prompt, at, at == node ? "images" : "image")) {
    at = up->node;
    auto type = class_of(prompt, at);
    if (type == "SONICSampler") {
      out.fps = number_in(prompt, at, "fps", out.fps);
      if (auto data = source_of(prompt, at, "data_dict")) {
        at = data->node;
        out.duration = number_in(prompt, at, "duration", out.duration);
      }
    } else if (type == "ImageResize+" && out.width == 0) {
      out.width = static_cast<int>(number_in(prompt, at, "width", 0));
      out.height = static_cast<int>(number_in(prompt, at, "height", 0));
    } else if (type == "Image Resize" && out.width == 0
               && text_in(prompt, at, "mode") == "resize") {
      out.width = static_cast<int>(number_in(prompt, at, "resize_width", 0));
      out.height = static_cast<int>(number_in(prompt, at, "resize_height", 0));
    } else if (type == "LoadImage") {
      break;
    }
  }
  out.fps = number_in(prompt, node, "frame_rate", out.fps);
  if (auto audio = source_of(prompt, node, "audio"))
    out.audio = text_in(prompt, audio->node, "audio");
  out.crf = static_cast<int>(number_in(prompt, node, "crf", out.crf));
  if (auto prefix = text_in(prompt, node, "filename_prefix"); !prefix.empty())
    out.prefix = prefix;
  auto* trim = input_of(prompt, node, "trim_to_audio");
  out.trim_to_audio = trim && trim->IsTrue();
  auto* save = input_of(prompt, node, "save_output");
  out.save_output = !save || !save->IsFalse();
  return out;
}

std::string queue_item(int64_t number, const std::string& id,
                       const json::document& body,
                       const std::vector<std::string>& outputs) {
  json_array names;
  for (auto& x : outputs)
    names.add(x);
  json_object extra;
  auto client = json::string_or_empty(body, "client_id");
  if (auto* given = json::find(body, "extra_data"); given && given->IsObject())
    for (auto& x : given->GetObject())
      if (client.empty() || std::string_view{x.name.GetString()} != "client_id")
        extra.raw(x.name.GetString(), json::to_text(x.value));
  if (!client.empty())
    extra.add("client_id", client);
  return json_array{}
    .add(number)
    .add(id)
    .raw(json::to_text(*json::find(body, "prompt")))
    .raw(extra.str())
    .raw(names.str())
    .str();
}

} // namespace render::local_cloud
