#include "app/ctl/submit.hpp"

#include "app/ctl/download.hpp"
#include "app/ctl/input_files.hpp"
#include "app/ctl/jobs.hpp"
#include "app/ctl/record_text.hpp"
#include "app/ctl/submit_options.hpp"
#include "app/ctl/why.hpp"
#include "app/records/change.hpp"
#include "messages/http.hpp"
#include "messages/job_params.hpp"
#include "messages/text/json.hpp"

#include <cstdlib>
#include <iostream>
#include <optional>

namespace render::ctl {

namespace {

/// The job's data as JSON text, field by field.
class data_writer {
public:
  void text(const char* name, const std::string& value) {
    if (!value.empty())
      raw(name, json::quote(value));
  }

  /// Keeps the text as typed, so that a wrong value gets the same check as in
  /// Redis.
  void number(const char* name, const std::string& value) {
    if (!value.empty())
      raw(name, json::parse(value) ? value : json::quote(value));
  }

  void raw(const char* name, const std::string& value) {
    body_ += (body_.empty() ? "" : ",") + json::quote(name) + ":" + value;
  }

  std::string finish() const {
    return "{" + body_ + "}";
  }

private:
  std::string body_;
};

/// Makes local files reachable for the worker.
class input_publisher {
public:
  input_publisher(const context& ctx, const submit_options& opts)
    : ctx_(ctx), opts_(opts) {
    // nop
  }

  /// The URL of an input; `given` is a URL or a path.
  result<std::string> url(const std::string& given) {
    if (given.empty() || given.find("://") != std::string::npos)
      return given;
    if (!ctx_.files_url.empty())
      return upload_file(ctx_.files_url, given);
    if (!opts_.wait)
      return fail(failure_kind::invalid_input,
                  given
                    + " is a local file, which the worker cannot fetch: "
                      "use --wait (c3ctl then serves it until the job "
                      "ends), set C3_FILES_URL, or give a URL");
    if (!server_) {
      auto started = file_server::start(opts_.serve_address);
      if (!started)
        return fail(started.error());
      server_ = std::move(*started);
    }
    return server_->serve(given);
  }

  /// Does the worker depend on this process for an input?
  bool serves() const {
    return server_ != nullptr;
  }

private:
  const context& ctx_;
  const submit_options& opts_;
  std::unique_ptr<file_server> server_;
};

std::string monologue_json(const std::vector<std::string>& sentences) {
  std::string out = "[";
  for (auto& x : sentences)
    out += (out.size() > 1 ? "," : "") + json::quote(x);
  return out + "]";
}

result<std::string> make_data(job_kind kind, const submit_options& opts,
                              input_publisher& inputs) {
  data_writer out;
  auto put_url = [&](const char* name,
                     const std::string& given) -> result<void> {
    auto url = inputs.url(given);
    if (!url)
      return fail(url.error());
    out.text(name, *url);
    return {};
  };
  result<void> ok;
  switch (kind) {
  case job_kind::csm:
    if (!opts.monologue.empty())
      out.raw("monologue", monologue_json(opts.monologue));
    out.text("text", opts.text);
    out.text("voice", opts.voice);
    ok = put_url("reference_audio_url", opts.reference_audio);
    out.text("reference_text", opts.reference_text);
    out.number("temperature", opts.temperature);
    out.number("topk", opts.topk);
    out.number("max_audio_length", opts.max_audio_length);
    out.number("pause_duration", opts.pause_duration);
    break;
  case job_kind::whisper:
    ok = put_url("audio_url", opts.audio);
    out.text("model", opts.model);
    out.text("task", opts.task);
    out.text("language", opts.language);
    break;
  case job_kind::portrait:
    ok = put_url("image_url", opts.image);
    if (ok)
      ok = put_url("audio_url", opts.audio);
    break;
  case job_kind::analyze:
    ok = put_url("image_url", opts.image);
    out.text("prompt", opts.prompt);
    break;
  }
  if (!ok)
    return fail(ok.error());
  out.text("notify_url", opts.notify_url);
  return out.finish();
}

/// "+3600" counts from now; anything else is Unix seconds.
result<double> parse_complete_by(const std::string& text) {
  char* end = nullptr;
  auto value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0 && value < 1e12))
    return fail(failure_kind::invalid_input,
                "--complete-by: got \"" + text
                  + "\", accepted is +SECONDS or Unix seconds");
  auto now = unix_now();
  auto deadline = text.front() == '+' ? now + value : value;
  if (deadline <= now)
    return fail(failure_kind::invalid_input,
                "--complete-by: " + text + " has passed; counted from now: +"
                  + text);
  return deadline;
}

exit_code exit_code_of(const failure& x) {
  return x.kind == failure_kind::invalid_input ? usage : failed;
}

result<void> write_job(redis& db, const job& x) {
  auto written = records::enqueue(db, x);
  if (!written)
    return fail(written.error());
  if (written->outcome == records::enqueued::how::id_taken)
    return fail(failure_kind::invalid_input,
                "--id: job " + x.id + " exists already");
  return {};
}

/// Why it waits changes all the time: it is told every ten seconds.
struct told_wait {
  double next_s = 0;
  std::string last;

  const std::string& text(redis& db, const std::string& id, const record& x) {
    if (unix_now() >= next_s) {
      last = why_it_waits(db, id, x);
      next_s = unix_now() + 10;
    }
    return last;
  }
};

