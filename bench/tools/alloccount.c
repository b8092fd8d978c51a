/* Counts the heap allocations of the process it is preloaded into, in a file that others
 * can map or read while the process runs: two 64-bit numbers, allocations and releases.
 *
 *   BENCH_ALLOC_COUNT=/path/to/file LD_PRELOAD=alloccount.so server …
 *
 * A count, unlike a time, is the same on a busy machine and on a quiet one. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
    _Atomic uint64_t allocated;
    _Atomic uint64_t released;
};

static struct counts before_start;
static struct counts *counts = &before_start;

/* glibc's own names: dlsym() itself allocates, so it can't be asked for them from within
 * malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

__attribute__((constructor)) static void counts_open(void)
{
    const char *path = getenv("BENCH_ALLOC_COUNT");
    if (!path)
        return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counts))
        abort();
    void *map = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    close(fd);
    counts = map;
}

static void count_allocation(void)
{
    atomic_fetch_add_explicit(&counts->allocated, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    count_allocation();
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    count_allocation();
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12 /* ENOMEM */;
}

void free(void *memory)
{
    if (memory)
        atomic_fetch_add_explicit(&counts->released, 1, memory_order_relaxed);
    __libc_free(memory);
}
