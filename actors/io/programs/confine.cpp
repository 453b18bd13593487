#include "actors/io/programs/confine.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
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
  SYS_open_by_handle_at,
  SYS_delete_module,
};

constexpr auto barred_count = std::size(barred);
// Instructions: the architecture (3), the call's number (1), x32's numbers (1),
// one for each barred call, and two results.
using program = std::array<sock_filter, 5 + barred_count + 2>;

constexpr sock_filter statement(uint16_t code, uint32_t k) {
  return {code, 0, 0, k};
}

program make_program() {
  program out{};
  size_t at = 0;
  auto add = [&](sock_filter x) {
    out[at++] = x;
  };
  auto deny = std::tuple_size_v<program> - 1;
  auto jump = [&](uint16_t how, uint32_t k) {
    add({static_cast<uint16_t>(BPF_JMP | how | BPF_K),
         static_cast<uint8_t>(deny - at - 1), 0, k});
  };
  add(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  add({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, architecture});
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  add(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  jump(BPF_JGE, 0x40000000);
  for (auto nr : barred)
    jump(BPF_JEQ, nr);
  add(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
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

const sock_fprog& barred_calls() {
  static program code = make_program();
  static const sock_fprog out{static_cast<uint16_t>(code.size()), code.data()};
  return out;
}

void close_above_stderr() {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0)
    for (int fd = 3; fd < 65'536; ++fd)
      ::close(fd);
}

bool confine(const child_limits& limits, const sock_fprog& barred) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_AS, limits.addresses)
      || !limit(RLIMIT_DATA, limits.memory)
      || !limit(RLIMIT_FSIZE, limits.file_size)
      || !limit(RLIMIT_CPU, limits.cpu_s)
      || !limit(RLIMIT_NOFILE, limits.files))
    return false;
  // Without NO_NEW_PRIVS a filter needs privileges. On a kernel without filters
  // the other limits still hold.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &barred);
  return true;
}

} // namespace render::programs
