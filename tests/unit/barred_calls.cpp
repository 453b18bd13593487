// Tries what a child that was taken over would try, on the process whose id is
// its argument, and prints what each call says: 0, or the number of its error.
// For box_test.
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// fcntl.h and linux/fcntl.h define the same names.
#define SET_OWNER 8
#define SET_OWNER_EX 15

namespace {

void tell(const char* name, long got) {
  std::printf("%s %d\n", name, got < 0 ? errno : 0);
}

template <class... Args>
void attempt(const char* name, long number, Args... args) {
  tell(name, syscall(number, args...));
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "abort") == 0)
    std::abort();
  if (argc != 2)
    return 2;
  auto other = std::atoi(argv[1]);
  auto self = static_cast<int>(getpid());
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_signo = SIGTERM;
  info.si_pid = self;
  rlimit limits{};
  char byte = 0;
  iovec span{&byte, 1};
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(0, &processors);
  sched_param parameter{};
  std::array<int, 2> owner{1, other};
  std::array<int, 2> ends{-1, -1};
  if (pipe(ends.data()) != 0)
    return 2;

  attempt("kill", SYS_kill, other, SIGTERM);
  attempt("tkill", SYS_tkill, other, SIGTERM);
  attempt("tgkill", SYS_tgkill, other, other, SIGTERM);
  attempt("rt_sigqueueinfo", SYS_rt_sigqueueinfo, other, SIGTERM, &info);
  attempt("rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo, other, other, SIGTERM,
          &info);
  attempt("pidfd_open", SYS_pidfd_open, other, 0);
  attempt("pidfd_send_signal", SYS_pidfd_send_signal, -1, SIGTERM, nullptr, 0);
  attempt("pidfd_getfd", SYS_pidfd_getfd, -1, 0, 0);
  attempt("prlimit64", SYS_prlimit64, other, RLIMIT_NOFILE, nullptr, &limits);
  attempt("ptrace", SYS_ptrace, PTRACE_ATTACH, other, nullptr, nullptr);
  attempt("process_vm_readv", SYS_process_vm_readv, other, &span, 1, &span, 1,
          0);
  attempt("process_vm_writev", SYS_process_vm_writev, other, &span, 1, &span, 1,
          0);
  attempt("process_madvise", SYS_process_madvise, -1, &span, 1, 0, 0);
  attempt("kcmp", SYS_kcmp, self, other, KCMP_FILE, 0, 0);
  attempt("migrate_pages", SYS_migrate_pages, other, 0, nullptr, nullptr);
  attempt("move_pages", SYS_move_pages, other, 0, nullptr, nullptr, nullptr, 0);
  attempt("setpriority", SYS_setpriority, PRIO_PROCESS, other, 19);
  attempt("setpriority_of_user", SYS_setpriority, PRIO_USER, 4'242'424, 0);
  attempt("sched_setaffinity", SYS_sched_setaffinity, other, sizeof(processors),
          &processors);
  attempt("sched_setscheduler", SYS_sched_setscheduler, other, SCHED_OTHER,
          &parameter);
  attempt("sched_setparam", SYS_sched_setparam, other, &parameter);
  attempt("ioprio_set", SYS_ioprio_set, 1, other, 0);
  attempt("owner_of_a_pipe", SYS_fcntl, ends[0], SET_OWNER, other);
  attempt("owner_ex_of_a_pipe", SYS_fcntl, ends[0], SET_OWNER_EX, owner.data());
  attempt("setpgid", SYS_setpgid, 0, 0);
  attempt("setsid", SYS_setsid);
  attempt("socket", SYS_socket, 1, 1, 0);
  attempt("unshare", SYS_unshare, CLONE_NEWUSER);
  clone_args args{};
  attempt("clone3", SYS_clone3, &args, 0);
  if (auto made = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr,
                          nullptr, nullptr);
      made == 0)
    _exit(0);
  else
    tell("clone_of_a_namespace", made);

  attempt("own tgkill", SYS_tgkill, self, self, 0);
  attempt("own prlimit64", SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limits);
  attempt("own setpriority", SYS_setpriority, PRIO_PROCESS, 0, 5);
  attempt("own sched_setaffinity", SYS_sched_setaffinity, 0, sizeof(processors),
          &processors);
  return 0;
}
