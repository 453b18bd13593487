// The Host header of a request to the status port.
#include "app/worker/status_address.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace render;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto header = fuzz::text_of(data, size);
  auto ours = is_our_host(header, {"worker-1", "worker-1.example"});
  must(is_our_host(header, {"*"})
         || header.find('\0') != std::string_view::npos,
       "a star lets all in");
  auto has_letters = header.find_first_of("ghijklmnopqrstuvwxyz")
                     != std::string_view::npos;
  // A name of somebody else: neither an address nor one of the three.
  auto named = header.starts_with("worker-1") || header.starts_with("localhost")
               || header.starts_with("[");
  if (ours && has_letters && !named) {
    std::string low{header};
    for (auto& c : low)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    must(low.starts_with("worker-1") || low.starts_with("localhost")
           || low.find(':') != std::string::npos,
         "other names are not ours");
  }
  return 0;
}
