#include "actors/io/object_store/folder_store.hpp"

#include "actors/io/object_store/kept_results.hpp"
#include "messages/failure_caf.hpp"
#include "messages/http.hpp"

#include <filesystem>

namespace render {

namespace fs = std::filesystem;

namespace folder_store {

result<std::string> keep(const std::string& output_dir,
                         const msg::store_file& x) {
  return kept_results::keep(output_dir, x).map([](const std::string& path) {
    return "file://" + percent_encode(path, "/");
  });
}

} // namespace folder_store

object_store_actor::behavior_type folder_store_behavior(
  object_store_actor::stateful_pointer<folder_store_state> self,
  folder_store::config cfg) {
  self->state.cfg = std::move(cfg);
  return {
    [self](const msg::store_file& x) -> caf::result<msg::stored_file> {
      // Before the file is moved away.
      auto bytes = kept_results::size_of(x);
      return to_caf(folder_store::keep(self->state.cfg.output_dir, x)
                      .map([bytes](std::string url) {
                        return msg::stored_file{std::move(url), bytes};
                      }));
    },
    [self](const msg::check_storage&) -> caf::result<caf::ok_atom> {
      if (!fs::is_directory(self->state.cfg.output_dir))
        return to_error(
          {failure_kind::unfit, self->state.cfg.output_dir + " is no folder"});
      return caf::ok_atom_v;
    },
  };
}

} // namespace render
