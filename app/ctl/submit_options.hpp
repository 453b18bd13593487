#pragma once
// The command line of `c3ctl submit`, and its help.
#include "messages/job.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace render::ctl {

/// Texts as typed; empty: not given. The checks of the job's data judge them.
struct submit_options {
  // For all kinds.
  std::string id;
  std::string notify_url;
  double max_time_s = 1200;
  std::string complete_by = "+3600";
  bool wait = false;
  std::string output_file;
  std::string serve_address = "127.0.0.1";
  std::string traceparent;
  // csm
  std::vector<std::string> monologue;
  std::string text;
  std::string voice;
  std::string reference_audio;
  std::string reference_text;
  std::string temperature;
  std::string topk;
  std::string max_audio_length;
  std::string pause_duration;
  // whisper, portrait, analyze
  std::string audio;
  std::string image;
  std::string model;
  std::string task;
  std::string language;
  std::string prompt;
};

/// Adds the options of this kind of job, and those of every kind.
void add_submit_options(CLI::App& cmd, job_kind kind, submit_options& opts);

/// One line of help.
std::string submit_description(job_kind kind);

/// Command lines to copy, each on lines of its own.
std::string submit_example(job_kind kind);

/// A failure of the job's data in the words of the command line: "--audio: got
/// …" in place of "audio_url: got …".
std::string in_options(const std::string& failure_text);

} // namespace render::ctl
