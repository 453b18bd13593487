// Journals on disk that were not written by the code under test.
#include "actors/io/redis/durable/sqlite_journal.hpp"

#include <boost/test/unit_test.hpp>
#include <sqlite3.h>
#include <unistd.h>

using namespace render;
using namespace render::job_store;
namespace fs = std::filesystem;

namespace {

// As version 1 wrote it. Never edited: such files lie on disks.
constexpr auto version_1 = R"sql(
CREATE TABLE jobs(
  session TEXT, id TEXT, owner TEXT, claimed INT,
  type TEXT, created_at REAL, complete_by REAL, max_time REAL, data BLOB,
  attempt INT, fence INT, history TEXT, remote TEXT,
  ended INT, text TEXT, result_url TEXT, error TEXT, settled INT,
  delivery TEXT, tries INT, delivery_error TEXT, delivery_confirmed INT,
  changed REAL,
  PRIMARY KEY(session, id));
CREATE TABLE gpus(
  session TEXT, id TEXT, owner TEXT, fields TEXT, written INT,
  PRIMARY KEY(session, id));
INSERT INTO jobs(session, id, owner, claimed, type, created_at, complete_by,
  max_time, data, attempt, fence, history, remote, ended, text, result_url,
  error, settled, delivery, tries, delivery_error, delivery_confirmed, changed)
VALUES
  ('w1:17', 'running', 'w1', 1, 'portrait', 1700000000.25, 1700000100.5, 60.5,
   '{"image_url":"http://a/b"}', 2, 3, 'first' || char(10) || 'second',
   '{"node":"n1","service":"comfyui","id":"p1"}', 0, '', '', '', 0, '', 0, '',
   0, 1700000001.5),
  ('w1:17', 'ended', 'w1', 2, 'analyze', 1700000002, 0, 0, '{}', 1, 1, '', '',
   1, 'words', '', '', 4, 'delivered', 2, 'HTTP 500', 5, 1700000003.5),
  ('w1:17', 'failed', 'w1', 3, 'csm', 1700000004, 0, 0, '{}', 1, 1, '', '', 1,
   '', 'http://s/x', 'it failed', 0, '', 0, '', 0, 1700000005.5);
INSERT INTO gpus(session, id, owner, fields, written) VALUES
  ('w1:17', 'g', 'w1', 'type' || char(31) || 'media:fast' || char(31) || 'node'
   || char(31) || char(31) || 'known_before' || char(31) || 'w8' || char(10)
   || 'w9' || char(31), 9);
PRAGMA user_version=1;
)sql";

struct fixture {
  fixture() {
    fs::remove_all(folder);
    fs::create_directories(folder);
  }

  ~fixture() {
    fs::remove_all(folder);
  }

  void make(const std::string& name, const char* sql) const {
    sqlite3* db = nullptr;
    BOOST_REQUIRE_EQUAL(sqlite3_open((folder / name).c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    auto code = sqlite3_exec(db, sql, nullptr, nullptr, &error);
    BOOST_TEST_INFO((error ? error : ""));
    BOOST_TEST(code == SQLITE_OK);
    sqlite3_free(error);
    sqlite3_close(db);
  }

  held open(const std::string& worker) const {
    auto own = open_sqlite_journal(folder, worker);
    BOOST_REQUIRE_MESSAGE(own, own.error().message);
    auto left = (*own)->left();
    BOOST_REQUIRE_MESSAGE(left, left.error().message);
    return *left;
  }

  static held expected() {
    held_job running;
    running.subject.id = "running";
    running.subject.type = "portrait";
    running.subject.created_at_s = 1'700'000'000.25;
    running.subject.complete_by_s = 1'700'000'100.5;
    running.subject.max_time_s = 60.5;
    running.subject.data = R"({"image_url":"http://a/b"})";
    running.subject.attempt = 2;
    running.subject.fence = 3;
    running.subject.history = {"first", "second"};
    running.subject.remote = R"({"node":"n1","service":"comfyui","id":"p1"})";
    running.owner = "w1";
    running.session = {"w1", 17};
    running.claimed = 1;
    running.changed_s = 1'700'000'001.5;
    held_job ended;
    ended.subject.id = "ended";
    ended.subject.type = "analyze";
    ended.subject.created_at_s = 1'700'000'002;
    ended.subject.data = "{}";
    ended.subject.attempt = 1;
    ended.subject.fence = 1;
    ended.owner = "w1";
    ended.session = {"w1", 17};
    ended.claimed = 2;
    ended.outcome = job_outcome{"words", ""};
    ended.settled = 4;
    ended.delivery = held_delivery{"delivered", 2, "HTTP 500", 5};
    ended.changed_s = 1'700'000'003.5;
    auto failed = ended;
    failed.subject.id = "failed";
    failed.subject.type = "csm";
    failed.subject.created_at_s = 1'700'000'004;
    failed.claimed = 3;
    failed.outcome = failed_outcome({failure_kind::internal, "it failed"});
    failed.outcome->result_url = "http://s/x";
    failed.settled = 0;
    failed.delivery.reset();
    failed.changed_s = 1'700'000'005.5;
    return {{running, ended, failed},
            {{"g",
              "w1",
              {"w1", 17},
              {"type", "media:fast", "node", "", "known_before", "w8\nw9"},
              9}}};
  }

  static void check(const held& left) {
    auto wanted = expected();
    BOOST_REQUIRE_EQUAL(left.jobs.size(), wanted.jobs.size());
    for (size_t i = 0; i < wanted.jobs.size(); ++i)
      BOOST_TEST((left.jobs[i] == wanted.jobs[i]), wanted.jobs[i].subject.id);
    BOOST_TEST((left.gpus == wanted.gpus));
  }

  fs::path folder = fs::temp_directory_path()
                    / ("c3-journal-versions-" + std::to_string(getpid()));
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(journals_of_other_versions, fixture)

BOOST_AUTO_TEST_CASE(a_worker_reads_its_own_file_of_version_1) {
  make("w1.journal", version_1);
  check(open("w1"));
}

BOOST_AUTO_TEST_CASE(a_dead_workers_file_of_version_1_is_taken_over) {
  make("w1.journal", version_1);
  check(open("w2"));
  BOOST_TEST(!fs::exists(folder / "w1.journal"));
  check(open("w2"));
}

BOOST_AUTO_TEST_CASE(a_file_of_a_later_version_keeps_its_rows) {
  make("w1.journal", version_1);
  make("w1.journal", "ALTER TABLE jobs ADD COLUMN colour TEXT;"
                     "PRAGMA user_version=1000;");
  auto left = open("w2");
  BOOST_TEST(left.jobs.empty());
  BOOST_TEST(!open_sqlite_journal(folder, "w1").has_value());
  // Readable again by those who know it.
  make("w1.journal", "UPDATE jobs SET colour = 'blue';"
                     "ALTER TABLE jobs DROP COLUMN colour;"
                     "PRAGMA user_version=1;");
  check(open("w1"));
}

BOOST_AUTO_TEST_SUITE_END()
