// Listens to a WebSocket with the worker's own client and nothing else; for
// tests/interop. Prints each text message, then how it ended.
// usage: interop_websocket_listen URL [HEADER VALUE]...
#include "actors/io/websocket/websocket_loop.hpp"

#include <future>
#include <iostream>

int main(int argc, char** argv) {
  using namespace render;
  if (argc < 2)
    return 2;
  http_request request;
  request.url = argv[1];
  for (int i = 2; i + 1 < argc; i += 2)
    request.headers.push_back({argv[i], argv[i + 1]});
  std::promise<result<http_response>> ended;
  websocket_loop loop{[&](uint64_t, result<http_response> how) {
    ended.set_value(std::move(how));
  }};
  loop.listen(1, request, [&](std::string_view text) {
    std::cout << "text " << text << std::endl;
    loop.taken(1, text.size());
  });
  auto how = ended.get_future().get();
  if (how)
    std::cout << "closed " << how->status << std::endl;
  else
    std::cout << to_string(how.error().kind) << ": " << how.error().message
              << std::endl;
  return how ? 0 : 1;
}
