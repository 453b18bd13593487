#include "app/local_cloud/http_text.hpp"

#include "app/local_cloud/json_text.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace render::local_cloud {

namespace {

std::string_view reason(int status) {
  switch (status) {
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 500:
    return "Internal Server Error";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  default:
    return "Error";
  }
}

int port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return -1;
}

// The library gives no access to its connections, so the sockets are found by
// their ports.
template <class Predicate, class Action>
void with_sockets(Predicate chosen, Action act) {
  std::error_code ignored;
  for (auto& entry :
       std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
    int fd = std::atoi(entry.path().filename().c_str());
    sockaddr_storage peer{}, own{};
    socklen_t peer_size = sizeof(peer), own_size = sizeof(own);
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0
        && ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) == 0
        && chosen(port_of(own), port_of(peer)))
      act(fd);
  }
}

auto is_of(const httplib::Request& request) {
  return [own = request.local_port, peer = request.remote_port](int x, int y) {
    return x == own && y == peer;
  };
}

void cut(int fd) {
  ::shutdown(fd, SHUT_RDWR);
}

} // namespace

void reply_json(httplib::Response& out, std::string text, int status) {
  out.status = status;
  out.set_content(text, "application/json");
}

void reply_page(httplib::Response& out, int status) {
  auto title = fmt::format("{} {}", status, reason(status));
  out.status = status;
  out.set_content(
    fmt::format("<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n"
                "<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>"
                "\r\n</body>\r\n</html>\r\n",
                title),
    "text/html");
}

void reply_message(httplib::Response& out, int status, std::string_view text) {
  reply_json(out, json_object{}.add("message", text).str(), status);
}

void reply_text(httplib::Response& out, std::string text, int status) {
  out.status = status;
  out.set_content(text, "text/plain; charset=utf-8");
}

void reply_file(httplib::Response& out, const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  out.set_content(bytes, media_type(path));
}

void cut_connection(const httplib::Request& request) {
  with_sockets(is_of(request), cut);
}

int duplicate_connection(const httplib::Request& request) {
  int out = -1;
  with_sockets(is_of(request), [&](int fd) {
    if (out < 0)
      out = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  });
  return out;
}

void cut_connections(int port) {
  with_sockets(
    [port](int own, int) {
      return own == port;
    },
    cut);
}

std::string media_type(std::string_view path) {
  using pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array types{
    pair{".mp3", "audio/mpeg"},  pair{".wav", "audio/x-wav"},
    pair{".mp4", "video/mp4"},   pair{".png", "image/png"},
    pair{".jpg", "image/jpeg"},  pair{".jpeg", "image/jpeg"},
    pair{".webp", "image/webp"}, pair{".json", "application/json"},
    pair{".txt", "text/plain"},  pair{".srt", "application/x-subrip"},
    pair{".vtt", "text/vtt"},    pair{".ogg", "audio/ogg"},
    pair{".m4a", "audio/mp4"},   pair{".flac", "audio/flac"},
    pair{".webm", "video/webm"},
  };
  for (auto& [ending, type] : types)
    if (path.ends_with(ending))
      return std::string{type};
  return "application/octet-stream";
}

std::string safe_file_name(std::string_view name) {
  auto slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  std::string out;
  for (char c : name)
    if (std::isalnum(static_cast<unsigned char>(c))
        || std::string_view{" ._-()"}.find(c) != std::string_view::npos)
      out += c;
  if (out.find_first_not_of(". ") == std::string::npos)
    return "file";
  return out;
}

bool from_loopback(const httplib::Request& request) {
  return request.remote_addr.starts_with("127.") || request.remote_addr == "::1"
         || request.remote_addr.starts_with("::ffff:127.");
}

bool has_local_host(const httplib::Request& request) {
  auto host = request.get_header_value("Host");
  // The last colon of an address in brackets is a part of the address.
  if (auto colon = host.rfind(':');
      colon != std::string::npos && host.find(']', colon) == std::string::npos)
    host.erase(colon);
  in_addr address{};
  return host == "localhost" || host == "[::1]"
         || (inet_pton(AF_INET, host.c_str(), &address) == 1
             && ntohl(address.s_addr) >> 24 == 127);
}

void reply_preflight(httplib::Response& out) {
  out.status = 204;
  out.set_header("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
  out.set_header("Access-Control-Allow-Headers",
                 "X-C3-API-KEY, Authorization, Content-Type");
  out.set_header("Access-Control-Max-Age", "600");
}

bool strip(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix))
    return false;
  path.remove_prefix(prefix.size());
  return true;
}

} // namespace render::local_cloud
