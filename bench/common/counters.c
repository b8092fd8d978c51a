#include "common/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool server_pids_parse(struct server_pids *pids, const char *text)
{
    pids->count = 0;
    while (*text) {
        char *end;
        long pid = strtol(text, &end, 10);
        if (end == text || pid <= 0 || pids->count == COUNTERS_PIDS_MAX)
            return false;
        pids->pid[pids->count++] = (pid_t)pid;
        if (*end == ',')
            end++;
        else if (*end)
            return false;
        text = end;
    }
    return pids->count > 0;
}

static bool ticks_read(pid_t pid, struct cpu_time *cpu)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = 0;
    /* The second field is the program's name in parentheses and may hold anything. */
    char *rest = strrchr(line, ')');
    unsigned long long user, system;
    if (!rest ||
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &system) != 2)
        return false;
    cpu->user_ticks += user;
    cpu->system_ticks += system;
    return true;
}

bool cpu_time_read(const struct server_pids *pids, struct cpu_time *cpu)
{
    *cpu = (struct cpu_time){0};
    for (unsigned i = 0; i < pids->count; i++) {
        clockid_t clock;
        struct timespec spent;
        if (clock_getcpuclockid(pids->pid[i], &clock) || clock_gettime(clock, &spent) ||
            !ticks_read(pids->pid[i], cpu))
            return false;
        cpu->total_ns += (uint64_t)spent.tv_sec * 1000000000u + (uint64_t)spent.tv_nsec;
    }
    return true;
}

bool memory_read(const struct server_pids *pids, struct memory *memory)
{
    *memory = (struct memory){0};
    for (unsigned i = 0; i < pids->count; i++) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pids->pid[i]);
        FILE *file = fopen(path, "r");
        if (!file)
            return false;
        while (fgets(line, sizeof line, file)) {
            unsigned long long kb;
            if (sscanf(line, "Rss: %llu", &kb) == 1)
                memory->rss_kb += kb;
            else if (sscanf(line, "Anonymous: %llu", &kb) == 1)
                memory->anonymous_kb += kb;
            else if (sscanf(line, "Private_Dirty: %llu", &kb) == 1)
                memory->private_dirty_kb += kb;
        }
        fclose(file);
    }
    return true;
}

struct cpu_time cpu_time_since(struct cpu_time before, struct cpu_time after)
{
    return (struct cpu_time){.total_ns = after.total_ns - before.total_ns,
                             .user_ticks = after.user_ticks - before.user_ticks,
                             .system_ticks = after.system_ticks - before.system_ticks};
}
