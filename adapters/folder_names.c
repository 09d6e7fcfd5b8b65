#include "folder_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { A_SLICE = 1000 /* files looked at; a millisecond or two on a local disk */ };

void folder_names_init(struct folder_names *m)
{
    memset(m, 0, sizeof(*m));
}

void folder_names_fini(struct folder_names *m)
{
    if (m->scanned)
        closedir(m->scanned);
    for (unsigned i = 0; i < m->allocated; i++)
        free(m->kept[i]);
    folder_names_init(m);
}

static int compare(const struct folder_name *a, const struct folder_name *b)
{
    if (a->changed.tv_sec != b->changed.tv_sec)
        return a->changed.tv_sec < b->changed.tv_sec ? -1 : 1;
    if (a->changed.tv_nsec != b->changed.tv_nsec)
        return a->changed.tv_nsec < b->changed.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* Room for one more; where all is full, that of the newest. NULL: no memory. */
static struct folder_name *room(struct folder_names *m)
{
    if (m->n == FOLDER_NAMES_MAX)
        return m->kept[--m->n];
    if (m->n == m->allocated) {
        m->kept[m->n] = malloc(sizeof(*m->kept[0]));
        m->allocated += m->kept[m->n] != NULL;
    }
    return m->n < m->allocated ? m->kept[m->n] : NULL;
}

static void keep(struct folder_names *m, const struct folder_name *found)
{
    if (m->behind && compare(found, &m->last) <= 0)
        return;
    if (m->n == FOLDER_NAMES_MAX && compare(found, m->kept[m->n - 1]) >= 0)
        return;
    struct folder_name *own = room(m);
    if (!own)
        return; /* it is found by a later scan */
    *own = *found;
    unsigned low = 0, high = m->n;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (compare(m->kept[middle], own) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(&m->kept[low + 1], &m->kept[low], (m->n - low) * sizeof(*m->kept));
    m->kept[low] = own;
    m->n++;
}

static bool begin_scan(struct folder_names *m, int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    m->scanned = fd < 0 ? NULL : fdopendir(fd);
    if (!m->scanned && fd >= 0)
        close(fd);
    m->n = m->next = 0;
    m->any_taken = false;
    return m->scanned != NULL;
}

/* False: the slice is over and the folder is not. */
static bool scan(struct folder_names *m, int dir, folder_wanted_fn wanted, void *arg)
{
    struct folder_name found;
    struct stat st;
    for (unsigned i = 0; i < A_SLICE; i++) {
        const struct dirent *e = readdir(m->scanned);
        if (!e) {
            closedir(m->scanned);
            m->scanned = NULL;
            return true;
        }
        if (e->d_name[0] == '.' || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode) || !wanted(arg, e->d_name, &st))
            continue;
        found.inode = st.st_ino;
        found.changed = st.st_mtim;
        snprintf(found.name, sizeof(found.name), "%s", e->d_name);
        keep(m, &found);
    }
    return false;
}

/* All names are given. True where another scan may find more. */
static bool is_more(struct folder_names *m)
{
    bool full = m->n == FOLDER_NAMES_MAX, stuck = full && !m->any_taken;
    if (stuck)
        m->last = *m->kept[m->n - 1];
    m->behind = stuck;
    return full || m->any_taken;
}

enum folder_names_step folder_names_next(struct folder_names *m, int dir, folder_wanted_fn wanted,
                                         void *arg, const struct folder_name **ret)
{
    for (;;) {
        if (!m->scanned && m->next < m->n) {
            *ret = m->kept[m->next++];
            return FOLDER_NAMES_FOUND;
        }
        if (!m->scanned && m->n && !is_more(m)) {
            m->n = m->next = 0;
            return FOLDER_NAMES_NONE;
        }
        if (!m->scanned && !begin_scan(m, dir))
            return FOLDER_NAMES_NONE;
        if (!scan(m, dir, wanted, arg))
            return FOLDER_NAMES_GOES_ON;
        if (m->n == 0) {
            m->behind = false;
            return FOLDER_NAMES_NONE;
        }
    }
}

void folder_names_taken(struct folder_names *m)
{
    m->any_taken = true;
}
