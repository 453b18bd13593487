#include "actors/io/media/box.hpp"

#include "actors/io/programs/program.hpp"
#include "messages/text/base64.hpp"
#include "messages/text/json.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace render::media::boxed {

using programs::child_limits;
using programs::lacks_room;
using programs::run_program;

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr auto limit = 30s;
constexpr auto too_long = "it took longer than 30 s to decode the file";
#if defined(__SANITIZE_ADDRESS__)
// AddressSanitizer's shadow memory alone takes terabytes of addresses.
constexpr uint64_t addresses_max = UINT64_MAX;
constexpr uint64_t memory_max = UINT64_MAX;
constexpr uint64_t name_memory_max = UINT64_MAX;
#else
constexpr uint64_t addresses_max = child_limits{}.addresses;
constexpr uint64_t memory_max = child_limits{}.memory;
constexpr uint64_t name_memory_max = 256ull << 20;
#endif
constexpr child_limits picture_limits{addresses_max, memory_max, 512ull << 20,
                                      30, 64};
/// Of c3-identify, which takes turns with sound.
constexpr child_limits name_limits{addresses_max, name_memory_max, 1u << 20, 30,
                                   64};
/// Of ffmpeg, which holds the largest BMP twice, and its pixels twice.
constexpr child_limits still_limits{
  addresses_max, std::max<uint64_t>(memory_max, 640ull << 20), 512ull << 20, 30,
  64};

/// Looks beside this program, where the build puts programs and where the
/// package does; else in PATH.
std::string find_program(const std::string& name) {
  std::error_code err;
  auto self = std::filesystem::read_symlink("/proc/self/exe", err);
  for (auto& from :
       {name, "../bin/" + name, "../libexec/c3-render-worker/" + name}) {
    auto found = self.parent_path() / from;
    if (!err && std::filesystem::exists(found, err))
      return found;
  }
  return name;
}

failure_kind kind_named(std::string_view name) {
  for (auto kind : {failure_kind::unfit, failure_kind::internal})
    if (name == to_string(kind))
      return kind;
  return failure_kind::invalid_input;
}

/// The answer of c3-identify or c3-decode: one JSON object.
result<json::document> ask(const std::vector<std::string>& argv,
                           const child_limits& box, std::stop_token stop) {
  auto got = run_program(argv, limit, std::move(stop), box);
  if (!got && got.error().kind == failure_kind::rejected)
    return fail(failure_kind::invalid_input, too_long);
  if (!got)
    return fail(got.error());
  if (got->exit_code != 0)
    return fail(failure_kind::invalid_input,
                "the file cannot be decoded within the limits of memory and "
                "time");
  auto doc = json::parse(got->out);
  if (!doc)
    return fail(with_context("decoder", doc.error()));
  if (auto why = json::string(*doc, "error"))
    return fail(kind_named(json::string_or_empty(*doc, "kind")), *why);
  return doc;
}

const std::string& identifier() {
  static const auto out = find_program("c3-identify");
  return out;
}

const std::string& decoder() {
  static const auto out = find_program("c3-decode");
  return out;
}

uint32_t pixels(const json::document& doc, std::string_view name) {
  return static_cast<uint32_t>(json::integer(doc, name).value_or(0));
}

/// A format that ffmpeg reads for us.
struct foreign_format {
  const char* name;
  /// As ffmpeg calls what reads it.
  const char* demuxer;
  /// Few programs read the fourth byte of a BMP's pixels, and fewer write it.
  bool has_alpha;
  /// The first bytes of the file.
  std::string head;
};

std::optional<foreign_format> foreign_format_of(const std::string& path) {
  std::string head(54, '\0');
  std::ifstream in{path, std::ios::binary};
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  if (head.starts_with("GIF8"))
    return foreign_format{"GIF", "gif", true, std::move(head)};
  if (head.starts_with("BM"))
    return foreign_format{"BMP", "bmp_pipe", false, std::move(head)};
  return std::nullopt;
}

/// Writes the first frame as a PNG.
result<void> first_frame(const std::string& input, const foreign_format& format,
                         const std::string& png, const image_limits& limits,
                         const std::string& ffmpeg, std::stop_token stop) {
  std::error_code err;
  auto bytes = std::filesystem::file_size(input, err);
  if (err)
    return fail(kind_of_errno(err.value()), input + " cannot be read");
  auto header = read_image_header(format.head, bytes);
  if (!header)
    return fail(header.error());
  if (auto excess = excess_of(*header, limits))
    return fail(*excess);
  std::vector<std::string> argv{ffmpeg,
                                "-v",
                                "error",
                                "-nostdin",
                                "-y",
                                "-threads",
                                "1",
                                "-protocol_whitelist",
                                "file",
                                "-f",
                                format.demuxer,
                                "-i",
                                "file:" + input,
                                "-frames:v",
                                "1",
                                "-c:v",
                                "png",
                                "-f",
                                "image2pipe"};
  if (!format.has_alpha)
    argv.insert(argv.end(), {"-pix_fmt", "rgb24"});
  argv.push_back("file:" + png);
  auto got = run_program(argv, limit, std::move(stop), still_limits);
  if (!got && got.error().kind == failure_kind::rejected)
    return fail(failure_kind::invalid_input, too_long);
  if (!got)
    return fail(got.error());
  if (lacks_room(*got))
    return fail(failure_kind::unfit,
                "no room for a frame of the "s + format.name);
  auto size = std::filesystem::file_size(png, err);
  if (got->exit_code != 0 || err || size == 0)
    return fail(failure_kind::invalid_input,
                "the "s + format.name + " cannot be decoded");
  return {};
}

} // namespace

std::vector<std::string> programs() {
  return {decoder(), identifier()};
}

result<msg::file_identity> identify(const std::string& path,
                                    std::stop_token stop) {
  auto doc = ask({identifier(), "type", path}, name_limits, std::move(stop));
  if (!doc)
    return fail(doc.error());
  return msg::file_identity{
    json::string_or_empty(*doc, "type"),
    json::string_or_empty(*doc, "extension"),
    static_cast<uint64_t>(json::integer(*doc, "bytes").value_or(0))};
}

result<msg::prepared_image>
prepare(const msg::prepare_image& x, const image_limits& limits,
        const std::string& ffmpeg, std::stop_token stop) {
  if (auto format = foreign_format_of(x.input)) {
    auto still = x;
    still.input = x.output + ".frame";
    auto made = first_frame(x.input, *format, still.input, limits, ffmpeg,
                            stop);
    auto out = made ? prepare(still, limits, ffmpeg, stop)
                    : result<msg::prepared_image>{fail(made.error())};
    std::error_code ignored;
    std::filesystem::remove(still.input, ignored);
    return out;
  }
  auto doc
    = ask({decoder(), x.input, x.output, std::to_string(x.max_side),
           x.flatten_alpha ? "1" : "0", std::to_string(limits.pixels_max),
           std::to_string(limits.bytes_max),
           std::to_string(limits.decoded_bytes_max)},
          picture_limits, std::move(stop));
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
  auto doc = ask({identifier(), "duration", path}, name_limits,
                 std::move(stop));
  return doc ? json::number(*doc, "seconds").value_or(-1) : -1;
}

} // namespace render::media::boxed
