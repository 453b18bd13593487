// The journal on disk.
#include "actors/io/redis/durable/sqlite_journal.hpp"

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

using namespace render;
using namespace render::job_store;
namespace fs = std::filesystem;

namespace {

struct fixture {
  fixture() {
    fs::remove_all(folder);
  }

  ~fixture() {
    fs::remove_all(folder);
  }

  std::unique_ptr<journal> open(const std::string& worker) {
    auto out = open_sqlite_journal(folder, worker);
    BOOST_REQUIRE_MESSAGE(out, out.error().message);
    return std::move(*out);
  }

  static held_job full() {
    held_job x;
    x.subject.id = "a";
    x.subject.type = "csm";
    x.subject.created_at_s = 1'700'000'000.25;
    x.subject.complete_by_s = 1'700'000'100;
    x.subject.max_time_s = 60;
    x.subject.data = std::string{"{\"text\":\"\xff\0 '\"}", 14};
    x.subject.attempt = 2;
    x.subject.fence = 3;
    x.subject.history = {"first", "second"};
    x.subject.remote = "there";
    x.owner = "w1";
    x.session = {"w1", 17};
    x.claimed = 1'700'000'000'001;
    x.outcome = failed_outcome({failure_kind::internal, "it failed"});
    x.outcome->text = "text";
    x.outcome->result_url = "http://s/x";
    x.settled = 1'700'000'000'002;
    x.delivery = held_delivery{"dead", 5, "HTTP 500", 1'700'000'000'003};
    x.changed_s = 1'700'000'000.5;
    return x;
  }

  size_t files() const {
    auto all = fs::directory_iterator{folder};
    return static_cast<size_t>(std::count_if(begin(all), end(all), [](auto& x) {
      return x.path().extension() == ".journal";
    }));
  }

