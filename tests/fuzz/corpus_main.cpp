// Reads each target's corpus once: what a fuzzer has found stays found.
// Usage: fuzz_corpus FOLDER [TARGET [FILE]]
#include "tests/fuzz/fuzz.hpp"

#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#define FUZZ_TARGET(name)                                                      \
  extern "C" int fuzz_##name(const uint8_t* data, size_t size);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET

namespace {

namespace fs = std::filesystem;

struct target {
  std::string name;
  int (*run)(const uint8_t*, size_t);
};

const std::vector<target> targets{
#define FUZZ_TARGET(name) {#name, &fuzz_##name},
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
};

/// What is read, for whoever hears of a crash.
char current[4096] = "";

void on_crash(int signal_number) {
  constexpr std::string_view text = "fuzz_corpus: it ended while reading ";
  auto ignored = write(STDERR_FILENO, text.data(), text.size());
  ignored = write(STDERR_FILENO, current, std::strlen(current));
  ignored = write(STDERR_FILENO, "\n", 1);
  static_cast<void>(ignored);
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run(const target& x, const fs::path& file) {
  std::snprintf(current, sizeof(current), "%s", file.c_str());
  std::ifstream in{file, std::ios::binary};
  std::ostringstream bytes;
  bytes << in.rdbuf();
  // Of its very size, so that a sanitizer sees a read beyond it.
  auto text = std::move(bytes).str();
  std::vector<uint8_t> exact(text.begin(), text.end());
  x.run(exact.data(), exact.size());
}

/// How many; 0 is a corpus that is missing.
size_t run_all(const target& x, const fs::path& folder) {
  size_t count = 0;
  std::error_code missing;
  for (auto& entry : fs::directory_iterator{folder / x.name, missing}) {
    run(x, entry.path());
    ++count;
  }
  if (count == 0)
    std::cerr << "fuzz_corpus: no corpus of " << x.name << '\n';
  return count;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::cerr << "usage: fuzz_corpus FOLDER [TARGET [FILE]]\n";
    return 2;
  }
  for (auto number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL})
    std::signal(number, on_crash);
  auto complete = true;
  size_t inputs = 0;
  for (auto& x : targets) {
    if (argc > 2 && x.name != argv[2])
      continue;
    if (argc > 3) {
      run(x, argv[3]);
      ++inputs;
      continue;
    }
    auto count = run_all(x, argv[1]);
    complete = complete && count > 0;
    inputs += count;
  }
  std::cout << "fuzz_corpus: " << inputs << " inputs\n";
  return complete && inputs > 0 ? 0 : 1;
}
