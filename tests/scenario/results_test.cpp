// Results on their way to the storage, and how long they stay here.
#include "actors/io/object_store/folder_store.hpp"
#include "actors/io/object_store/result_sweeper.hpp"
#include "actors/io/object_store/s3_store.hpp"
#include "tests/support/deterministic_system.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace render;
using namespace render::harness;
using namespace std::chrono_literals;

namespace {

struct fixture : deterministic_system {
  fixture() {
    web->log = log;
    std::ofstream{temp.path("made")} << "result";
  }

  std::optional<msg::stored_file> store(const std::string& name,
                                        const std::string& content_type) {
    s3::config cfg;
    cfg.endpoint = "s3.example";
    auto http = spawn(fake_http_behavior, web);
    if (!kept)
      kept = spawn(folder_store_behavior,
                   folder_store::config{temp.path("out")});
    auto objects = spawn(s3_store_behavior, cfg,
                         object_store_deps{http,
                                           [] {
                                             return 1e9;
                                           },
                                           null_logger(), kept});
    msg::store_file what{temp.path("made"), name, content_type, "job/1/1"};
    spawn([objects, what, got = answer](caf::event_based_actor* self) {
      self->request(objects, 3'600s, what)
        .then(
          [got](msg::stored_file& x) {
            *got = std::move(x);
          },
          [](const caf::error&) {});
    });
    run();
    return *answer;
  }

  bool there(const std::string& path) {
    return std::filesystem::exists(temp.path(path));
  }

  temp_folder temp;
  /// Where results are kept beside the storage.
  object_store_actor kept;
  std::vector<caf::typed_response_promise<msg::stored_file>> asked;
  std::shared_ptr<std::optional<msg::stored_file>> answer
    = std::make_shared<std::optional<msg::stored_file>>();
  event_log_ptr log = std::make_shared<event_log>([this] {
    return elapsed_ms();
  });
  fake_http_ptr web = std::make_shared<fake_http>();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(a_result, fixture)

BOOST_AUTO_TEST_CASE(stays_here_when_it_is_uploaded) {
  auto got = store("a.mp3", "audio/mpeg");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->url.find("/c3-render-output/output/a.mp3?")
             != std::string::npos);
  BOOST_TEST(web->requests.size() == 1u);
  BOOST_TEST(there("out/a.mp3"));
}

// The disk of OUTPUT_DIR hangs.
BOOST_AUTO_TEST_CASE(that_cannot_be_kept_is_stored_all_the_same) {
  kept = spawn([this](object_store_actor::pointer self)
                 -> object_store_actor::behavior_type {
    return {[this, self](const msg::store_file&) {
              asked.push_back(self->make_response_promise<msg::stored_file>());
              return asked.back();
            },
            [](const msg::check_storage&) {
              return caf::ok_atom_v;
            }};
  });
  auto got = store("a.mp3", "audio/mpeg");
  BOOST_TEST(!got);
  advance(59s);
  BOOST_TEST(!*answer);
  advance(1s);
  BOOST_REQUIRE(*answer);
  BOOST_TEST((*answer)->url.find("/c3-render-output/output/a.mp3?")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(that_is_a_transcript_stays_here_alone) {
  BOOST_TEST(store("a.txt", "text/plain; charset=utf-8").has_value());
  BOOST_TEST(web->requests.empty());
  BOOST_TEST(there("out/a.txt"));
}

BOOST_AUTO_TEST_CASE(that_is_a_path_goes_nowhere) {
  BOOST_TEST(!store("../a.txt", "text/plain").has_value());
  BOOST_TEST(!store("../a.mp3", "audio/mpeg").has_value());
  BOOST_TEST(web->requests.empty());
  BOOST_TEST(there("made"));
}

BOOST_AUTO_TEST_CASE(is_looked_for_once_an_hour_and_sooner_when_many_are_due) {
  auto due = std::make_shared<size_t>(450);
  spawn(result_sweeper_behavior, result_sweeper_config{},
        result_sweeper_deps{[due, log = log](double, size_t limit) {
                              log->add("sweep");
                              auto now = std::min(*due, limit);
                              *due -= now;
                              return now;
                            },
                            [] {
                              return 1e9;
                            },
                            null_logger()});
  advance(2h);
  BOOST_TEST(log->times("sweep") == "0 1000 2000 3602000");
}

BOOST_AUTO_TEST_SUITE_END()