int wait_for_job(const context& ctx, redis& db, const interrupts& signals,
                 const std::string& id, const submit_options& opts,
                 bool serves_inputs) {
  std::string last;
  told_wait wait;
  auto ended = signals.wait_until([&] {
    auto fields = db.hash("job:" + id);
    if (!fields || fields->empty())
      return true;
    auto line = progress_line(*fields);
    if (line == "queued" && !ctx.json)
      line = wait.text(db, id, *fields);
    if (line != last && !ctx.json)
      std::cerr << id << "  " << line << '\n';
    last = line;
    return is_final(field(*fields, "status"));
  });
  if (ended)
    return print_result(ctx, db, id, opts.output_file);
  std::cout << id << '\n';
  return report(interrupted,
                "no longer waiting; the job stays (" + last + "): see c3ctl "
                  + "status, result or cancel"
                  + (serves_inputs ? "; its input files are not served any "
                                     "more: it fails if it still needs them"
                                   : ""));
}

/// A bad one in the environment, which is for all programs, counts as none.
result<span_context> trace_of(const submit_options& opts) {
  auto text = [](const char* name) -> std::string_view {
    auto* value = std::getenv(name);
    return value ? value : "";
  };
  if (opts.traceparent.empty())
    return read_span_context(text("TRACEPARENT"), text("TRACESTATE"));
  auto out = read_span_context(opts.traceparent, text("TRACESTATE"));
  if (!out)
    return fail(failure_kind::invalid_input,
                "--traceparent: got \"" + excerpt(opts.traceparent, 80)
                  + "\", accepted is 00-TRACE-SPAN-FLAGS, in hexadecimal "
                    "digits in lower case (W3C Trace Context)");
  return out;
}

result<job> make_job(job_kind kind, const submit_options& opts,
                     input_publisher& inputs) {
  if (!opts.id.empty() && !is_uuid(opts.id))
    return fail(failure_kind::invalid_input,
                "--id: got \"" + opts.id
                  + "\", accepted is a UUID in lower case");
  if (!opts.output_file.empty() && !opts.wait)
    return fail(failure_kind::invalid_input, "--output needs --wait");
  // Before anybody pays for a result that could not be kept.
  if (auto ok = check_output(opts.output_file); !ok)
    return fail(with_context("--output", ok.error()));
  auto data = make_data(kind, opts, inputs);
  if (!data)
    return fail(data.error());
  auto deadline = parse_complete_by(opts.complete_by);
  if (!deadline)
    return fail(deadline.error());
  job x;
  x.id = job_id{opts.id.empty() ? records::new_job_id() : opts.id};
  x.type = to_string(kind);
  x.created_at_s = unix_now();
  x.complete_by_s = *deadline;
  x.max_time_s = opts.max_time_s;
  x.data = std::move(*data);
  auto trace = trace_of(opts);
  if (!trace)
    return fail(trace.error());
  x.trace = std::move(*trace);
  if (auto valid = validate(x); !valid)
    return fail(valid.error().kind, in_options(valid.error().message));
  // A worker would run this job without a webhook.
  if (auto flaw = notify_url_flaw(x.data))
    return fail(flaw->kind, in_options(flaw->message));
  return x;
}

int submit(const context& ctx, job_kind kind, const submit_options& opts) {
  // Made before any thread begins, so that no thread takes the signal.
  std::optional<interrupts> signals;
  if (opts.wait)
    signals.emplace();
  input_publisher inputs{ctx, opts};
  auto x = make_job(kind, opts, inputs);
  if (!x)
    return report(exit_code_of(x.error()), x.error().message);
  auto db = redis::connect(ctx.where);
  if (!db)
    return report(failed, db.error().message);
  if (auto written = write_job(*db, *x); !written)
    return report(exit_code_of(written.error()), written.error().message);
  if (signals)
    return wait_for_job(ctx, *db, *signals, x->id, opts, inputs.serves());
  if (ctx.json)
    std::cout << "{\"id\":" << json::quote(x->id) << "}\n";
  else
    std::cout << x->id << '\n';
  return done;
}

constexpr auto submit_help
  = "Prints the job's id; with --wait, progress on standard error and then "
    "the result.\nCtrl-C stops the waiting, not the job.\n\nA local input "
    "file is uploaded to C3_FILES_URL when that is set (c3-local-cloud takes\n"
    "files there), else served by c3ctl itself while it waits.\n\nExamples:\n";

} // namespace

void add_submit(CLI::App& app, context& ctx, std::function<int()>& action) {
  auto* cmd = app.add_subcommand("submit", "Put a job into the queue");
  cmd->require_subcommand(1);
  std::string all_examples;
  for (auto kind : all_job_kinds)
    all_examples += submit_example(kind) + "\n";
  cmd->footer(submit_help + all_examples
              + "\nEach kind of job has its own --help.");
  for (auto kind : all_job_kinds) {
    auto opts = std::make_shared<submit_options>();
    auto* sub = cmd->add_subcommand(std::string{to_string(kind)},
                                    submit_description(kind));
    add_submit_options(*sub, kind, *opts);
    sub->footer(submit_help + submit_example(kind));
    sub->callback([&ctx, &action, kind, opts] {
      action = [&ctx, kind, opts] {
        return submit(ctx, kind, *opts);
      };
    });
  }
}

} // namespace render::ctl
