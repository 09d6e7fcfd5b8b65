#include "stream_kafka_apart.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 50, AFRESH_MS = 5000 };

void kafka_apart_init(struct kafka_apart *a)
{
    *a = (struct kafka_apart){.home = -1};
}

/* The processors of the caller but for that one. False: there is no other, or no telling. */
static bool others(int home, cpu_set_t *ret)
{
    if (home >= CPU_SETSIZE || sched_getaffinity(0, sizeof(*ret), ret) != 0)
        return false;
    CPU_CLR((unsigned)home, ret);
    return CPU_COUNT(ret) > 0;
}

/* By its name: librdkafka gives its threads none that a caller could ask for. */
static bool is_of_client(int tasks, const char *tid)
{
    char path[64], name[4] = "";
    snprintf(path, sizeof(path), "%.32s/comm", tid);
    int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, name, sizeof(name));
    close(fd);
    return n == sizeof(name) && memcmp(name, "rdk:", sizeof(name)) == 0;
}

/* False: they could not be listed. */
static bool move_clients(const cpu_set_t *set)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return false;
    for (struct dirent *e; (e = readdir(tasks));)
        if (e->d_name[0] != '.' && is_of_client(dirfd(tasks), e->d_name))
            sched_setaffinity((pid_t)strtol(e->d_name, NULL, 10), sizeof(*set), set);
    closedir(tasks);
    return true;
}

void kafka_apart_mind(struct kafka_apart *a, pthread_t also, int64_t now_ms)
{
    cpu_set_t set;
    int here;
    if (now_ms < a->again_ms)
        return;
    a->again_ms = now_ms + LOOK_MS;
    here = sched_getcpu();
    if (here < 0 || (here == a->home && now_ms < a->afresh_ms) || !others(here, &set))
        return;
    a->afresh_ms = now_ms + AFRESH_MS;
    pthread_setaffinity_np(also, sizeof(set), &set);
    if (move_clients(&set)) /* or else again: descriptors may be short for a while */
        a->home = here;
}
