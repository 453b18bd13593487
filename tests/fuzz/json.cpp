// JSON with our options: of services, records, traces.
#include "messages/text/json.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <cmath>

namespace {

using namespace render;
using fuzz::must;

// RapidJSON reads some numbers with an error in the last digit.
bool same_number(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b))
         || std::abs(a - b) <= 1e-14 * std::abs(a);
}

bool same(const json::value& a, const json::value& b) {
  if (a.GetType() != b.GetType())
    return false;
  if (a.IsInt64() || a.IsUint64()
      || !(a.IsNumber() || a.IsArray() || a.IsObject()))
    return a == b;
  if (a.IsNumber())
    return same_number(a.GetDouble(), b.GetDouble());
  if (a.IsArray())
    return std::equal(a.Begin(), a.End(), b.Begin(), b.End(), same);
  return std::equal(a.MemberBegin(), a.MemberEnd(), b.MemberBegin(),
                    b.MemberEnd(), [](auto& x, auto& y) {
                      return x.name == y.name && same(x.value, y.value);
                    });
}

int depth_of(const json::value& x) {
  int deepest = 0;
  if (x.IsArray())
    for (auto& inner : x.GetArray())
      deepest = std::max(deepest, depth_of(inner));
  if (x.IsObject())
    for (auto& inner : x.GetObject())
      deepest = std::max(deepest, depth_of(inner.value));
  return x.IsArray() || x.IsObject() ? deepest + 1 : 0;
}

template <class Parse>
void check(std::string_view text, Parse parse) {
  auto doc = parse(text);
  if (!doc)
    return fuzz::must_be_fit_to_show(doc.error());
  must(depth_of(*doc) <= 100, "no value is nested deeper than promised");
  auto written = json::to_text(*doc);
  must(valid_utf8(written) == written, "what is written is UTF-8");
  auto again = parse(written);
  // The greatest of all doubles may be written as more than that.
  auto too_big = !again
                 && again.error().message.find("Number too big")
                      != std::string::npos;
  must(too_big || again.has_value(), "what is written can be read");
  must(too_big || same(*doc, *again), "what is read again is the same");
  if (doc->IsString()) {
    std::string_view said{doc->GetString(), doc->GetStringLength()};
    auto quoted = parse(json::quote(said));
    must(quoted && *quoted == *doc, "a quoted string reads as itself");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  check(text, json::parse);
  check(text, json::parse_as_python);
  if (auto doc = json::parse(text)) {
    must(json::parse_as_python(text).has_value(), "Python reads all JSON");
    json::number(*doc, "a");
    json::integer(*doc, "a");
    json::boolean(*doc, "a");
    must(json::string_or_empty(*doc, "a").empty()
           || json::string(*doc, "a").has_value(),
         "a member is there, or it is empty");
    json::find(*doc, "a", "b", "c");
  }
  return 0;
}
