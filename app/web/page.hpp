#pragma once
// The operators' page: files in the program, or in a folder while they are
// being worked on.
#include "app/web/message.hpp"
#include "app/web/router.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace render::web {

struct asset {
  std::string_view name;
  std::string_view bytes;
  /// The same, packed by gzip.
  std::string_view packed;
};

/// What CMake put into the program: all of app/web/assets, and openapi.json.
const std::vector<asset>& embedded_assets();

class page {
public:
  struct settings {
    /// Empty: the files in the program.
    std::string folder;
    std::string base_path;
    /// Where results lie that this service does not send itself:
    /// "https://storage.example"; empty: nowhere.
    std::string storage_origin;
  };

  explicit page(settings how);

  /// The frame of all screens.
  response frame(const request& x) const;

  /// 404 for what is no file of the page.
  response file(const request& x, const std::string& name) const;

private:
  /// One form of a file.
  struct form {
    std::string bytes;
    std::string tag;
  };

  struct content {
    form plain;
    /// Empty: there is no such form.
    form packed;
  };

  static form form_of(std::string bytes);
  static response answer_of(const request& x, const content& of,
                            const std::string& name);

  response send(const request& x, const std::string& name) const;
  /// The frame with its base in the place of the mark.
  std::string based(std::string frame) const;
  /// Of the folder; nothing: it is not there.
  std::optional<content> from_folder(const std::string& name) const;
  const content* found(const std::string& name) const;

  settings how_;
  std::map<std::string, content> files_;
};

/// The page, its files and the description of the service. `GET /` is the page
/// for browsers, and the answer of the older API for others.
std::vector<route> page_routes(page::settings how);

} // namespace render::web
