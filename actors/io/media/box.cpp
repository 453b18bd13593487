#include "actors/io/media/box.hpp"

#include "actors/io/media/process.hpp"
#include "messages/base64.hpp"
#include "messages/json.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace render::media::boxed {

namespace {

using namespace std::chrono_literals;

constexpr auto limit = 30s;
#if defined(__SANITIZE_ADDRESS__)
// Its shadow alone takes terabytes of addresses.
constexpr uint64_t memory_max = UINT64_MAX;
#else
constexpr uint64_t memory_max = 2ull << 30;
#endif
constexpr child_limits limits{memory_max, 512ull << 20, 30, 64};

/// Beside this program, or where the build puts programs; else in PATH.
std::string find_decoder() {
  std::error_code err;
  auto self = std::filesystem::read_symlink("/proc/self/exe", err);
  for (auto* from : {"c3-decode", "../bin/c3-decode"}) {
    auto found = self.parent_path() / from;
    if (!err && std::filesystem::exists(found, err))
      return found;
  }
  return "c3-decode";
}

failure_kind kind_named(std::string_view name) {
  for (auto kind : {failure_kind::unfit, failure_kind::internal})
    if (name == to_string(kind))
      return kind;
  return failure_kind::invalid_input;
}

/// What the decoder answers: one JSON object.
result<json::document> ask(std::vector<std::string> argv,
                           std::stop_token stop) {
  static const auto decoder = find_decoder();
  argv.insert(argv.begin(), decoder);
  auto got = run_program(argv, limit, std::move(stop), limits);
  if (!got && got.error().kind == failure_kind::rejected)
    return fail(failure_kind::invalid_input,
                "it took longer than 30 s to decode the file");
  if (!got)
    return fail(got.error());
  if (got->exit_code != 0)
    return fail(failure_kind::invalid_input,
                "the file cannot be decoded within the limits of memory and "
                "time");
  auto doc = json::parse(got->out);
  if (!doc)
    return fail(with_context("c3-decode", doc.error()));
  if (auto why = json::string(*doc, "error"))
    return fail(kind_named(json::string_or_empty(*doc, "kind")), *why);
  return doc;
}

uint32_t pixels(const json::document& doc, std::string_view name) {
  return static_cast<uint32_t>(json::integer(doc, name).value_or(0));
}

} // namespace

result<msg::file_identity> identify(const std::string& path,
                                    std::stop_token stop) {
  auto doc = ask({"identify", path}, std::move(stop));
  if (!doc)
    return fail(doc.error());
  return msg::file_identity{
    json::string_or_empty(*doc, "type"),
    json::string_or_empty(*doc, "extension"),
    static_cast<uint64_t>(json::integer(*doc, "bytes").value_or(0))};
}

result<msg::prepared_image> prepare(const msg::prepare_image& x,
                                    const image_limits& limits,
                                    std::stop_token stop) {
  auto doc
    = ask({"picture", x.input, x.output, std::to_string(x.max_side),
           x.flatten_alpha ? "1" : "0", std::to_string(limits.pixels_max),
           std::to_string(limits.bytes_max),
           std::to_string(limits.decoded_bytes_max)},
          std::move(stop));
  if (!doc)
    return fail(doc.error());
  msg::prepared_image out{x.output,
                          pixels(*doc, "width"),
                          pixels(*doc, "height"),
                          pixels(*doc, "source_width"),
                          pixels(*doc, "source_height"),
                          {}};
  if (x.embed_base64) {
    std::ifstream in{x.output, std::ios::binary};
    std::ostringstream bytes;
    bytes << in.rdbuf();
    if (!in)
      return fail(failure_kind::internal, "the picture cannot be read back");
    out.base64 = to_base64(std::move(bytes).str());
  }
  return out;
}

double duration_by_tags(const std::string& path, std::stop_token stop) {
  auto doc = ask({"duration", path}, std::move(stop));
  return doc ? json::number(*doc, "seconds").value_or(-1) : -1;
}

} // namespace render::media::boxed
