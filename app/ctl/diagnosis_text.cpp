#include "app/ctl/diagnosis_text.hpp"

#include "messages/text/json.hpp"

namespace render::ctl {

std::string diagnosis_text(const diagnosis& x) {
  auto out = x.verdict + "\n";
  for (auto& found : x.findings)
    out += std::string{"\n"}
           + (found.how == weight::problem ? "PROBLEM  " : "warning  ")
           + found.what + "\n  likely cause: " + found.cause
           + "\n  what to do:   " + found.advice + "\n";
  return out;
}

std::string diagnosis_json(const diagnosis& x) {
  std::string items;
  for (auto& found : x.findings)
    items += std::string{items.empty() ? "" : ","} + "{\"weight\":"
             + (found.how == weight::problem ? "\"problem\"" : "\"warning\"")
             + ",\"what\":" + json::quote(found.what)
             + ",\"cause\":" + json::quote(found.cause)
             + ",\"advice\":" + json::quote(found.advice) + "}";
  return "{\"verdict\":" + json::quote(x.verdict) + ",\"well\":"
         + (x.well() ? "true" : "false") + ",\"findings\":[" + items + "]}";
}

} // namespace render::ctl
