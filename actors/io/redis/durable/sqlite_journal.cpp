#include "actors/io/redis/durable/sqlite_journal.hpp"

#include "actors/io/redis/scripts/codec.hpp"
#include "messages/text/hex.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace render::job_store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".journal";

constexpr const char* make_tables = R"sql(
CREATE TABLE IF NOT EXISTS jobs(
  session TEXT, id TEXT, owner TEXT, claimed INT,
  type TEXT, created_at REAL, complete_by REAL, max_time REAL, data BLOB,
  attempt INT, fence INT, history TEXT, remote TEXT,
  ended INT, text TEXT, result_url TEXT, error TEXT, settled INT,
  delivery TEXT, tries INT, delivery_error TEXT, delivery_confirmed INT,
  changed REAL,
  PRIMARY KEY(session, id));
CREATE TABLE IF NOT EXISTS gpus(
  session TEXT, id TEXT, owner TEXT, fields TEXT, written INT,
  PRIMARY KEY(session, id));
)sql";

struct closer {
  void operator()(sqlite3* x) const {
    sqlite3_close(x);
  }
  void operator()(sqlite3_stmt* x) const {
    sqlite3_finalize(x);
  }
};

using database = std::unique_ptr<sqlite3, closer>;

tl::unexpected<failure> trouble(const std::string& what, sqlite3* db) {
  return fail(failure_kind::internal,
              "journal: " + what + ": "
                + (db ? sqlite3_errmsg(db) : "out of memory"));
}

result<void> execute(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return trouble("cannot be written", db);
  return {};
}

/// A prepared statement, bound from left to right.
class statement {
public:
  statement(sqlite3* db, const char* sql) : db_(db) {
    sqlite3_stmt* made = nullptr;
    sqlite3_prepare_v2(db, sql, -1, &made, nullptr);
    stmt_.reset(made);
  }

  template <class... Ts>
  statement& bind(const Ts&... xs) {
    sqlite3_reset(stmt_.get());
    int at = 0;
    (put(++at, xs), ...);
    return *this;
  }

  bool next() {
    state_ = sqlite3_step(stmt_.get());
    return state_ == SQLITE_ROW;
  }

  /// Of one that gives no rows, or has given all.
  result<void> done(const std::string& what) {
    while (next())
      ;
    auto ok = state_ == SQLITE_DONE;
    auto out = ok ? result<void>{} : trouble(what, db_);
    sqlite3_reset(stmt_.get());
    return out;
  }

  /// Columns from left to right, from 0.
  std::string text(int at) const {
    auto* p = static_cast<const char*>(sqlite3_column_blob(stmt_.get(), at));
    auto n = static_cast<size_t>(sqlite3_column_bytes(stmt_.get(), at));
    return p ? std::string{p, n} : std::string{};
  }
  uint64_t whole(int at) const {
    return static_cast<uint64_t>(sqlite3_column_int64(stmt_.get(), at));
  }
  double number(int at) const {
    return sqlite3_column_double(stmt_.get(), at);
  }

private:
  // What is bound lives longer than the step: no copies.
  void put(int at, const std::string& x) {
    sqlite3_bind_text(stmt_.get(), at, x.data(), static_cast<int>(x.size()),
                      SQLITE_STATIC);
  }
  void put(int at, double x) {
    sqlite3_bind_double(stmt_.get(), at, x);
  }
  void put(int at, uint64_t x) {
    sqlite3_bind_int64(stmt_.get(), at, static_cast<sqlite3_int64>(x));
  }
  void put(int at, uint32_t x) {
    put(at, uint64_t{x});
  }
  void put(int at, bool x) {
    put(at, uint64_t{x});
  }

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, closer> stmt_;
  int state_ = SQLITE_DONE;
};

// A file of somebody else must not run code of its own: no triggers, no views,
// no functions of the schema's choice.
void distrust(sqlite3* db) {
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
}

// SQLite gives its -wal and -shm the mode of the file that they belong to, so
// that has to be right before they are made; those of a dead process are there.
void keep_private(const fs::path& path, bool make) {
  if (make)
    close(open(path.c_str(),
               O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
               S_IRUSR | S_IWUSR));
  std::error_code ignored;
  for (auto* more : {"", "-wal", "-shm"}) {
    fs::path file = path.string() + more;
    if (fs::is_regular_file(fs::symlink_status(file, ignored)))
      fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write,
                      ignored);
  }
}

/// How long a lock is waited for. A worker that starts locks the files of
/// others for a moment, to see whether they live.
constexpr int patience_ms = 2'000;

