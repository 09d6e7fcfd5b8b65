/* file_form.h - what the files of a drop folder hold and how it is taken apart: HL7 v2 messages
 * (file_messages.c), or rows and objects (file_rows.c). A form's own data hang from the folder_file
 * that uses it. */
#ifndef WEIR_FILE_FORM_H
#define WEIR_FILE_FORM_H

#include "json.h"
#include "reply.h"

struct folder_file;

enum file_feed {
    FILE_MORE,  /* give the rest again, with more behind it */
    FILE_WAIT,  /* no room now, or put off: give the rest again after `moved`, or a little later */
    FILE_AGAIN, /* that was the first reading: give the whole file once more */
    FILE_END,   /* all is taken; answers may be under way */
    FILE_NOMEM,
};

struct file_form {
    int (*open)(struct folder_file *f, struct err *reterr);
    void (*close)(struct folder_file *f);
    /* The file is read from its first byte on; what begins before `skip` was taken already. */
    void (*begin)(struct folder_file *f, uint64_t skip);
    /* Takes what is whole off the front of *input; last: nothing follows. */
    enum file_feed (*feed)(struct folder_file *f, struct slice *input, bool last);
    /* A part of it is durable, or was refused. May be NULL. */
    void (*answered)(struct folder_file *f, const struct reply *r);
    /* Members of an object: where it stands. */
    void (*where)(const struct folder_file *f, uint64_t at, struct json_writer *w);
    /* All is durable, the file about to be moved. False: not yet, on another turn of the loop. May
     * be NULL. */
    bool (*durable)(struct folder_file *f);
    /* Nobody has to look at it. */
    bool (*good)(const struct folder_file *f);
    /* Members of the report. */
    void (*report)(const struct folder_file *f, struct json_writer *w);
    size_t room; /* bytes that may stay unread in front of what comes, beside one message */
    /* Files in UTF-16 (lib/base/utf16.h) are given in UTF-8. May be NULL: never. */
    bool (*reads_utf16)(const struct folder_file *f);
};

extern const struct file_form file_messages;
extern const struct file_form file_rows;

#endif
