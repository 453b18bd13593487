#include "app/local_cloud/options.hpp"

#include "app/version/version.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <sstream>

namespace render::local_cloud {

namespace {

/// Turns failures into exceptions that CLI11 reports.
template <class T>
T value_or_throw(result<T> x, const char* option) {
  if (!x)
    throw CLI::ValidationError(option, x.error().message);
  return std::move(*x);
}

void set_span(std::map<std::string, millis>& into, const std::string& text,
              const char* option) {
  auto equals = text.find('=');
  auto service = text.substr(0, equals);
  if (equals == std::string::npos
      || std::find(services.begin(), services.end(), service) == services.end())
    throw CLI::ValidationError(
      option, "'" + text
                + "' must read SERVICE=TIME with one of the services csm, "
                  "whisper, comfyui, ollama");
  into[service] = value_or_throw(parse_span(text.substr(equals + 1)), option);
}

void set_address(options& o, const std::string& text) {
  auto colon = text.rfind(':');
  auto port = colon == std::string::npos ? text : text.substr(colon + 1);
  auto parsed = std::from_chars(port.data(), port.data() + port.size(), o.port);
  if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()
      || o.port < 0 || o.port > 65535)
    throw CLI::ValidationError(
      "--listen", "'" + text + "' must read HOST:PORT with a port of 0-65535");
  if (colon != std::string::npos)
    o.host = text.substr(0, colon);
}

} // namespace

std::string gradio_release::text() const {
  return std::to_string(major) + '.' + std::to_string(minor) + '.'
         + std::to_string(patch);
}

result<gradio_release> parse_release(const std::string& text) {
  gradio_release out{0, 0, 0};
  char dot = 0;
  std::istringstream in{text};
  in >> out.major >> dot >> out.minor;
  if (!in || dot != '.')
    return fail(failure_kind::invalid_input,
                "'" + text + "' must read like 5.49 or 5.49.1");
  if (in >> dot)
    in >> out.patch;
  else if (out.major == 4 && out.minor == 44)
    out.patch = 1;
  else if (out.major == 5 && out.minor == 49)
    out.patch = 1;
  if (!out.at_least(4, 22))
    return fail(failure_kind::invalid_input,
                "Gradio " + text
                  + " has an older protocol than sse_v3; "
                    "the oldest release here is 4.22");
  return out;
}

result<millis> parse_span(const std::string& text) {
  double number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit{parsed.ptr,
                   static_cast<size_t>(text.data() + text.size() - parsed.ptr)};
  double factor = unit == "ms"                  ? 1
                  : unit.empty() || unit == "s" ? 1000
                  : unit == "m"                 ? 60'000
                                                : 0;
  if (parsed.ec != std::errc{} || factor == 0
      || !(number >= 0 && number <= 1e6))
    return fail(failure_kind::invalid_input,
                "'" + text + "' must be a time like 3s, 250ms or 2m");
  return millis{static_cast<int64_t>(number * factor)};
}

tl::expected<options, early_exit> parse_options(int argc,
                                                const char* const* argv) {
  options o;
  CLI::App app{
    "A Comput3 look-alike on this machine's CPU: rents out simulated GPUs "
    "whose speech,\ntranscription, video and vision services do real work "
    "(espeak-ng, pocketsphinx, ffmpeg,\nOpenCV), and plays faults on demand. "
    "Not for an untrusted network.",
    "c3-local-cloud"};
  app.set_version_flag("--version", version_line("c3-local-cloud"));
  app.footer("Faults, for --fault and POST /cloud/faults "
             "{\"fault\",\"arg\",\"count\",\"node\"}:\n"
             + fault_catalogue()
             + "\nAdministration, from this machine only, without a key:\n"
               "  GET /cloud/ledger   GET, POST, DELETE /cloud/faults\n");
  auto seconds = [](millis x) {
    return std::to_string(x.count()) + "ms";
  };
  std::vector<std::string> service_boot, render_time, faults;
  std::string listen, boot, heartbeat, release;
  app.add_option("--listen", listen, "HOST:PORT; port 0 picks a free one")
    ->default_str("127.0.0.1:8780");
  app.add_option("--api-key", o.api_key, "the accepted X-C3-API-KEY")
    ->capture_default_str();
  app.add_option("--env-file", o.env_file,
                 "write the worker's environment here once listening");
  app
    .add_option("--serve", o.serve_dir,
                "folder served under /files/; POST /files adds to it")
    ->check(CLI::ExistingDirectory);
  app.add_option("--types", o.types, "workload types on offer")
    ->delimiter(',')
    ->capture_default_str();
  app
    .add_option("--boot-time", boot,
                "time until a launched GPU answers, such as 3s or 250ms")
    ->default_str(seconds(o.boot_time));
  app.add_option(
    "--service-boot-time", service_boot,
    "SERVICE=TIME after that until csm, whisper, comfyui or ollama "
    "answers; repeatable");
  app.add_option("--render-time", render_time,
                 "SERVICE=TIME added to each job; repeatable");
  app
    .add_option("--speed", o.speed,
                "jobs also take their media's length divided by this; "
                "0: as fast as possible")
    ->capture_default_str();
  app
    .add_option("--heartbeat", heartbeat, "time between heartbeats of a stream")
    ->default_str(seconds(o.heartbeat));
  app.add_option("--gradio-version", release, "4.22 or newer")
    ->default_str(o.gradio.text());
  app.add_option("--vision-models", o.vision_models, "models of Ollama")
    ->delimiter(',')
    ->capture_default_str();
  app.add_option("--price", o.price, "price of a GPU hour")
    ->capture_default_str();
  app.add_option("--balance", o.balance, "balance at the start")
    ->capture_default_str();
  app.add_option("--fault", faults,
                 "NAME[=ARG][*COUNT], played COUNT times or until cleared; "
                 "see below; repeatable");
  app.add_option("--seed", o.seed, "seed of all random draws")
    ->capture_default_str();
  app.add_option("--log-level", o.log_level)
    ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
    ->capture_default_str();
  try {
    app.parse(argc, argv);
    if (!listen.empty())
      set_address(o, listen);
    if (!boot.empty())
      o.boot_time = value_or_throw(parse_span(boot), "--boot-time");
    if (!heartbeat.empty())
      o.heartbeat = value_or_throw(parse_span(heartbeat), "--heartbeat");
    if (!release.empty())
      o.gradio = value_or_throw(parse_release(release), "--gradio-version");
    for (auto* x : {&o.speed, &o.price})
      if (!(*x >= 0))
        throw CLI::ValidationError(x == &o.speed ? "--speed" : "--price",
                                   "must be 0 or more");
    for (auto& x : service_boot)
      set_span(o.service_boot_time, x, "--service-boot-time");
    for (auto& x : render_time)
      set_span(o.render_time, x, "--render-time");
    for (auto& x : faults)
      o.faults.push_back(value_or_throw(parse_fault(x), "--fault"));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    if (app.exit(error, out, err) == 0)
      return tl::unexpected{early_exit{0, out.str()}};
    return tl::unexpected{
      early_exit{2, std::string{"c3-local-cloud: "} + error.what()
                      + "\nRun c3-local-cloud --help for more.\n"}};
  }
  return o;
}

} // namespace render::local_cloud
