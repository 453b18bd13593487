#include "app/cli/program.hpp"

#include "app/cli/pages.hpp"
#include "app/version/version.hpp"

#include <iostream>

namespace render::cli {

int report(std::string_view program, exit_code code,
           const std::string& message) {
  std::cerr << program << ": " << message << '\n';
  return code;
}

int run_program(CLI::App& app, int argc, char** argv,
                const std::function<int()>& run) {
  auto page_wanted = false;
  app.add_flag("--man-page", page_wanted, "Print the man page, and exit")
    ->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& err) {
    if (err.get_exit_code() == 0) {
      app.exit(err);
      return clean;
    }
    return report(app.get_name(), configuration,
                  what_is_wrong(app, err) + "; see --help");
  }
  if (page_wanted) {
    std::cout << man_page(app, std::string{version()});
    return clean;
  }
  try {
    return run();
  } catch (const std::exception& err) {
    return report(app.get_name(), runtime, err.what());
  }
}

} // namespace render::cli
