#include "server/process/process.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log/log.h"

#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
#define LOOKED_INTO true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOOKED_INTO true
#endif
#endif
#ifndef LOOKED_INTO
#define LOOKED_INTO false
#endif

/* What no gateway ever asks the kernel for. A list of what it does ask for would be
 * shorter and end in an outage with the next version of a library. */
static const char *const refused[] = {
    /* Programs and processes. */
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    "personality",
    "setns",
    "unshare",
    /* Users. */
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setgroups",
    "capset",
    "add_key",
    "keyctl",
    "request_key",
    /* File systems. */
    "mount",
    "umount",
    "umount2",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "pivot_root",
    "chroot",
    "mknod",
    "mknodat",
    "name_to_handle_at",
    "open_by_handle_at",
    "quotactl",
    "quotactl_fd",
    "swapon",
    "swapoff",
    /* The kernel and the machine. */
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup", /* What goes through a ring is not seen here. */
    "io_uring_enter",
    "io_uring_register",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "acct",
    "syslog",
    "ioperm",
    "iopl",
    "modify_ldt",
    "lookup_dcookie",
    "adjtimex",
    "clock_adjtime",
    "clock_settime",
    "settimeofday",
    "stime",
    "sethostname",
    "setdomainname",
    "vhangup",
};

void tg_process_close_up(void)
{
    struct rlimit none = {0, 0};
    umask(077);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!LOOKED_INTO) {
        prctl(PR_SET_DUMPABLE, 0);
    }
}

bool tg_process_is_looked_into(void)
{
    return LOOKED_INTO;
}

/* A name that this kernel's headers or this processor do not have needs no rule. */
static int refuse(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    return number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
}

/* A thread is made by `clone` with CLONE_THREAD, a process without. The flags of `clone3`
 * cannot be seen from here: told that there is none, the C library uses `clone`. */
static int refuse_processes(scmp_filter_ctx filter)
{
    int number = seccomp_syscall_resolve_name("clone3");
    int err = number < 0 ? 0
                         : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
    return err != 0 ? err
                    : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static int confine(scmp_filter_ctx filter)
{
    int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* For all threads. */
    for (size_t i = 0; err == 0 && i < sizeof refused / sizeof *refused; i++) {
        err = refuse(filter, refused[i]);
    }
    err = err != 0 ? err : refuse_processes(filter);
    return err != 0 ? err : seccomp_load(filter);
}

bool tg_process_confine(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int err = filter == NULL ? -ENOMEM : confine(filter);
    seccomp_release(filter);
    if (err != 0) {
        tg_warn("process.not_confined", TG_F("reason", strerror(-err)),
                TG_F("hint", "the kernel refuses seccomp filters: without one, whoever "
                             "takes the gateway over can execute programs"));
    }
    return err == 0;
}

void tg_process_warn_of_root(void)
{
    if (geteuid() == 0) {
        tg_warn("process.root",
                TG_F("reason", "the gateway runs as root, and needs nothing of that: "
                               "give it a user of its own"));
    }
}
