// Rows of the journal: what a dead worker has left, whoever has written it.
// The first line says how it is left, the parts after it end in lines "---".
#include "actors/io/redis/durable/sqlite_journal.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <fstream>
#include <memory>

using namespace render;
using namespace render::job_store;
using fuzz::must;
namespace fs = std::filesystem;

namespace {

/// In memory where the machine has such a place.
fs::path folder_of_this_process() {
  fs::path base = fs::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  return base / ("c3-fuzz-journal-" + std::to_string(getpid()));
}

struct folder {
  fs::path path = folder_of_this_process();

  folder() {
    clear();
  }

  ~folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

  void clear() const {
    fs::remove_all(path);
    fs::create_directories(path);
  }
};

std::string take_part(std::string_view& text) {
  constexpr std::string_view border = "\n---\n";
  auto end = std::min(text.find(border), text.size());
  std::string out{text.substr(0, end)};
  text.remove_prefix(std::min(text.size(), end + border.size()));
  return out;
}

held_job job_of(std::string_view text) {
  held_job out;
  auto& job = out.subject;
  out.session = node_id_from(take_part(text));
  job.id = job_id{take_part(text)};
  out.owner = worker_id{take_part(text)};
  job.type = take_part(text);
  job.data = take_part(text);
  job.remote = take_part(text);
  auto number = [&] {
    return fuzz::take_number(text);
  };
  out.claimed = static_cast<uint64_t>(number());
  job.attempt = static_cast<uint32_t>(number());
  job.fence = static_cast<uint64_t>(number());
  job.created_at_s = static_cast<double>(number()) / 8;
  out.changed_s = static_cast<double>(number());
  if (number() != 0) {
    job_outcome ended{take_part(text), take_part(text)};
    auto error = take_part(text);
    if (!error.empty())
      ended.how = job_outcome::end::failed;
    ended.error = {failure_kind::internal, error};
    out.outcome = ended;
  }
  out.settled = static_cast<uint64_t>(number());
  if (auto state = take_part(text); !state.empty())
    out.delivery = held_delivery{state, static_cast<uint32_t>(number()),
                                 take_part(text),
                                 static_cast<uint64_t>(number())};
  return out;
}

held_gpu gpu_of(std::string_view text) {
  held_gpu out;
  out.session = node_id_from(take_part(text));
  out.id = take_part(text);
  out.owner = worker_id{take_part(text)};
  out.written = static_cast<uint64_t>(fuzz::take_number(text));
  while (!text.empty())
    out.fields.push_back(take_part(text));
  return out;
}

/// A file that another process has left.
void check_file(const fs::path& where, std::string_view bytes) {
  std::ofstream{where / "dead.journal", std::ios::binary} << bytes;
  auto mine = open_sqlite_journal(where, "mine");
  if (!mine)
    return fuzz::must_be_fit_to_show(mine.error());
  auto left = (*mine)->left();
  must(left.has_value(), "what was taken over can be read");
}

void execute(sqlite3* db, const std::string& sql) {
  sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
}

/// Rows of another program in our tables: values of any type.
void check_rows(const fs::path& where, std::string_view text) {
  {
    auto made = open_sqlite_journal(where, "dead");
    must(made.has_value(), "a journal can be made");
  }
  sqlite3* raw = nullptr;
  sqlite3_open((where / "dead.journal").c_str(), &raw);
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> db{raw, &sqlite3_close};
  for (auto* table : {"jobs", "gpus"}) {
    std::string values;
    for (auto i = 0; i < (table[0] == 'j' ? 23 : 5); ++i) {
      auto value = take_part(text);
      std::replace(value.begin(), value.end(), '\'', '"');
      auto is_number = !value.empty()
                       && value.find_first_not_of("0123456789.-e")
                            == std::string::npos;
      values += (i == 0 ? "" : ",")
                + (is_number ? value
                             : "'" + value.substr(0, value.find('\0')) + "'");
    }
    execute(db.get(),
            std::string{"INSERT INTO "} + table + " VALUES(" + values + ")");
  }
  db.reset();
  auto mine = open_sqlite_journal(where, "mine");
  must(mine.has_value(), "other rows do not stop a worker");
  auto left = (*mine)->left();
  must(left.has_value(), "rows can be read");
  for (auto& x : left->jobs)
    must((*mine)->put(x).has_value(), "rows can be written");
  auto again = (*mine)->left();
  must(again && again->jobs == left->jobs && again->gpus == left->gpus,
       "rows are what they were");
}

template <class Row>
const std::vector<Row>& rows_of(const held& x) {
  if constexpr (std::is_same_v<Row, held_job>)
    return x.jobs;
  else
    return x.gpus;
}

held_job as_kept(held_job x) {
  return x;
}

/// What stands between fields may not stand in one.
held_gpu as_kept(held_gpu x) {
  for (auto& field : x.fields)
    std::replace(field.begin(), field.end(), '\x1f', ' ');
  return x;
}

template <class Row>
void check_row(const fs::path& where, const Row& x) {
  {
    auto dead = open_sqlite_journal(where, "dead");
    must(dead && (*dead)->put(x), "a row can be written");
  }
  auto mine = open_sqlite_journal(where, "mine");
  must(mine.has_value(), "what is left can be taken over");
  auto left = (*mine)->left();
  must(left && rows_of<Row>(*left) == std::vector<Row>{as_kept(x)},
       "what is written is read again");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const folder where;
  auto text = fuzz::text_of(data, size);
  auto kind = fuzz::take_line(text);
  if (kind != "file" && kind != "rows" && kind != "job" && kind != "gpu")
    return 0;
  where.clear();
  if (kind == "file")
    check_file(where.path, text);
  else if (kind == "rows")
    check_rows(where.path, text);
  else if (kind == "job")
    check_row(where.path, job_of(text));
  else
    check_row(where.path, gpu_of(text));
  return 0;
}