  fs::path folder = fs::temp_directory_path()
                    / ("c3-journal-" + std::to_string(getpid()));
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(journal_on_disk, fixture)

BOOST_AUTO_TEST_CASE(a_field_never_becomes_two) {
  {
    auto x = open("w1");
    BOOST_REQUIRE(x->put(held_gpu{"g",
                                  "w1",
                                  {"w1", 17},
                                  {"workload",
                                   "a\x1f"
                                   "b",
                                   "node", "n"},
                                  9}));
  }
  auto left = open("w1")->left();
  BOOST_REQUIRE(left && left->gpus.size() == 1u);
  BOOST_REQUIRE_EQUAL(left->gpus[0].fields.size(), 4u);
  BOOST_TEST(left->gpus[0].fields[3] == "n");
}

BOOST_AUTO_TEST_CASE(rows_come_back_as_they_were) {
  held_gpu gpu{"g", "w1", {"w1", 17}, {"type", "media:fast", "node", ""}, 9};
  held_job bare;
  bare.subject.id = "b";
  bare.session = {"w1", 17};
  {
    auto x = open("w1");
    BOOST_REQUIRE(x->put(full()));
    BOOST_REQUIRE(x->put(bare));
    BOOST_REQUIRE(x->put(gpu));
  }
  auto left = open("w1")->left();
  BOOST_REQUIRE(left);
  BOOST_REQUIRE_EQUAL(left->jobs.size(), 2u);
  BOOST_TEST((left->jobs[0] == bare));
  BOOST_TEST((left->jobs[1] == full()));
  BOOST_REQUIRE_EQUAL(left->gpus.size(), 1u);
  BOOST_TEST((left->gpus[0] == gpu));
}

BOOST_AUTO_TEST_CASE(a_row_is_replaced_and_erased_by_session_and_id) {
  auto x = open("w1");
  auto row = full();
  BOOST_REQUIRE(x->put(row));
  row.subject.attempt = 7;
  BOOST_REQUIRE(x->put(row));
  row.session = {"w1", 18};
  BOOST_REQUIRE(x->put(row));
  BOOST_TEST(x->left()->jobs.size() == 2u);
  BOOST_REQUIRE(x->erase_job({"w1", 18}, "a"));
  auto left = x->left();
  BOOST_REQUIRE_EQUAL(left->jobs.size(), 1u);
  BOOST_TEST(left->jobs[0].subject.attempt == 7u);
}

BOOST_AUTO_TEST_CASE(a_worker_id_runs_once_in_a_folder) {
  auto first = open("w/1 ä");
  auto second = open_sqlite_journal(folder, "w/1 ä");
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().message.find("already runs here")
             != std::string::npos);
  first.reset();
  BOOST_TEST(open_sqlite_journal(folder, "w/1 ä").has_value());
}

BOOST_AUTO_TEST_CASE(the_dead_are_taken_over_and_the_living_left_alone) {
  auto living = open("living");
  BOOST_REQUIRE(living->put(full()));
  {
    auto dead = open("dead");
    auto row = full();
    row.owner = "dead";
    row.session = {"dead", 1};
    BOOST_REQUIRE(dead->put(row));
  }
  auto x = open("w1");
  auto left = x->left();
  BOOST_REQUIRE_EQUAL(left->jobs.size(), 1u);
  BOOST_TEST(left->jobs[0].owner == "dead");
  BOOST_TEST(files() == 2u);
  BOOST_TEST(living->left()->jobs.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_file_of_a_later_version_is_refused_and_kept) {
  open("old").reset();
  auto path = folder / "old.journal";
  {
    // `user_version` stands at byte 60 of a SQLite file, big endian.
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(63);
    file.put(99);
  }
  auto own = open_sqlite_journal(folder, "old");
  BOOST_REQUIRE(!own);
  BOOST_TEST(own.error().message.find("later version") != std::string::npos);
  open("w1");
  BOOST_TEST(fs::exists(path));
}

BOOST_AUTO_TEST_CASE(what_is_no_journal_is_left_where_it_is) {
  fs::create_directories(folder);
  std::ofstream{folder / "x.journal"} << "This is a text, and no database.";
  open("w1");
  BOOST_TEST(fs::exists(folder / "x.journal"));
  auto own = open_sqlite_journal(folder, "x");
  BOOST_REQUIRE(!own);
  BOOST_TEST(own.error().message.find("x.journal") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_is_named) {
  std::ofstream{folder.string()} << "a file";
  auto x = open_sqlite_journal(folder / "sub", "w1");
  BOOST_REQUIRE(!x);
  BOOST_TEST(x.error().message.find(folder.string()) != std::string::npos);
}

// The -wal held every row, for all to read: it was made before the mode of its
// file was set.
BOOST_AUTO_TEST_CASE(all_its_files_are_for_their_owner_alone) {
  auto before = ::umask(0022);
  auto x = open("w1");
  BOOST_TEST(x->put(full()).has_value());
  ::umask(before);
  size_t seen = 0;
  for (auto& file : fs::directory_iterator{folder}) {
    ++seen;
    BOOST_TEST((file.status().permissions()
                == (fs::perms::owner_read | fs::perms::owner_write)),
               file.path() << " is open to others");
  }
  BOOST_TEST(seen >= 2u);
  BOOST_TEST((fs::status(folder).permissions() == fs::perms::owner_all));
}

BOOST_AUTO_TEST_CASE(a_view_without_an_end_stops_no_start) {
  fs::create_directories(folder);
  auto path = folder / "evil.journal";
  sqlite3* db = nullptr;
  BOOST_REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  auto done = sqlite3_exec(
    db,
    "PRAGMA user_version=1; CREATE TABLE gpus(a);"
    "CREATE VIEW jobs AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT "
    "x+1 FROM n) SELECT x AS claimed FROM n;",
    nullptr, nullptr, nullptr);
  sqlite3_close(db);
  BOOST_REQUIRE(done == SQLITE_OK);
  open("w1");
  BOOST_TEST(fs::exists(path));
  BOOST_TEST(!open_sqlite_journal(folder, "evil"));
}

// Whoever starts looks into the files of all others for a moment.
BOOST_AUTO_TEST_CASE(a_lock_that_is_held_for_a_moment_is_waited_for) {
  open("w1");
  auto path = folder / "w1.journal";
  sqlite3* db = nullptr;
  BOOST_REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_exec(db,
                             "PRAGMA locking_mode=EXCLUSIVE;"
                             "BEGIN IMMEDIATE;COMMIT",
                             nullptr, nullptr, nullptr)
                == SQLITE_OK);
  std::thread other{[db] {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    sqlite3_close(db);
  }};
  auto got = open_sqlite_journal(folder, "w1");
  other.join();
  BOOST_TEST(got.has_value());
}

// A power cut may leave it so, since nothing is fsynced.
BOOST_AUTO_TEST_CASE(a_broken_file_is_set_aside) {
  BOOST_REQUIRE(open("w1")->put(full()));
  auto path = folder / "w1.journal";
  {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(4'096);
    file << std::string(8'192, 'x');
  }
  auto x = open("w1");
  BOOST_TEST(x->left().value().jobs.empty());
  BOOST_TEST(fs::exists(path.string() + ".broken"));
}

BOOST_AUTO_TEST_SUITE_END()
