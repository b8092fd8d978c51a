/* Each test asks a child what it still can do: what a process gives up does not come
 * back. */
#include "server/process/process.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/cmocka.h"

/* Run it in a child; it returns 0, or the number of the line that was not true. */
static void expect_in_child(int (*run)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(run());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0) {
        fail_msg("not true in the child: line %d, or 256 more", WEXITSTATUS(status));
    }
}

#define MUST(condition)            \
    do {                           \
        if (!(condition)) {        \
            return __LINE__ % 256; \
        }                          \
    } while (0)

static int closed_up(void)
{
    struct rlimit core;
    tg_process_close_up();
    MUST(umask(0) == 077);
    MUST(getrlimit(RLIMIT_CORE, &core) == 0);
    MUST(core.rlim_cur == 0 && core.rlim_max == 0);
    MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    MUST(tg_process_is_looked_into() || prctl(PR_GET_DUMPABLE) == 0);
    return 0;
}

static void a_process_is_closed_up(void **state)
{
    (void)state;
    expect_in_child(closed_up);
}

#define REFUSED(call) ((call) == -1 && errno == EPERM)

static int refused(void)
{
    static char word[] = "true";
    char *arguments[] = {word, NULL};
    char *none[] = {NULL};
    char byte = 0;
    struct iovec here = {&byte, 1};
    MUST(tg_process_confine());
    MUST(REFUSED(execve("/bin/true", arguments, none)));
    MUST(REFUSED(syscall(SYS_execveat, -1, "/bin/true", arguments, none, 0)));
    MUST(REFUSED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)));
    MUST(REFUSED(process_vm_readv(getppid(), &here, 1, &here, 1, 0)));
    MUST(REFUSED(process_vm_writev(getppid(), &here, 1, &here, 1, 0)));
    MUST(REFUSED(syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL)));
    MUST(REFUSED(syscall(SYS_unshare, CLONE_NEWNS)));
    MUST(REFUSED(syscall(SYS_bpf, 0, NULL, 0)));
    MUST(REFUSED(syscall(SYS_keyctl, 0, 0)));
    MUST(REFUSED(syscall(SYS_setuid, getuid())));
    MUST(REFUSED(syscall(SYS_setresgid, -1, -1, -1)));
    MUST(REFUSED(syscall(SYS_init_module, NULL, 0, "")));
    MUST(REFUSED(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
    MUST(REFUSED(syscall(SYS_io_uring_setup, 1, NULL)));
    MUST(REFUSED(fork()));
    MUST(REFUSED(syscall(SYS_clone, 17 /* SIGCHLD */, NULL, NULL, NULL, NULL)));
    return 0;
}

static void what_a_gateway_never_needs_is_refused(void **state)
{
    (void)state;
    expect_in_child(refused);
}

static void *ask_whether_refused(void *context)
{
    pthread_barrier_t *confined = context;
    static char word[] = "true";
    char *arguments[] = {word, NULL};
    if (confined != NULL) {
        pthread_barrier_wait(confined);
    }
    return REFUSED(execve("/bin/true", arguments, arguments + 1)) ? word : NULL;
}

/* A thread that ran before, and one that begins after. */
static int threads_are_refused(void)
{
    pthread_barrier_t confined;
    pthread_t before, after;
    void *said = NULL;
    MUST(pthread_barrier_init(&confined, NULL, 2) == 0);
    MUST(pthread_create(&before, NULL, ask_whether_refused, &confined) == 0);
    MUST(tg_process_confine());
    pthread_barrier_wait(&confined);
    MUST(pthread_join(before, &said) == 0 && said != NULL);
    MUST(pthread_create(&after, NULL, ask_whether_refused, NULL) == 0);
    MUST(pthread_join(after, &said) == 0 && said != NULL);
    return 0;
}

static void every_thread_is_confined_and_new_ones_can_be_made(void **state)
{
    (void)state;
    expect_in_child(threads_are_refused);
}

static int files_and_memory_go_on(void)
{
    char name[] = "/tmp/telegraphy-process-test-XXXXXX";
    struct stat about;
    tg_process_close_up();
    MUST(tg_process_confine());
    int fd = mkstemp(name);
    MUST(fd >= 0);
    MUST(fstat(fd, &about) == 0 && (about.st_mode & 0777) == 0600);
    MUST(fchown(fd, geteuid(), getegid()) == 0);
    MUST(unlink(name) == 0 && close(fd) == 0);
    void *memory = malloc(1 << 24);
    MUST(memory != NULL);
    free(memory);
    return 0;
}

static void what_a_gateway_needs_goes_on(void **state)
{
    (void)state;
    expect_in_child(files_and_memory_go_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_is_closed_up),
        cmocka_unit_test(what_a_gateway_never_needs_is_refused),
        cmocka_unit_test(every_thread_is_confined_and_new_ones_can_be_made),
        cmocka_unit_test(what_a_gateway_needs_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
