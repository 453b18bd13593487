#include "app/local_cloud/file_shelf.hpp"

#include "app/local_cloud/json_text.hpp"
#include "messages/http.hpp"

#include <fstream>
#include <iterator>

namespace render::local_cloud {

namespace fs = std::filesystem;

namespace {

bool holds(const fs::path& path, const std::string& bytes) {
  std::error_code error;
  if (fs::file_size(path, error) != bytes.size() || error)
    return false;
  std::ifstream in{path, std::ios::binary};
  return std::equal(bytes.begin(), bytes.end(),
                    std::istreambuf_iterator<char>{in});
}

} // namespace

void file_shelf::get(httplib::Response& out, std::string_view name) const {
  std::error_code error;
  auto root = fs::weakly_canonical(folder_, error);
  auto path = fs::weakly_canonical(folder_ / fs::path{name}.relative_path(),
                                   error);
  auto relative = path.lexically_relative(root);
  if (error || relative.empty() || *relative.begin() == ".."
      || !fs::is_regular_file(path, error))
    return reply_page(out, 404);
  reply_file(out, path.string());
}

void file_shelf::add(const httplib::Request& in, httplib::Response& out,
                     const std::string& base) {
  fs::path name = safe_file_name(in.get_param_value("name"));
  std::lock_guard lock{mutex_};
  auto path = folder_ / name;
  for (int i = 1; fs::exists(path) && !holds(path, in.body); ++i)
    path = folder_
           / fmt::format("{}-{}{}", name.stem().string(), i,
                         name.extension().string());
  std::ofstream file{path, std::ios::binary};
  file << in.body;
  file.close();
  if (!file)
    return reply_json(out, R"({"message":"the file cannot be written"})", 500);
  auto url = base + "/files/" + percent_encode(path.filename().string());
  reply_json(out, json_object{}.add("url", url).str());
}

} // namespace render::local_cloud
