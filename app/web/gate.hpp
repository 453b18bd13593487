#pragma once
// Every request passes here before its body is read: its Host, its route, its
// key, its role, its origin.
#include "app/web/doorkeeper.hpp"
#include "app/web/router.hpp"

#include <memory>
#include <string>
#include <vector>

namespace render::web {

class gate {
public:
  struct settings {
    /// "/render", or empty: the service's path behind a proxy.
    std::string base_path;
    /// Names that a Host header may have besides the usual ones; "*": any.
    std::vector<std::string> hosts;
  };

  gate(settings how, router routes, std::shared_ptr<doorkeeper> keeper);

  struct verdict {
    /// Set when the request may pass.
    const route* to = nullptr;
    /// Else the answer.
    response refused;
  };

  /// Fills path, query, variables and identity of `x`, whose method, headers
  /// and peer are known. `now_s`: of a steady clock.
  verdict admit(request& x, std::string_view target, double now_s);

private:
  settings how_;
  router routes_;
  std::shared_ptr<doorkeeper> keeper_;
};

} // namespace render::web
