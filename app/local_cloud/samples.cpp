#include "app/local_cloud/samples.hpp"

#include "app/local_cloud/process.hpp"

#include <spdlog/fmt/fmt.h>

#include <cstring>
#include <fstream>
#include <iterator>

namespace render::local_cloud {

result<std::vector<int16_t>>
read_samples(const std::string& recording, double seconds,
             const std::filesystem::path& dir, const std::stop_token& stop) {
  auto raw = dir / "samples.s16";
  auto done = run_checked({"ffmpeg", "-v", "error", "-y", "-i", recording, "-t",
                           fmt::format("{:.3f}", seconds), "-ar",
                           std::to_string(sample_rate), "-ac", "1", "-f",
                           "s16le", raw.string()},
                          std::chrono::minutes{5}, stop);
  if (!done)
    return fail(done.error());
  std::string bytes;
  {
    std::ifstream in{raw, std::ios::binary};
    bytes.assign(std::istreambuf_iterator<char>{in}, {});
  }
  std::error_code ignored;
  std::filesystem::remove(raw, ignored);
  std::vector<int16_t> samples(bytes.size() / 2);
  std::memcpy(samples.data(), bytes.data(), samples.size() * 2);
  return samples;
}

} // namespace render::local_cloud
