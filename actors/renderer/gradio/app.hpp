#pragma once
// A Gradio app's description of itself, and the arguments of a call in the
// order that the app needs.
#include "messages/failure.hpp"
#include "messages/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::gradio {

/// What a slider accepts; nothing: no bound.
struct value_range {
  std::optional<double> minimum{};
  std::optional<double> maximum{};
};

/// One input component of an endpoint.
struct slot {
  /// The component is no described parameter, but takes a place in the
  /// arguments: null.
  bool skipped = false;
  value_range range;
};

/// Where an endpoint is.
struct endpoint {
  /// Between the base URL and all routes but /config; may be empty.
  std::string prefix;
  /// `fn_index` of its calls.
  int64_t function = 0;
  /// In the order of the arguments; empty: the app does not tell.
  std::vector<slot> slots;
};

struct parameter {
  std::string name;
  /// Default value in the app's JSON; empty: none.
  std::string default_json;
  value_range range{};
};

/// What a caller wants to send.
struct argument {
  std::string name;
  std::string json;
  /// False: an app that has no such parameter can be called without it.
  bool required = false;
};

struct arguments {
  /// A JSON array.
  std::string json;
  /// "temperature 0 -> 0.1": values that the app would have refused.
  std::vector<std::string> adjusted;
};

/// Reads /config. All failures are `unavailable`: another GPU may have another
/// version. `who` begins their messages.
result<endpoint> read_config(std::string_view who,
                             const result<http_response>& got,
                             std::string_view api_name);

/// Reads /info: the parameters, or nothing when the app does not describe this
/// endpoint by name. Fails as `unavailable` when the app does not answer.
result<std::optional<std::vector<parameter>>>
read_info(std::string_view who, const result<http_response>& got,
          std::string_view api_name);

/// Puts the wanted values in their places, and defaults in the others. A number
/// out of range moves to the nearest accepted one. Steps of sliders are left
/// alone: no Gradio refuses a value between two of them.
result<arguments> place(std::string_view who, const endpoint& at,
                        const std::vector<parameter>& parameters,
                        const std::vector<argument>& wanted);

} // namespace render::gradio
