#include "app/node/web_settings.hpp"
#include "app/records/redis.hpp"
#include "app/web/access.hpp"
#include "app/web/files.hpp"
#include "app/web/settings.hpp"
#include "messages/text/digest.hpp"
#include "messages/text/hex.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace render;
using namespace render::web;

namespace {

const std::string hash_a = to_hex(sha256("a"));
const std::string hash_b = to_hex(sha256("b"));

std::string error_of(std::string_view text) {
  auto x = parse_keys(text);
  return x ? "" : x.error().message;
}

std::string setting_error(environment env) {
  env["C3_API_KEY"] = "k";
  auto found = read_config(std::move(env));
  return found.errors.empty() ? "" : found.errors[0];
}

upload uploaded(const harness::temp_folder& folder, const std::string& text,
                const std::string& type, const std::string& name) {
  upload out;
  out.field = "file";
  out.file_name = name;
  out.content_type = type;
  out.path = folder.path() + "/part";
  std::ofstream{out.path} << text;
  out.bytes = text.size();
  out.sha256 = to_hex(sha256(text));
  return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_access)

BOOST_AUTO_TEST_CASE(key_files) {
  auto keys = parse_keys("# keys\n\n a view " + hash_a + "\r\nb operate "
                         + hash_b + " # x\n");
  BOOST_REQUIRE(keys);
  BOOST_REQUIRE(keys->size() == 2u);
  BOOST_TEST((*keys)[0].name == "a");
  BOOST_TEST(((*keys)[1].may == role::operate));
  BOOST_TEST(key_line((*keys)[1]) == "b operate " + hash_b);
  BOOST_TEST(error_of("a view").starts_with("line 1 must be"));
  BOOST_TEST(error_of("\na root " + hash_a).starts_with("line 2 must be"));
  BOOST_TEST(error_of("a/b view " + hash_a).starts_with("line 1 must be"));
  BOOST_TEST(error_of("a view " + hash_a.substr(1)).starts_with("line 1"));
  BOOST_TEST(error_of("a view " + hash_a + "\na view " + hash_b)
               .starts_with("line 2 has a name"));
  BOOST_TEST(error_of("a view " + hash_a + "\nb view " + hash_a)
               .starts_with("line 2 has a name or a key"));
}

BOOST_AUTO_TEST_CASE(keys_are_long_and_fit_a_header) {
  auto key = make_key(std::string(32, '\xff'));
  BOOST_TEST(key == "c3_" + std::string(42, '_') + "8");
  keyring ring{{{"a", role::submit, to_hex(sha256(key))}}};
  BOOST_TEST(ring.find(key)->name == "a");
  BOOST_TEST(!ring.find(key + "x"));
  BOOST_TEST(!ring.find(""));
  BOOST_TEST(!ring.find(to_hex(sha256(key))));
}

BOOST_AUTO_TEST_CASE(a_key_comes_in_one_of_two_headers) {
  request x;
  BOOST_TEST(presented_key(x) == "");
  x.headers["x-c3-render-key"] = "one";
  BOOST_TEST(presented_key(x) == "one");
  x.headers["authorization"] = "bearer   two";
  BOOST_TEST(presented_key(x) == "two");
  x.headers["authorization"] = "Basic abc";
  BOOST_TEST(presented_key(x) == "one");
}

BOOST_AUTO_TEST_CASE(cookies) {
  request x;
  x.headers["cookie"] = "c3_sessionx=1; xc3_session=2;c3_session=3; d=4";
  BOOST_TEST(cookie(x, "c3_session") == "3");
  BOOST_TEST(cookie(x, "d") == "4");
  BOOST_TEST(cookie(x, "e") == "");
}

BOOST_AUTO_TEST_CASE(sessions_are_bounded) {
  sessions all;
  for (size_t i = 0; i <= sessions::most; ++i)
    all.begin("t" + std::to_string(i), {"a", role::view}, 0);
  BOOST_TEST(!all.find("t0", 1));
  BOOST_TEST(all.find("t1", 1)->name == "a");
  all.end("t1");
  BOOST_TEST(!all.find("t1", 1));
}

BOOST_AUTO_TEST_CASE(guesses_of_a_crowd_are_bounded) {
  guess_limit all;
  for (size_t i = 0; i < 3 * guess_limit::peers_max; ++i)
    all.failed(std::to_string(i), static_cast<double>(i) / 1e6);
  for (uint32_t i = 0; i < guess_limit::tries; ++i)
    all.failed("x", 1);
  BOOST_TEST(all.wait_s("x", 2) == guess_limit::window_s - 1);
  BOOST_TEST(all.wait_s("y", 2) == 0.0);
}

BOOST_AUTO_TEST_CASE(other_origins) {
  request x;
  x.headers["host"] = "h:1";
  BOOST_TEST(!is_cross_site(x));
  x.headers["origin"] = "https://h:1";
  BOOST_TEST(!is_cross_site(x));
  x.headers["origin"] = "null";
  BOOST_TEST(is_cross_site(x));
  auto nameless = x;
  nameless.headers.erase("host");
  BOOST_TEST(is_cross_site(nameless));
  x.headers["origin"] = "http://h:2";
  BOOST_TEST(is_cross_site(x));
  // A browser says it best itself.
  x.headers["sec-fetch-site"] = "same-origin";
  BOOST_TEST(!is_cross_site(x));
  x.headers["sec-fetch-site"] = "same-site";
  BOOST_TEST(is_cross_site(x));
}

BOOST_AUTO_TEST_CASE(uploads_are_kept_by_their_digest) {
  harness::temp_folder folder;
  auto files = file_store::open(folder.path() + "/up", "http://h/base", 100);
  BOOST_REQUIRE(files);
  auto part = uploaded(folder, "hello", "audio/mpeg; x=y", "a.mp3");
  auto first = files->keep(part);
  BOOST_REQUIRE(first);
  BOOST_TEST(!first->known);
  BOOST_TEST(first->file.content_type == "audio/mpeg");
  BOOST_TEST(first->file.name == "a.mp3");
  BOOST_TEST(files->keep(uploaded(folder, "hello", "", ""))->known);
  // A page of somebody else's is never one of ours.
  auto page = files->keep(uploaded(folder, "<b>", "text/html", "a.html"));
  BOOST_TEST(page->file.content_type == "application/octet-stream");
  BOOST_TEST(!files->find("../up"));
  BOOST_TEST(!files->find(std::string(64, '0')));
}

BOOST_AUTO_TEST_CASE(links_hold_for_one_file_and_for_a_time) {
  harness::temp_folder folder;
  auto files = file_store::open(folder.path(), "http://h", 0);
  auto part = uploaded(folder, "hello", "image/png", "");
  BOOST_REQUIRE(files->keep(part));
  auto link = *files->link(part.sha256, 1000);
  BOOST_TEST(
    link.starts_with("http://h/v1/files/" + part.sha256 + "?expires="));
  auto query = link.substr(link.find('?') + 1);
  auto expires = query.substr(8, query.find('&') - 8);
  auto signature = query.substr(query.rfind('=') + 1);
  auto holds = [&](const std::string& id, const std::string& until,
                   const std::string& mac, double now) {
    return files->is_signed(id, until, mac, now);
  };
  BOOST_TEST(holds(part.sha256, expires, signature, 1000));
  BOOST_TEST(!holds(part.sha256, expires, signature, std::stod(expires)));
  BOOST_TEST(!holds(std::string(64, 'a'), expires, signature, 1000));
  BOOST_TEST(!holds(part.sha256, expires + "0", signature, 1000));
  BOOST_TEST(!holds(part.sha256, expires, signature.substr(1), 1000));
  BOOST_TEST(!holds(part.sha256, "", "", 1000));
  BOOST_TEST(!files->link(std::string(64, 'a'), 1000));
  // A secret that cannot be one is no secret: anybody could sign.
  harness::temp_folder other;
  std::ofstream{other.path(".secret")} << "short";
  BOOST_TEST(!file_store::open(other.path(), "http://h", 0));
  // The secret outlives the process.
  auto again = file_store::open(folder.path(), "http://h", 0);
  BOOST_TEST(again->is_signed(part.sha256, expires, signature, 1000));
}

BOOST_AUTO_TEST_CASE(uploads_end) {
  harness::temp_folder folder;
  auto files = file_store::open(folder.path(), "http://h", 100);
  auto part = uploaded(folder, "hello", "image/png", "");
  auto kept = files->keep(part);
  auto end = kept->file.expires_s;
  BOOST_TEST(files->sweep(end - 5) == 0u);
  BOOST_TEST(files->find(part.sha256).has_value());
  BOOST_TEST(files->sweep(end + 5) == 1u);
  BOOST_TEST(!files->find(part.sha256));
}

BOOST_AUTO_TEST_CASE(parts_of_dead_uploads_end_where_uploads_stay) {
  harness::temp_folder folder;
  auto files = file_store::open(folder.path(), "http://h", 0);
  std::ofstream{folder.path(".upload-abc")} << "half";
  auto part = uploaded(folder, "hello", "image/png", "");
  BOOST_REQUIRE(files->keep(part));
  BOOST_TEST(files->sweep(records::unix_now()) == 0u);
  BOOST_TEST(files->sweep(records::unix_now() + 4000) == 1u);
  BOOST_TEST(files->find(part.sha256).has_value());
}

BOOST_AUTO_TEST_CASE(settings_say_what_they_take) {
  BOOST_TEST(setting_error({{"WEB_ADDRESS", "8095"}})
             == "WEB_ADDRESS must be host:port, or off (got \"8095\")");
  BOOST_TEST(setting_error({{"WEB_ADDRESS", "[::1]:8095"}}) == "");
  BOOST_TEST(setting_error({{"WEB_ADDRESS", "h:99999"}})
               .starts_with("WEB_ADDRESS must be"));
  BOOST_TEST(setting_error({{"WEB_URL", "h:1"}}).starts_with("WEB_URL must"));
  BOOST_TEST(
    setting_error({{"WEB_URL", "https://u@h/"}}).starts_with("WEB_URL must"));
  for (auto* wrong : {"x", "/a b", "/../a", "//a", "/a?b", "/{{base}}"})
    BOOST_TEST(setting_error({{"WEB_BASE_PATH", wrong}})
                 .starts_with("WEB_BASE_PATH must"),
               wrong);
  BOOST_TEST(setting_error({{"WEB_BASE_PATH", "/render/"}}) == "");
  BOOST_TEST(
    setting_error({{"WEB_PROXIES", "proxy"}}).starts_with("WEB_PROXIES must"));
  BOOST_TEST(setting_error({{"WEB_UPLOAD_MAX", "0"}})
               .starts_with("WEB_UPLOAD_MAX must"));
  BOOST_TEST(
    setting_error({{"WEB_FILES_TTL", "-1"}}).starts_with("WEB_FILES_TTL must"));
}

BOOST_AUTO_TEST_CASE(where_uploads_are_follows_from_the_settings) {
  web_config x;
  BOOST_TEST(uploads_url(x) == "");
  x.address = "127.0.0.1:8095";
  x.base_path = "/b";
  BOOST_TEST(uploads_url(x) == "http://127.0.0.1:8095/b/v1/files/");
  // As the service's own links begin.
  x.address = "0.0.0.0:8095";
  BOOST_TEST(uploads_url(x) == "http://127.0.0.1:8095/b/v1/files/");
  x.address = "[fd00::1]:80";
  BOOST_TEST(uploads_url(x) == "http://[fd00::1]:80/b/v1/files/");
  x.url = "https://h/b";
  BOOST_TEST(uploads_url(x) == "https://h/b/v1/files/");
  environment env{{"C3_API_KEY", "k"},
                  {"OUTPUT_DIR", "/out"},
                  {"MINIO_PUBLIC_URL", "https://s.example/x"}};
  auto found = read_config(env);
  auto settings = service_settings(found.config, "h:1");
  BOOST_TEST(settings.address == "h:1");
  BOOST_TEST(settings.files_dir == "/out/uploads");
  BOOST_TEST(settings.storage_origin == "https://s.example");
}

BOOST_AUTO_TEST_SUITE_END()
