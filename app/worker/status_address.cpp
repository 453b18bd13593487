#include "app/worker/status_address.hpp"

#include "messages/text/lower.hpp"

#include <boost/asio/ip/address.hpp>

namespace render {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  return lower(a) == lower(b);
}

} // namespace

host_port split_address(const std::string& address) {
  auto colon = address.rfind(':');
  host_port out{address.substr(0, colon), std::stoi(address.substr(colon + 1))};
  if (out.host.size() > 1 && out.host.front() == '[')
    out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

std::string url_of(const host_port& x) {
  auto all = x.host == "0.0.0.0" || x.host == "::";
  auto host = all                                     ? "127.0.0.1"
              : x.host.find(':') == std::string::npos ? x.host
                                                      : "[" + x.host + "]";
  return "http://" + host + ":" + std::to_string(x.port);
}

bool is_our_host(std::string_view header,
                 const std::vector<std::string>& names) {
  auto host = header;
  auto colon = host.rfind(':');
  auto bracket = host.rfind(']');
  if (colon != std::string_view::npos
      && (bracket == std::string_view::npos || bracket < colon))
    host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  // The address parser would read the text only up to the NUL.
  if (host.find('\0') != std::string_view::npos)
    return false;
  boost::system::error_code err;
  boost::asio::ip::make_address(std::string{host}, err);
  if (!err || same_name(host, "localhost"))
    return true;
  for (auto& name : names)
    if (name == "*" || same_name(host, name))
      return true;
  return false;
}

} // namespace render
