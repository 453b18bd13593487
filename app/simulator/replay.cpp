#include "app/simulator/replay.hpp"

#include <cctype>
#include <cstdio>

namespace render::simulator {

namespace {

using harness::virtual_time;

/// Longer messages mostly end in a list that names everything.
constexpr size_t shown_chars = 220;

std::string_view shown(const virtual_time::trace_entry& x) {
  return std::string_view{x.message}.substr(0, shown_chars);
}

bool names(std::string_view text, std::string_view what) {
  for (auto at = text.find(what); at != std::string_view::npos;
       at = text.find(what, at + 1)) {
    auto end = at + what.size();
    // "wl-22" does not name "wl-2".
    if (end == text.size()
        || std::isalnum(static_cast<unsigned char>(text[end])) == 0)
      return true;
  }
  return false;
}

bool is_gpu_list(std::string_view text) {
  constexpr std::string_view workload = "\"wl-";
  auto first = text.find(workload);
  return first != std::string_view::npos
         && text.find(workload, first + 1) != std::string_view::npos;
}

} // namespace

bool concerns(const virtual_time::trace_entry& x, std::string_view what) {
  return what == "all" || x.name == what
         || (names(shown(x), what) && !is_gpu_list(shown(x)));
}

void print_entry(const virtual_time::trace_entry& x) {
  std::printf(
    "%14.6f  %-14s %6llu  %s%s\n", static_cast<double>(x.when.count()) / 1e9,
    x.name.c_str(), static_cast<unsigned long long>(x.actor),
    std::string{shown(x)}.c_str(), x.message.size() > shown_chars ? "…" : "");
}

void print_last_messages(fleet_options o, const std::string& subject) {
  o.record_from_s = 0;
  o.record_limit = 40;
  o.record_only = [&](auto& entry) {
    return concerns(entry, subject);
  };
  auto again = run_fleet(o);
  std::printf("The last messages that name %s:\n", subject.c_str());
  for (auto& entry : again.recorded)
    print_entry(entry);
}

} // namespace render::simulator
