#pragma once
// The FOLDER STORE: the OBJECT STORE without storage, and beside S3 the one
// that keeps what is uploaded. Results stay in a folder of this machine. It has
// a thread of its own outside of tests, since a disk may hang.
#include "messages/failure.hpp"
#include "messages/io_actors.hpp"

#include <caf/all.hpp>

#include <string>

namespace render {

namespace folder_store {

struct config {
  std::string output_dir;
};

/// See `kept_results::keep`; the result's file:// URL.
result<std::string> keep(const std::string& output_dir,
                         const msg::store_file& x);

} // namespace folder_store

struct folder_store_state {
  static inline const char* name = "folder-store";
  folder_store::config cfg;
};

object_store_actor::behavior_type folder_store_behavior(
  object_store_actor::stateful_pointer<folder_store_state> self,
  folder_store::config cfg);

} // namespace render