/// Opened and locked; nothing when another process has it.
result<database> open_locked(const fs::path& path, int flags) {
  auto own = (flags & SQLITE_OPEN_CREATE) != 0;
  keep_private(path, own);
  sqlite3* raw = nullptr;
  auto code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  database db{raw};
  if (code != SQLITE_OK)
    return trouble(path.filename().string(), raw);
  distrust(raw);
  sqlite3_busy_timeout(raw, own ? patience_ms : 0);
  // Without fsync: what the process has written outlives it all the same, and
  // a checkpoint on a slow disk would stop the JOB STORE meanwhile.
  // In exclusive mode the lock stays until the process ends, however it does.
  auto ok = execute(raw, "PRAGMA locking_mode=EXCLUSIVE;"
                         "PRAGMA journal_mode=WAL;PRAGMA synchronous=OFF;"
                         "BEGIN IMMEDIATE;COMMIT");
  if (auto state = sqlite3_errcode(raw) & 0xff;
      !ok && (state == SQLITE_BUSY || state == SQLITE_LOCKED))
    return database{};
  if (!ok)
    return fail(ok.error());
  return db;
}

result<int> version_of(sqlite3* db) {
  statement x{db, "PRAGMA user_version"};
  if (!x.next())
    return trouble("is not readable", db);
  return static_cast<int>(x.whole(0));
}

// Only tables that hold their rows themselves: a view called `jobs` may have no
// end.
result<void> check_schema(sqlite3* db) {
  statement x{db, "SELECT count(*) FROM sqlite_schema "
                  "WHERE type NOT IN ('table','index') OR rootpage=0"};
  if (!x.next() || x.whole(0) != 0)
    return fail(failure_kind::internal,
                "journal: it has other things in it than a journal's tables");
  return {};
}

result<void> prepare(sqlite3* db) {
  auto version = version_of(db);
  if (!version)
    return fail(version.error());
  if (*version > journal_version)
    return fail(failure_kind::internal,
                "journal: it was written by a later version of the worker "
                "(format "
                  + std::to_string(*version) + ", this one knows "
                  + std::to_string(journal_version) + ")");
  if (auto ok = check_schema(db); !ok)
    return ok;
  auto set = "PRAGMA user_version=" + std::to_string(journal_version);
  return execute(db, make_tables).and_then([&] {
    return execute(db, set.c_str());
  });
}

bool is_sound(sqlite3* db) {
  statement x{db, "PRAGMA quick_check(1)"};
  return x.next() && x.text(0) == "ok";
}

// Kept for whoever wants to look at it; nothing reads it any more.
void set_aside(const fs::path& path) {
  std::error_code ignored;
  fs::rename(path, path.string() + ".broken", ignored);
  for (auto* more : {"-wal", "-shm"})
    fs::remove(path.string() + more, ignored);
}

held_job read_job(const statement& x) {
  held_job out;
  auto& job = out.subject;
  out.session = node_id_from(x.text(0));
  job.id = job_id{x.text(1)};
  out.owner = worker_id{x.text(2)};
  out.claimed = x.whole(3);
  job.type = x.text(4);
  job.created_at_s = x.number(5);
  job.complete_by_s = x.number(6);
  job.max_time_s = x.number(7);
  job.data = x.text(8);
  job.attempt = static_cast<uint32_t>(x.whole(9));
  job.fence = x.whole(10);
  job.history = split_history(x.text(11));
  job.remote = x.text(12);
  if (x.whole(13) != 0) {
    auto error = x.text(16);
    out.outcome = error.empty() ? job_outcome{}
                                : failed_outcome(
                                  {failure_kind::internal, std::move(error)});
    out.outcome->text = x.text(14);
    out.outcome->result_url = x.text(15);
  }
  out.settled = x.whole(17);
  if (auto state = x.text(18); !state.empty())
    out.delivery = held_delivery{std::move(state),
                                 static_cast<uint32_t>(x.whole(19)), x.text(20),
                                 x.whole(21)};
  out.changed_s = x.number(22);
  return out;
}

/// ASCII's unit separator: a field may have lines.
constexpr char field_end = '\x1f';

std::vector<std::string> split_fields(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    auto end = text.find(field_end, at);
    out.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return out;
}

std::string join_fields(std::vector<std::string> xs) {
  std::string out;
  for (auto& x : xs) {
    // No honest field has one; a forged one must not move the others.
    std::replace(x.begin(), x.end(), field_end, ' ');
    out += x + field_end;
  }
  return out;
}

