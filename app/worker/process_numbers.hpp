#pragma once
// What the kernel says of this process. 0: it says nothing.

namespace render {

struct process_numbers {
  /// Unix seconds.
  double start_s = 0;
  double cpu_s = 0;
  double resident_bytes = 0;
  double open_files = 0;
  double max_files = 0;
};

process_numbers read_process_numbers();

} // namespace render
