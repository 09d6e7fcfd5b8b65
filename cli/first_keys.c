#include "first_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "digest.h"
#include "site.h"

enum { KEY_BYTES = 32 };

/* Of Kafka's topics one does not know without asking; a process that has run here has left its
 * lock. */
static bool has_data(const struct site *site)
{
    char pattern[PATH_MAX];
    glob_t found = {0};
    snprintf(pattern, sizeof(pattern), site->stream.kafka.node ? "%s/run/*.lock" : "%s/*.db",
             site->data.p);
    bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;
    globfree(&found);
    return any;
}

static int make_folder_of(const char *path, struct err *reterr)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return 0;
    *slash = 0;
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return 0;
    return err_set(reterr, ERR_IO, "%s: %s", folder, strerror(errno));
}

static int write_key(const char *path, struct err *reterr)
{
    unsigned char key[KEY_BYTES];
    char text[DIGEST_B64 + 1];
    if (getrandom(key, sizeof(key), 0) != sizeof(key))
        return err_set(reterr, ERR_IO, "no random bytes for a key");
    struct slice line = digest_b64url(key, sizeof(key), text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    bool ok = write(fd, line.p, line.n) == (ssize_t)line.n && fsync(fd) == 0;
    close(fd);
    return ok ? 0 : err_set(reterr, ERR_IO, "%s: cannot be written", path);
}

/* Only a file can be made; what the environment holds is somebody else's. */
static int make_one(const struct site *site, const struct yaml *node, struct err *reterr)
{
    if (!node || !slice_starts(node->text, SLICE("file:")))
        return 0;
    const char *path = site_path(site, slice_sub(node->text, 5, node->text.n));
    if (access(path, F_OK) == 0)
        return 0;
    if (has_data(site))
        return err_set(reterr, ERR_REFUSED,
                       "%s is missing, and %s holds data: put the old key back; with another, "
                       "every pseudonym would be somebody else's",
                       path, site->data.p);
    if (make_folder_of(path, reterr) < 0 || write_key(path, reterr) < 0)
        return -1;
    fprintf(stderr, "weir run: made %s: keep a copy of it in a safe place\n", path);
    return 0;
}

int first_keys_make(const char *config, struct err *reterr)
{
    struct site *site;
    if (site_open(config, 0, &site, reterr) < 0)
        return -1;
    int result = 0;
    if (site->keys.make) {
        result = make_one(site, site->keys.pseudonym_node, reterr);
        if (result == 0)
            result = make_one(site, site->keys.audit_node, reterr);
    }
    site_close(site);
    return result;
}