class sqlite_journal : public journal {
public:
  explicit sqlite_journal(database db)
    : db_(std::move(db)),
      put_job_(db_.get(),
               "INSERT OR REPLACE INTO jobs VALUES(?,?,?,?,?,?,?,?,?,"
               "?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
      put_gpu_(db_.get(), "INSERT OR REPLACE INTO gpus VALUES(?,?,?,?,?)"),
      erase_job_(db_.get(), "DELETE FROM jobs WHERE session=? AND id=?"),
      erase_gpu_(db_.get(), "DELETE FROM gpus WHERE session=? AND id=?") {
    // nop
  }

  result<held> left() override {
    held out;
    statement jobs{db_.get(), "SELECT * FROM jobs ORDER BY claimed"};
    while (jobs.next())
      out.jobs.push_back(read_job(jobs));
    statement gpus{db_.get(), "SELECT * FROM gpus"};
    while (gpus.next())
      out.gpus.push_back({gpus.text(1), worker_id{gpus.text(2)},
                          node_id_from(gpus.text(0)),
                          split_fields(gpus.text(3)), gpus.whole(4)});
    return jobs.done("cannot be read")
      .and_then([&] {
        return gpus.done("cannot be read");
      })
      .map([&] {
        return std::move(out);
      });
  }

  result<void> put(const held_job& x) override {
    auto& job = x.subject;
    auto outcome = x.outcome.value_or(job_outcome{});
    auto delivery = x.delivery.value_or(held_delivery{});
    auto history = join_history(job.history);
    auto session = to_string(x.session);
    return put_job_
      .bind(session, job.id, x.owner, x.claimed, job.type, job.created_at_s,
            job.complete_by_s, job.max_time_s, job.data, job.attempt, job.fence,
            history, job.remote, x.outcome.has_value(), outcome.text,
            outcome.result_url, outcome.error.message, x.settled,
            delivery.state, delivery.attempts, delivery.error,
            delivery.confirmed, x.changed_s)
      .done("cannot be written");
  }

  result<void> put(const held_gpu& x) override {
    auto fields = join_fields(x.fields);
    auto session = to_string(x.session);
    return put_gpu_.bind(session, x.id, x.owner, fields, x.written)
      .done("cannot be written");
  }

  result<void> erase_job(const node_id& session,
                         const std::string& id) override {
    return erase_job_.bind(to_string(session), id).done("cannot be written");
  }

  result<void> erase_gpu(const node_id& session,
                         const std::string& id) override {
    return erase_gpu_.bind(to_string(session), id).done("cannot be written");
  }

private:
  database db_;
  statement put_job_;
  statement put_gpu_;
  statement erase_job_;
  statement erase_gpu_;
};

/// Worker ids are free text, file names are not.
std::string file_name(const std::string& worker_id) {
  std::string out;
  for (auto c : worker_id) {
    auto plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-'
                 || c == '_' || (c == '.' && !out.empty());
    out += plain ? std::string{c} : '%' + to_hex({&c, 1});
  }
  return out + std::string{suffix};
}

/// Copies the rows of a dead process and removes its file. What cannot be read
/// is left where it is: somebody may want to look at it.
result<void> take_over(journal& into, const fs::path& path) {
  auto other = open_locked(path, SQLITE_OPEN_READWRITE);
  if (!other || !*other)
    return {};
  auto version = version_of(other->get());
  if (!version || *version == 0 || *version > journal_version
      || !check_schema(other->get()))
    return {};
  sqlite_journal from{std::move(*other)};
  auto rows = from.left();
  if (!rows)
    return {};
  for (auto& x : rows->jobs)
    if (auto ok = into.put(x); !ok)
      return ok;
  for (auto& x : rows->gpus)
    if (auto ok = into.put(x); !ok)
      return ok;
  std::error_code ignored;
  for (auto* more : {"", "-wal", "-shm"})
    fs::remove(path.string() + more, ignored);
  return {};
}

} // namespace

result<std::unique_ptr<journal>>
open_sqlite_journal(const fs::path& folder, const std::string& worker_id) {
  std::error_code error;
  auto made = fs::create_directories(folder, error);
  if (made)
    fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return fail(failure_kind::invalid_input,
                "journal: " + folder.string()
                  + " cannot be created: " + error.message());
  auto own = folder / file_name(worker_id);
  auto db = open_locked(own, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (db && *db && !is_sound(db->get())) {
    db->reset();
    set_aside(own);
    db = open_locked(own, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  }
  if (!db)
    return fail(failure_kind::invalid_input,
                db.error().message + " (" + own.string() + ")");
  if (!*db)
    return fail(failure_kind::invalid_input,
                "journal: " + own.string() + " is in use: a worker with the id "
                  + worker_id + " already runs here");
  if (auto ok = prepare(db->get()); !ok)
    return fail(ok.error());
  auto out = std::make_unique<sqlite_journal>(std::move(*db));
  for (auto& x : fs::directory_iterator{folder, error})
    if (x.path() != own && x.path().extension() == suffix)
      if (auto ok = take_over(*out, x.path()); !ok)
        return fail(ok.error());
  return std::unique_ptr<journal>{std::move(out)};
}

} // namespace render::job_store
