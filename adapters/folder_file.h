/* folder_file.h - one claimed file of a drop folder: what it holds is taken in order, a bounded
 * part of it in memory.
 *
 *   read -> taken -> all durable or refused -> whole      a message put off: from that one on again
 *                                          '-> changed    it was still being written: from the
 * start
 *
 * Owns its descriptor and its buffers. Reading anew is safe: the same bytes give the same ids. */
#ifndef WEIR_FOLDER_FILE_H
#define WEIR_FOLDER_FILE_H

#include <sys/stat.h>
#include "batch.h"
#include "file_form.h"
#include "utf16.h"

enum { FOLDER_REFUSALS_MAX = 100 };

struct folder_file_options {
    struct intake *intake;
    struct source *source;
    const char *name; /* of the file */
    void (*moved)(void *arg);
    void *arg;
};

struct rows;

struct folder_file {
    struct folder_file_options o;
    const struct file_form *form;
    struct reply_queue queue;
    struct batch batch; /* file_messages */
    struct rows *rows;  /* file_rows */
    int fd;
    struct stat seen; /* when reading began */
    uint64_t offset;  /* read so far */
    bool is_utf16;    /* what is read goes through utf16 */
    struct utf16 utf16;
    struct buf window, refusals; /* refusals: JSON objects, the first FOLDER_REFUSALS_MAX */
    struct digest *digest;
    uint64_t accepted, refused, put_off_at;
    bool any_put_off, ended, hungry; /* hungry: what waits is no whole part */
    char sha256[DIGEST_HEX];         /* once it is whole */
};

enum folder_step {
    FOLDER_GOES_ON, /* step again after `moved`, or a little later */
    FOLDER_PUT_OFF, /* step again after a while: nothing becomes durable now */
    FOLDER_CHANGED, /* the same: somebody wrote to it meanwhile */
    FOLDER_WHOLE,   /* all of it is durable, in flow.messages or flow.rejected */
    FOLDER_FAILED,  /* it cannot be read */
};

/* Takes fd, also when it fails. f must stay where it is; o->name is borrowed. */
int folder_file_open(struct folder_file *f, const struct folder_file_options *o, int fd,
                     struct err *reterr);
void folder_file_close(struct folder_file *f);
enum folder_step folder_file_step(struct folder_file *f, struct err *reterr);
/* Counts a refusal, and notes it for the report. at: where it begins. */
void folder_file_note(struct folder_file *f, uint64_t at, const char *why);

#endif
