#include "actors/io/programs/confine.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace render::programs {

namespace {

#if defined(__x86_64__)
constexpr uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "the system calls of this architecture are not listed yet"
#endif

constexpr uint32_t barred[] = {
  SYS_socket,
  SYS_socketpair,
  SYS_io_uring_setup,
  SYS_ptrace,
  SYS_process_vm_readv,
  SYS_process_vm_writev,
  SYS_process_madvise,
  SYS_process_mrelease,
  SYS_migrate_pages,
  SYS_move_pages,
  SYS_kcmp,
  SYS_unshare,
  SYS_setns,
  SYS_mount,
  SYS_umount2,
  SYS_pivot_root,
  SYS_chroot,
  SYS_bpf,
  SYS_perf_event_open,
  SYS_userfaultfd,
  SYS_keyctl,
  SYS_add_key,
  SYS_request_key,
  SYS_kexec_load,
  SYS_init_module,
  SYS_finit_module,
  SYS_pidfd_getfd,
  SYS_pidfd_open,
  SYS_pidfd_send_signal,
  SYS_kill,
  SYS_tkill,
  SYS_rt_sigqueueinfo,
  SYS_rt_tgsigqueueinfo,
  SYS_ioprio_set,
  SYS_open_by_handle_at,
  SYS_delete_module,
  // Who left the group of its processes would outlive it.
  SYS_setpgid,
  SYS_setsid,
};

// A call that may be made with some arguments only, of which the filter sees
// the numbers, not what they point to.
struct rule {
  enum class kind : uint8_t { must_be, must_not_be, must_lack };

  uint32_t call;
  uint32_t argument;
  kind how;
  uint32_t value;
};

constexpr uint32_t namespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET
                                | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER
                                | CLONE_NEWUTS;

constexpr size_t rules_count = 11;

// The C library passes 0 for the calling process, and the process's own id to
// tgkill, for abort().
constexpr std::array<rule, rules_count> rules_for(uint32_t own_id) {
  using enum rule::kind;
  return {{
    {SYS_tgkill, 0, must_be, own_id},
    {SYS_prlimit64, 0, must_be, 0},
    {SYS_setpriority, 0, must_be, PRIO_PROCESS},
    {SYS_setpriority, 1, must_be, 0},
    {SYS_sched_setaffinity, 0, must_be, 0},
    {SYS_sched_setattr, 0, must_be, 0},
    {SYS_sched_setparam, 0, must_be, 0},
    {SYS_sched_setscheduler, 0, must_be, 0},
    // The owner of a pipe gets a signal of the pipe's choice.
    {SYS_fcntl, 1, must_not_be, F_SETOWN},
    {SYS_fcntl, 1, must_not_be, F_SETOWN_EX},
    {SYS_clone, 0, must_lack, namespaces},
  }};
}

constexpr size_t instructions_a_rule = 4;
// Instructions: the architecture (3), the call's number (1), x32's numbers (1),
// clone3 (1), one for each barred call, those of the rules, and three results.
using program
  = std::array<sock_filter,
               6 + std::size(barred) + instructions_a_rule * rules_count + 3>;
constexpr size_t deny_at = std::tuple_size_v<program> - 1;
constexpr size_t missing_at = deny_at - 1;
static_assert(deny_at < 256, "a jump has eight bits");

constexpr sock_filter statement(uint16_t code, uint32_t k) {
  return {code, 0, 0, k};
}

constexpr program make_program(uint32_t own_id) {
  program out{};
  size_t at = 0;
  auto add = [&](sock_filter x) {
    out[at++] = x;
  };
  auto load = [&](size_t offset) {
    add(statement(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  };
  // How far to `to` from the instruction that is added next.
  auto way = [&](size_t to) {
    return static_cast<uint8_t>(to - at - 1);
  };
  auto jump = [&](uint16_t how, uint32_t k, size_t to) {
    add({static_cast<uint16_t>(BPF_JMP | how | BPF_K), way(to), 0, k});
  };
  load(offsetof(seccomp_data, arch));
  add({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, architecture});
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  load(offsetof(seccomp_data, nr));
  jump(BPF_JGE, 0x40000000, deny_at);
  // Its flags are in memory. The C library takes clone where it is missing.
  jump(BPF_JEQ, SYS_clone3, missing_at);
  for (auto nr : barred)
    jump(BPF_JEQ, nr, deny_at);
  for (auto& x : rules_for(own_id)) {
    add({BPF_JMP | BPF_JEQ | BPF_K, 0, instructions_a_rule - 1, x.call});
    // The kernel takes the lower half of these, which comes first here.
    load(offsetof(seccomp_data, args) + x.argument * sizeof(uint64_t));
    if (x.how == rule::kind::must_be)
      add({BPF_JMP | BPF_JEQ | BPF_K, 0, way(deny_at), x.value});
    else
      jump(x.how == rule::kind::must_lack ? BPF_JSET : BPF_JEQ, x.value,
           deny_at);
    load(offsetof(seccomp_data, nr));
  }
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES));
  return out;
}

bool limit(int what, uint64_t to) {
  rlimit current{};
  if (getrlimit(static_cast<__rlimit_resource>(what), &current) != 0)
    return false;
  auto most = current.rlim_max < to ? current.rlim_max
                                    : static_cast<rlim_t>(to);
  rlimit wanted{most, most};
  return setrlimit(static_cast<__rlimit_resource>(what), &wanted) == 0;
}

} // namespace

void close_above_stderr() {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0)
    for (int fd = 3; fd < 65'536; ++fd)
      ::close(fd);
}

bool confine(const child_limits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_AS, limits.addresses)
      || !limit(RLIMIT_DATA, limits.memory)
      || !limit(RLIMIT_FSIZE, limits.file_size)
      || !limit(RLIMIT_CPU, limits.cpu_s)
      || !limit(RLIMIT_NOFILE, limits.files))
    return false;
  // Without NO_NEW_PRIVS a filter needs privileges. On a kernel without filters
  // the other limits still hold.
  auto code = make_program(static_cast<uint32_t>(getpid()));
  const sock_fprog filter{static_cast<uint16_t>(code.size()), code.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  return true;
}

} // namespace render::programs
